// Answers that every route gives in the same way. Pure.
#pragma once

#include <boost/json/object.hpp>

#include "base/result.h"
#include "http/server.h"

namespace vakt::api {

http::Response error_of(const Error& error);
http::Response json_response(const boost::json::object& object);
http::Response store_away();

}  // namespace vakt::api
