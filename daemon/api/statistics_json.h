// The answer to GET /api/v1/rules/statistics: what events have carried, by log source.
#pragma once

#include <boost/json/object.hpp>

#include "engine/pipeline.h"

namespace vakt::api {

// {"since","fields":[every name that rules ask for],
//  "log_sources":[{"labels":[{"product","category","service"}],"events","fields"}]}
boost::json::object statistics_json(const engine::Pipeline& pipeline);

}  // namespace vakt::api
