// What the tests of this folder share.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "rule/rule.h"

namespace vakt::rule {

struct Loaded {
  RuleSet set;
  std::vector<std::string> problems;
};

inline Loaded load_all(const std::vector<Source>& sources) {
  Loaded out;
  Diagnostics diagnostics;
  out.set = load_texts(sources, diagnostics);
  for (const Diagnostic& d : diagnostics) out.problems.push_back(to_string(d));
  return out;
}

inline Loaded load_one(const std::string& text) { return load_all({{"f.yml", text}}); }

// A rule around a detection section, which starts on line 4. Its lines need two spaces.
inline std::string rule_with(const std::string& detection) {
  return "title: t\nlogsource: {product: p}\ndetection:\n" + detection;
}

// A rule around one detection `s`, given as a YAML flow value on line 4, column 6.
inline std::string rule_of(const std::string& value) {
  return rule_with("  s: " + value + "\n  condition: s\n");
}

}  // namespace vakt::rule
