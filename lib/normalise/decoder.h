// Decoder: one kind of message. Literals as gate, an RE2 expression over the whole message, and
// what its groups and its constants are called in the event. Immutable; shared by all threads.
#pragma once

#include <re2/re2.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/batch.h"

namespace vakt::normalise {

inline constexpr std::size_t kGroupsMax = 15;

// Element 0 is the whole match. A group that took no part has a null data().
using Captures = std::array<re2::StringPiece, kGroupsMax + 1>;

// The message a decoder sees: of "message repeated 3 times: [ text]" (rsyslog's compression of
// equal lines) the text, else the message itself. A view into it.
std::string_view unwrap_repeated(std::string_view message);

// First eight bytes as a number, zeros after the end: makes rejecting a prefix one comparison.
inline std::uint64_t head_of(std::string_view text) {
  std::uint64_t head = 0;
  if (text.size() >= sizeof(head)) {
    std::memcpy(&head, text.data(), sizeof(head));
  } else if (!text.empty()) {
    std::memcpy(&head, text.data(), text.size());
  }
  return head;
}

struct Decoder {
  struct Capture {
    std::uint8_t group = 0;
    event::FieldId field = event::kNoField;
    std::string group_name;
    std::string field_name;
  };
  struct Constant {
    event::FieldId field = event::kNoField;
    std::uint32_t begin = 0;  // in constant_text
    std::uint32_t size = 0;
    std::string field_name;
  };

  std::string name;
  // Literals that every such message has: at its start, anywhere. One of them may be empty.
  std::string starts_with;
  std::string contains;
  std::uint64_t head = 0;  // the first eight bytes of starts_with, and which of them count
  std::uint64_t head_mask = 0;
  std::unique_ptr<const re2::RE2> pattern;
  int submatches = 1;  // highest group in use + 1
  std::vector<Capture> captures;
  std::string constant_text;
  std::vector<Constant> constants;

  void set_literals(std::string at_start, std::string anywhere);

  // Do the literals let this message through?
  bool gate(std::string_view message, std::uint64_t message_head) const {
    if (((message_head ^ head) & head_mask) != 0) return false;
    return message.starts_with(starts_with) && (contains.empty() || has_contained(message));
  }
  // Does the whole message match? Fills the captures up to `submatches`.
  bool match(std::string_view message, Captures& captures_out) const;
  // Adds captures and constants to the batch's last event, but for names it already has.
  void add_fields(event::Batch& batch, const Captures& captured) const;

 private:
  bool has_contained(std::string_view message) const;
};

}  // namespace vakt::normalise
