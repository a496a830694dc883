// What the tests of users, tokens and sessions share: requests with any headers, and answers as
// JSON.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/incidents_view.h"
#include "daemon/api_rig.h"
#include "daemon/harness.h"

namespace vakt::api {

using Headers = std::vector<std::pair<std::string, std::string>>;

inline Headers bearer(const std::string& token) { return {{"Authorization", "Bearer " + token}}; }

inline test::HttpAnswer ask(const Rig& rig, const std::string& method, const std::string& target,
                            const Headers& headers, const std::string& body = "") {
  return test::ask(rig.port(), {method, target, headers, body});
}

inline boost::json::object parsed(const test::HttpAnswer& answer) {
  boost::system::error_code error;
  const auto value = boost::json::parse(answer.body, error);
  EXPECT_FALSE(error) << answer.body;
  return value.is_object() ? value.get_object() : boost::json::object();
}

// The status is this, and the body has this text somewhere.
inline void expect(const test::HttpAnswer& answer, int status, const std::string& part = "") {
  EXPECT_EQ(answer.status, status) << answer.head << answer.body;
  EXPECT_NE(answer.body.find(part), std::string::npos) << answer.body;
}

}  // namespace vakt::api
