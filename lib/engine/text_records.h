// TextRecords: logs that are records written as text: access logs of web servers, the Linux audit
// log. Their parts become fields, under the names that rules use. One a thread.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "event/batch.h"

namespace vakt::engine {

class TextRecords {
 public:
  // `names` must be complete and outlive this.
  explicit TextRecords(const event::FieldNames& names);

  // Adds fields to the batch's last event if `text` is such a record: a whole frame without a
  // header (`program` empty), or the message of a program that is known to write them. Anybody else
  // may say what looks like one. Gives its time, or nothing for other texts.
  std::optional<Time> add(event::Batch& batch, std::string_view text,
                          std::string_view program) const;

 private:
  static constexpr std::size_t kAccessParts = 9;
  std::optional<Time> add_access(event::Batch& batch, std::string_view text) const;
  std::optional<Time> add_audit(event::Batch& batch, std::string_view text) const;

  const event::FieldNames& names_;
  std::array<std::span<const event::FieldId>, kAccessParts> access_;
};

}  // namespace vakt::engine
