// What became of every rule of some files: loaded, refused or left out, and why.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "rule/rule.h"

namespace vakt::cli {

enum class RuleFate : std::uint8_t { loaded, refused, left_out };
std::string_view to_string(RuleFate fate);

struct RuleResult {
  std::string id;  // empty: the document has none that can be read
  std::string file;
  int line = 0;    // of the rule; of a refused one, of the first problem
  int column = 0;  // of the first problem
  RuleFate fate = RuleFate::loaded;
  std::string reason;
  std::string hint;
};

struct RuleReport {
  std::vector<RuleResult> results;            // filters too, by file and line
  std::vector<const rule::Metadata*> usable;  // rules and correlations that run
  Diagnostics diagnostics;                    // all of them, warnings too
  std::size_t with_pcre = 0;                  // rules that PCRE2 has a part in
  std::size_t correlations = 0;               // of those that run
  std::shared_ptr<const rule::RuleSet> set;   // what `usable` points into

  std::size_t count(RuleFate fate) const;
  std::size_t duplicates() const;  // rules refused because their id or name is taken
};

// Loads and compiles the rules of these files and directories.
RuleReport report_rules(const std::vector<std::string>& paths,
                        const rule::LoadOptions& options = {});

// How many rules were refused for the same reason, the most frequent first.
struct Reason {
  std::string text;
  std::size_t rules = 0;
};
std::vector<Reason> reasons(const RuleReport& report);

}  // namespace vakt::cli
