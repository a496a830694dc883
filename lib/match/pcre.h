// PcreCode: an expression that Hyperscan cannot run (lookaround, backreferences, atomic groups,
// possessive quantifiers), for PCRE2. Only users' `re` values get here, and only events that pass
// the same expression's Hyperscan prefilter are searched with it.
//
// Matching is bounded: an expression that gives up at the limit has not matched, and is counted.
// Immutable; shared by all threads; a PcreScratch belongs to one.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "scan/database.h"

struct pcre2_real_code_8;
struct pcre2_real_match_context_8;
struct pcre2_real_match_data_8;

namespace vakt::match {

class PcreScratch {
 public:
  PcreScratch();
  std::uint64_t limits_hit() const { return limits_hit_; }

 private:
  friend class PcreCode;
  struct Free {
    void operator()(pcre2_real_match_context_8* context) const;
    void operator()(pcre2_real_match_data_8* data) const;
  };
  std::unique_ptr<pcre2_real_match_context_8, Free> context_;
  std::unique_ptr<pcre2_real_match_data_8, Free> data_;
  std::uint64_t limits_hit_ = 0;
};

class PcreCode {
 public:
  // `expression` is for the wide view of values (regex_view.h).
  static Result<std::shared_ptr<const PcreCode>> compile(const scan::Expression& expression);

  // `text` is valid UTF-8.
  bool found_in(std::string_view text, PcreScratch& scratch) const;

 private:
  struct Free {
    void operator()(pcre2_real_code_8* code) const;
  };
  std::unique_ptr<pcre2_real_code_8, Free> code_;
};

}  // namespace vakt::match
