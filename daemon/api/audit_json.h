// The audit log as JSON: the API's words, also used by `vakt audit verify --store`.
#pragma once

#include <boost/json/object.hpp>

#include "audit/entry.h"
#include "audit/verify.h"

namespace vakt::api {

// {"index", "commit", "at", "actor", "role", "action", "subject", "payload", "leaf"}
boost::json::object to_json(const audit::Entry& entry);
// {"whole", "size", "erased", "signed_size", "root", "finding": {"problem", "index", "message"}}
boost::json::object to_json(const audit::Verification& verified);

}  // namespace vakt::api
