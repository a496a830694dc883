#include "event/batch.h"

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"

namespace vakt::event {

char* Arena::allocate(std::size_t bytes) {
  if (blocks_.empty() || used_ + bytes > blocks_.back().size) {
    const std::size_t size = std::max(block_bytes_, bytes);
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    capacity_ += size;
    used_ = 0;
  }
  char* p = blocks_.back().data.get() + used_;
  used_ += bytes;
  return p;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* p = allocate(text.size());
  std::memcpy(p, text.data(), text.size());
  return {p, text.size()};
}

void Arena::clear() {
  if (blocks_.size() > 1) {
    // One block next time, large enough for what this batch needed (up to 1 MiB).
    const std::size_t size = std::min<std::size_t>(capacity_, 1 << 20);
    blocks_.clear();
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    capacity_ = size;
  }
  used_ = 0;
}

Batch::Batch(std::size_t raw_bytes_max, std::size_t events_max)
    : raw_bytes_max_(raw_bytes_max),
      events_max_(events_max),
      raw_(std::make_unique_for_overwrite<char[]>(raw_bytes_max + kPaddingBytes)) {
  std::memset(raw_.get() + raw_bytes_max, 0, kPaddingBytes);
}

Event& Batch::add(std::string_view frame) {
  check(has_room(frame.size()), "batch has room");
  char* p = raw_.get() + raw_used_;
  if (!frame.empty()) std::memcpy(p, frame.data(), frame.size());
  p[frame.size()] = '\n';
  raw_used_ += frame.size() + 1;
  Event& e = events_.emplace_back();
  e.raw = {p, frame.size()};
  e.first_field = static_cast<std::uint32_t>(fields_used_);
  return e;
}

namespace {

std::size_t source_hash(std::string_view name, bool historic) {
  return static_cast<std::size_t>(hash64(name)) + (historic ? 1 : 0);
}

}  // namespace

std::uint32_t Batch::add_source(std::string_view name, bool historic) {
  if (2 * (sources_.size() + 1) > source_slots_.size()) grow_source_slots();
  const std::size_t mask = source_slots_.size() - 1;
  std::size_t slot = source_hash(name, historic) & mask;
  for (; source_slots_[slot] != 0; slot = (slot + 1) & mask) {
    const SourceMark& known = sources_[source_slots_[slot] - 1];
    if (known.historic == historic && known.name == name) return source_slots_[slot] - 1;
  }
  sources_.push_back({text_.copy(name), historic});
  source_slots_[slot] = static_cast<std::uint32_t>(sources_.size());
  return static_cast<std::uint32_t>(sources_.size() - 1);
}

void Batch::grow_source_slots() {
  source_slots_.assign(std::max<std::size_t>(16, 2 * source_slots_.size()), 0);
  const std::size_t mask = source_slots_.size() - 1;
  for (std::uint32_t i = 0; i < sources_.size(); ++i) {
    std::size_t slot = source_hash(sources_[i].name, sources_[i].historic) & mask;
    while (source_slots_[slot] != 0) slot = (slot + 1) & mask;
    source_slots_[slot] = i + 1;
  }
}

void Batch::grow_fields() { fields_.resize(std::max<std::size_t>(1024, 2 * fields_.size())); }

void Batch::clear() {
  raw_used_ = 0;
  text_.clear();
  events_.clear();
  fields_used_ = 0;
  sources_.clear();
  std::fill(source_slots_.begin(), source_slots_.end(), 0);
}

std::size_t Batch::capacity_bytes() const {
  return raw_bytes_max_ + kPaddingBytes + text_.capacity_bytes() +
         events_.capacity() * sizeof(Event) + fields_.size() * sizeof(Field);
}

}  // namespace vakt::event
