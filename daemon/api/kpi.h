// Key figures of a period (incident/kpi.h), by the API.
#pragma once

#include "api/backend.h"
#include "api/principal.h"
#include "http/server.h"

namespace vakt::api {

// `from`, `to`: RFC 3339, of the opening; from inclusive, to exclusive.
void kpi(const Backend& backend, const Principal&, const http::Request& request,
         http::Respond respond);

}  // namespace vakt::api
