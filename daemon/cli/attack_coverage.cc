#include "cli/attack_coverage.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cctype>
#include <set>
#include <string_view>

#include "base/text.h"

namespace vakt::cli {
namespace {

constexpr std::string_view kPrefix = "attack.";

bool digits(std::string_view text, std::size_t count) {
  return text.size() == count &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "t1059" or "t1059.001".
bool is_technique(std::string_view text) {
  if (!text.starts_with('t') || !digits(text.substr(1, 4), 4)) return false;
  return text.size() == 5 || (text[5] == '.' && digits(text.substr(6), 3));
}

// Groups, software, campaigns and the like are a letter or two and digits.
bool is_tactic(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

}  // namespace

AttackCoverage attack_coverage(const std::vector<const rule::Metadata*>& rules) {
  AttackCoverage out;
  for (const rule::Metadata* meta : rules) {
    std::set<std::string> tactics;
    std::set<std::string> techniques;
    for (const std::string& tag : meta->tags) {
      std::string name = to_lower(tag);
      if (!name.starts_with(kPrefix)) continue;
      name.erase(0, kPrefix.size());
      if (is_technique(name)) {
        name[0] = 'T';
        techniques.insert(name);
        continue;
      }
      std::replace(name.begin(), name.end(), '_', '-');
      if (is_tactic(name)) tactics.insert(name);
    }
    for (const std::string& name : tactics) ++out.tactics[name];
    for (const std::string& name : techniques) ++out.techniques[name];
    if (tactics.empty() && techniques.empty()) ++out.untagged;
  }
  return out;
}

std::string navigator_layer(const AttackCoverage& coverage) {
  boost::json::array techniques;
  std::size_t most = 1;
  for (const auto& [name, rules] : coverage.techniques) {
    techniques.push_back(boost::json::object{{"techniqueID", name}, {"score", rules}});
    most = std::max(most, rules);
  }
  const boost::json::object layer{
      {"name", "Vakt: rules by technique"},
      {"description", "The score is the number of rules that detect the technique."},
      {"domain", "enterprise-attack"},
      {"versions", {{"layer", "4.5"}}},
      {"techniques", std::move(techniques)},
      {"gradient", {{"colors", {"#ffffff", "#66b1ff"}}, {"minValue", 0}, {"maxValue", most}}},
  };
  return boost::json::serialize(layer);
}

}  // namespace vakt::cli
