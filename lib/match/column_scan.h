// Scans the values of one field over a whole batch for literals, as few large blocks: where they
// lie in the batch's raw text if they do, else copied one after the other with '\n' around each.
//
// Neither a '\n' inside a value nor text between the values can make a false match: every report of
// the scan is checked by position. One thread; no allocation after warm-up.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "match/program.h"

namespace vakt::match {

struct Value {
  std::string_view text;
  std::uint32_t event = 0;
};

class ColumnScan {
 public:
  // Calls on_hit(event, pattern id) for every occurrence that counts. `values` are ascending by
  // event.
  template <class OnHit>
  void literals(const Column& column, std::span<const Value> values, std::string_view raw,
                scan::Scratch& scratch, const OnHit& on_hit) {
    const bool in_place = column.contains_only && lie_in(values, raw);
    while (!values.empty()) {
      const std::string_view block = in_place ? take_in_place(values) : take_copied(values);
      Finder finder{spans_};
      scratch.scan(*column.literals, block, [&](std::uint32_t id, std::size_t end) {
        const Shape& shape = column.shapes[id];
        const Span& span = finder.at(end);
        const std::size_t first = end - shape.bytes + (shape.at_start ? 1 : 0);
        const std::size_t last = end - (shape.at_end ? 1 : 0);
        // A literal longer than what precedes it cannot be reported, so `first` does not wrap.
        const bool starts = shape.at_start ? first == span.begin : first >= span.begin;
        const bool ends = shape.at_end ? last == span.end : last <= span.end;
        if (starts && ends) on_hit(span.event, id);
      });
    }
  }

 private:
  static constexpr std::size_t kBlockBytes = 256 * 1024;

  // A value's place in the block.
  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t event = 0;
  };

  // The last span that begins before a match's end. Reports mostly come in ascending order.
  struct Finder {
    const std::vector<Span>& spans;
    std::size_t at_ = 0;

    const Span& at(std::size_t end) {
      if (spans[at_].begin >= end) {
        const auto it = std::partition_point(spans.begin(), spans.end(),
                                             [&](const Span& s) { return s.begin < end; });
        at_ = it == spans.begin() ? 0 : static_cast<std::size_t>(it - spans.begin()) - 1;
      }
      while (at_ + 1 < spans.size() && spans[at_ + 1].begin < end) ++at_;
      return spans[at_];
    }
  };

  // Ascending, without overlap, inside `raw`, and enough of it that scanning the rest is no waste.
  static bool lie_in(std::span<const Value> values, std::string_view raw);
  // Both take values for one block from the front and set spans_.
  std::string_view take_in_place(std::span<const Value>& values);
  std::string_view take_copied(std::span<const Value>& values);

  std::vector<Span> spans_;
  std::unique_ptr<char[]> block_;
  std::size_t block_capacity_ = 0;
};

}  // namespace vakt::match
