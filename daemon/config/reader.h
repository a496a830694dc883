// Reader: typed values out of a YAML map. Every complaint names its place and what would be right;
// a value that is wrong leaves the default as it was.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "base/time.h"
#include "yaml/node.h"

namespace vakt::config {

struct Range {
  std::uint64_t min = 0;
  std::uint64_t max = std::numeric_limits<std::int64_t>::max();
};

class Reader {
 public:
  Reader(const std::string& file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics) {}

  void error(const yaml::Node& node, std::string message, std::string hint = {});

  // The value of `key` where it is a map; its unknown keys are refused.
  const yaml::Node* map(const yaml::Node& parent, std::string_view key,
                        const std::vector<std::string_view>& known);
  bool is_map(const yaml::Node& node, std::string_view what,
              const std::vector<std::string_view>& known);
  // These return the node where there is a value, right or wrong, for further complaints.
  const yaml::Node* text(const yaml::Node& parent, std::string_view key, std::string& out);
  const yaml::Node* texts(const yaml::Node& parent, std::string_view key,
                          std::vector<std::string>& out);
  void flag(const yaml::Node& parent, std::string_view key, bool& out);
  template <class T>
  void integer(const yaml::Node& parent, std::string_view key, Range range, T& out) {
    if (const auto value = integer_value(parent, key, range)) out = static_cast<T>(*value);
  }
  template <class T>
  void size(const yaml::Node& parent, std::string_view key, Range range, T& out) {
    if (const auto value = size_value(parent, key, range)) out = static_cast<T>(*value);
  }
  template <class T>
  void duration(const yaml::Node& parent, std::string_view key, T& out) {
    if (const auto value = duration_value(parent, key)) out = *value;
  }
  template <class T>
  void choice(const yaml::Node& parent, std::string_view key,
              const std::vector<std::pair<std::string_view, T>>& choices, T& out) {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : choices) names.push_back(name);
    if (const auto index = choice_index(parent, key, names)) out = choices[*index].second;
  }

 private:
  const yaml::Node* scalar(const yaml::Node& parent, std::string_view key);
  std::optional<std::uint64_t> integer_value(const yaml::Node& parent, std::string_view key,
                                             Range range);
  std::optional<std::uint64_t> size_value(const yaml::Node& parent, std::string_view key,
                                          Range range);
  std::optional<Duration> duration_value(const yaml::Node& parent, std::string_view key);
  std::optional<std::size_t> choice_index(const yaml::Node& parent, std::string_view key,
                                          const std::vector<std::string_view>& names);

  const std::string& file_;
  Diagnostics& diagnostics_;
};

}  // namespace vakt::config
