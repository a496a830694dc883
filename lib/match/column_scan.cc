#include "match/column_scan.h"

#include <functional>

namespace vakt::match {

bool ColumnScan::lie_in(std::span<const Value> values, std::string_view raw) {
  const std::less_equal<const char*> not_behind;  // a total order, also of unrelated pointers
  const char* at = raw.data();
  const char* const raw_end = raw.data() + raw.size();
  const char* first = nullptr;
  std::size_t bytes = 0;
  for (const Value& v : values) {
    if (v.text.empty()) continue;  // contains nothing, wherever it lies
    if (!not_behind(at, v.text.data()) || !not_behind(v.text.data(), raw_end)) return false;
    if (first == nullptr) first = v.text.data();
    at = v.text.data() + v.text.size();
    bytes += v.text.size();
  }
  return first != nullptr && not_behind(at, raw_end) &&
         bytes * 2 >= static_cast<std::size_t>(at - first);
}

std::string_view ColumnScan::take_in_place(std::span<const Value>& values) {
  spans_.clear();
  const char* base = nullptr;
  std::size_t bytes = 0;
  std::size_t taken = 0;
  for (const Value& v : values) {
    if (v.text.empty()) {
      ++taken;
      continue;
    }
    if (base == nullptr) base = v.text.data();
    const auto begin = static_cast<std::size_t>(v.text.data() - base);
    const std::size_t end = begin + v.text.size();
    if (bytes > 0 && end > kBlockBytes) break;
    spans_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), v.event});
    bytes = end;
    ++taken;
  }
  values = values.subspan(taken);
  return {base, bytes};
}

std::string_view ColumnScan::take_copied(std::span<const Value>& values) {
  spans_.clear();
  std::size_t bytes = 1;
  std::size_t taken = 0;
  while (taken < values.size() && (taken == 0 || bytes < kBlockBytes)) {
    bytes += values[taken++].text.size() + 1;
  }
  if (bytes > block_capacity_) {
    block_capacity_ = std::max(bytes, 2 * kBlockBytes);
    block_ = std::make_unique_for_overwrite<char[]>(block_capacity_);
  }
  char* at = block_.get();
  *at++ = '\n';
  for (const Value& v : values.first(taken)) {
    const auto begin = static_cast<std::uint32_t>(at - block_.get());
    if (!v.text.empty()) std::memcpy(at, v.text.data(), v.text.size());
    at += v.text.size();
    spans_.push_back({begin, static_cast<std::uint32_t>(at - block_.get()), v.event});
    *at++ = '\n';
  }
  values = values.subspan(taken);
  return {block_.get(), bytes};
}

}  // namespace vakt::match
