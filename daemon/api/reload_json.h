// The answer to POST /-/reload.
#pragma once

#include <boost/json/object.hpp>

#include "api/backend.h"

namespace vakt::api {

boost::json::object to_json(const ReloadReport& report);

}  // namespace vakt::api
