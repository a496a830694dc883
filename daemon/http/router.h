// Paths and routes: decodes request targets and finds the route of a path. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/server.h"

namespace vakt::http {

struct Target {
  std::string path;                   // decoded
  std::vector<std::string> segments;  // decoded one by one: "%2F" separates nothing
  std::vector<std::pair<std::string, std::string>> query;
};

// "/a/b?x=1": the origin form (RFC 9112 section 3.2.1). Nullopt: another form, a broken escape, or
// a NUL.
std::optional<Target> parse_target(std::string_view target);

class Router {
 public:
  void add(Route route);

  struct Found {
    const Route* route = nullptr;  // null: see `allow`
    std::vector<std::string> captures;
    std::string allow;  // methods the path has, for 405; empty: no such path
  };
  // HEAD finds the route of GET where it has none of its own.
  Found find(std::string_view method, const std::vector<std::string>& segments) const;

 private:
  struct Entry {
    Route route;
    std::vector<std::string> segments;
  };
  std::vector<Entry> entries_;
};

}  // namespace vakt::http
