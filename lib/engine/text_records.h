// TextRecords: logs that are records written as text: access logs of web servers, the Linux audit
// log, Windows events in Snare's format. Their parts become fields, under the names that rules use.
// One a thread.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "event/batch.h"

namespace date {
class time_zone;
}

namespace vakt::engine {

class TextRecords {
 public:
  // `names` must be complete and outlive this.
  explicit TextRecords(const event::FieldNames& names);

  // Adds fields to the batch's last event if `text` is such a record: a whole frame without a
  // header, or the message of a program that is known to write them (`program` empty: it does not
  // say). Anybody else may say what looks like one. Gives its time, or nothing for other texts.
  // Times without a zone are of `zone` (null: UTC).
  std::optional<Time> add(event::Batch& batch, std::string_view text, bool has_header,
                          std::string_view program, const date::time_zone* zone) const;

 private:
  static constexpr std::size_t kAccessParts = 9;
  std::optional<Time> add_access(event::Batch& batch, std::string_view text) const;
  std::optional<Time> add_audit(event::Batch& batch, std::string_view text) const;
  std::optional<Time> add_snare(event::Batch& batch, std::string_view text,
                                const date::time_zone* zone) const;
  void add_all(event::Batch& batch, std::string_view name, std::string_view value) const;

  const event::FieldNames& names_;
  std::array<std::span<const event::FieldId>, kAccessParts> access_;
};

}  // namespace vakt::engine
