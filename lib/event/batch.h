// Batch: the events of one commit, with the memory they point into.
//
// Frames are copied once, into `raw`, each followed by one '\n', so that the raw text of the whole
// batch is one block: pattern scans and compression read it as it lies. Everything derived
// (unescaped strings, sanitised text) goes to `text`. Neither ever moves while the batch lives.
// Memory is kept from use to use: after warm-up a batch allocates nothing.
//
// One thread at a time: a worker fills it, then it travels to the engine, the committer, and back.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "event/event.h"

namespace vakt::event {

// 64 readable bytes after any frame, for simdjson and vector loads.
inline constexpr std::size_t kPaddingBytes = 64;

// Bump memory in blocks whose addresses are stable; clear() keeps the first block.
class Arena {
 public:
  explicit Arena(std::size_t block_bytes = 64 * 1024) : block_bytes_(block_bytes) {}
  char* allocate(std::size_t bytes);
  std::string_view copy(std::string_view text);
  void clear();
  std::size_t capacity_bytes() const { return capacity_; }

 private:
  struct Block {
    std::unique_ptr<char[]> data;
    std::size_t size = 0;
  };
  std::size_t block_bytes_;
  std::vector<Block> blocks_;
  std::size_t used_ = 0;  // in the last block
  std::size_t capacity_ = 0;
};

// Who sent events of this batch, with what the watermark needs to know.
struct SourceMark {
  std::string_view name;              // see DESIGN "Sources"; lives as long as the batch
  bool historic = false;              // the lane: a source can appear once in each
  Time event_time_max = kTimeMin;     // largest min(event_time, received_time + 60 s) seen
  Time received_time_max = kTimeMin;  // of its events in this batch
};

class Batch {
 public:
  // At most `events_max` events and `raw_bytes_max` bytes of frames, their separators included.
  Batch(std::size_t raw_bytes_max, std::size_t events_max);

  bool has_room(std::size_t frame_bytes) const {
    return events_.size() < events_max_ && raw_used_ + frame_bytes + 1 <= raw_bytes_max_;
  }
  // Copies the frame and starts a new event with it (room must have been checked).
  Event& add(std::string_view frame);
  // Adds a field to the event added last.
  void add_field(FieldId id, ValueKind kind, std::string_view text) {
    if (fields_used_ == fields_.size()) grow_fields();
    fields_[fields_used_++] = {id, kind, text};
    ++events_.back().field_count;
  }
  // Index of the source in this batch, added when new.
  std::uint32_t add_source(std::string_view name, bool historic);
  void clear();

  std::span<Event> events() { return events_; }
  std::span<const Event> events() const { return events_; }
  std::span<const Field> fields(const Event& e) const {
    return {fields_.data() + e.first_field, e.field_count};
  }
  std::span<Field> mutable_fields(const Event& e) {
    return {fields_.data() + e.first_field, e.field_count};
  }
  // The first field of that name, or null.
  const Field* find(const Event& e, FieldId id) const {
    for (const Field& f : fields(e))
      if (f.id == id) return &f;
    return nullptr;
  }
  std::span<SourceMark> sources() { return sources_; }
  std::span<const SourceMark> sources() const { return sources_; }
  Arena& text() { return text_; }
  // All frames, each followed by '\n'.
  std::string_view raw() const { return {raw_.get(), raw_used_}; }
  std::size_t size() const { return events_.size(); }
  bool empty() const { return events_.empty(); }
  // Memory held, for the byte budget.
  std::size_t capacity_bytes() const;

 private:
  std::size_t raw_bytes_max_;
  std::size_t events_max_;
  std::unique_ptr<char[]> raw_;
  std::size_t raw_used_ = 0;
  Arena text_;
  std::vector<Event> events_;
  std::vector<Field> fields_;  // the first fields_used_ are in use: cheaper than push_back()
  std::size_t fields_used_ = 0;
  std::vector<SourceMark> sources_;
  // Open addressing: index of a source plus one, 0 for none; a power of two, at most half full.
  std::vector<std::uint32_t> source_slots_;
  void grow_source_slots();
  void grow_fields();
};

}  // namespace vakt::event
