#include "match/pcre.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <array>

#include "base/check.h"

namespace vakt::match {
namespace {

// A search of an ordinary expression stays far below; what needs more is a trap for the matcher.
constexpr std::uint32_t kMatchLimit = 100'000;
constexpr std::uint32_t kDepthLimit = 1'000;
constexpr std::uint32_t kHeapKibibytesMax = 1'024;

struct FreeCompileContext {
  void operator()(pcre2_compile_context* p) const { pcre2_compile_context_free(p); }
};

std::uint32_t options_of(const scan::Expression& e) {
  std::uint32_t out = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
  if (e.caseless) out |= PCRE2_CASELESS;
  if (e.multiline) out |= PCRE2_MULTILINE;
  if (e.dot_all) out |= PCRE2_DOTALL;
  return out;
}

}  // namespace

void PcreScratch::Free::operator()(pcre2_real_match_context_8* p) const {
  pcre2_match_context_free(p);
}
void PcreScratch::Free::operator()(pcre2_real_match_data_8* p) const { pcre2_match_data_free(p); }
void PcreCode::Free::operator()(pcre2_real_code_8* p) const { pcre2_code_free(p); }

PcreScratch::PcreScratch()
    : context_(pcre2_match_context_create(nullptr)), data_(pcre2_match_data_create(1, nullptr)) {
  check(context_ != nullptr && data_ != nullptr, "memory for PCRE2");
  pcre2_set_match_limit(context_.get(), kMatchLimit);
  pcre2_set_depth_limit(context_.get(), kDepthLimit);
  pcre2_set_heap_limit(context_.get(), kHeapKibibytesMax);
}

Result<std::shared_ptr<const PcreCode>> PcreCode::compile(const scan::Expression& expression) {
  const std::unique_ptr<pcre2_compile_context, FreeCompileContext> context(
      pcre2_compile_context_create(nullptr));
  check(context != nullptr, "memory for PCRE2");
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  const std::string& pattern = expression.pattern;
  auto out = std::make_shared<PcreCode>();
  out->code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                 options_of(expression), &error, &offset, context.get()));
  if (out->code_ == nullptr) {
    std::array<unsigned char, 200> text{};
    pcre2_get_error_message(error, text.data(), text.size());
    return fail(Errc::invalid,
                fmt::format("{} at offset {}", reinterpret_cast<const char*>(text.data()), offset));
  }
  // Without JIT it is only slower.
  (void)pcre2_jit_compile(out->code_.get(), PCRE2_JIT_COMPLETE);
  return std::shared_ptr<const PcreCode>(std::move(out));
}

bool PcreCode::found_in(std::string_view text, PcreScratch& scratch) const {
  const int found = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                0, PCRE2_NO_UTF_CHECK, scratch.data_.get(), scratch.context_.get());
  if (found < 0 && found != PCRE2_ERROR_NOMATCH) ++scratch.limits_hit_;
  return found >= 0;
}

}  // namespace vakt::match
