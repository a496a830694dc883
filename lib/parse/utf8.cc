#include "parse/utf8.h"

#include <simdjson.h>

#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace vakt::parse {
namespace {

// Only ASCII, and no NUL: nearly every log line, told in one pass.
bool is_plain(std::string_view text) {
#if defined(__SSE2__)
  const char* p = text.data();
  const char* const end = p + text.size();
  const __m128i one = _mm_set1_epi8(1);
  // As signed bytes, plain ones are at least 1: NUL and everything from 0x80 up is less.
  __m128i odd = _mm_setzero_si128();
  const auto load = [](const char* at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  };
  const auto look = [&](__m128i bytes) { odd = _mm_or_si128(odd, _mm_cmplt_epi8(bytes, one)); };
  if (text.size() < 16) {
    for (; p < end; ++p)
      if (static_cast<signed char>(*p) < 1) return false;
    return true;
  }
  for (; end - p >= 64; p += 64) {
    look(load(p));
    look(load(p + 16));
    look(load(p + 32));
    look(load(p + 48));
  }
  for (; end - p >= 16; p += 16) look(load(p));
  look(load(end - 16));
  return _mm_movemask_epi8(odd) == 0;
#else
  return false;
#endif
}

}  // namespace

bool needs_sanitising(std::string_view text) {
  if (text.empty() || is_plain(text)) return false;
  return std::memchr(text.data(), '\0', text.size()) != nullptr ||
         !simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace vakt::parse
