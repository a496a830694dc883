// The HTTP API: health, readiness, metrics, incidents. README.md lists the routes.
//
// Thread: the io_context's; reads go to the store directly, changes through Backend::command.
#pragma once

#include "api/backend.h"
#include "http/server.h"

namespace boost::asio {
class io_context;
}

namespace vakt::api {

// Before server.listen(). What `backend` points to outlives the server and its requests.
void add_routes(http::Server& server, boost::asio::io_context& io, Backend backend);

}  // namespace vakt::api
