// Raw block: many consecutive events as one compressed value. The raw text of whole batches lies in
// it as it was received, beside columns (lengths, times, flags, listener, source) that restore the
// events. Layout: README.md.
//
// A writer or reader belongs to one thread. Reading checks everything: a block is either what a
// writer wrote or refused.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "event/batch.h"

namespace vakt::store {

// Limit of one block's raw text, separators included. A batch is far below it.
inline constexpr std::size_t kBlockRawBytesMax = 256u << 20;

// An event as a block gives it back. Views point into the reader.
struct BlockEvent {
  Time event_time;
  Time received_time;
  std::uint16_t flags = 0;
  std::string_view listener;
  std::string_view source;
  std::string_view raw;
};

// What can be known of a block without decompressing it.
struct BlockHead {
  std::uint64_t event_count = 0;
  std::uint64_t raw_bytes = 0;  // uncompressed, separators included
  Time received_min = kTimeMax;
  Time received_max = kTimeMin;
  Time event_min = kTimeMax;
  Time event_max = kTimeMin;
};

class BlockWriter {
 public:
  BlockWriter();
  ~BlockWriter();
  BlockWriter(const BlockWriter&) = delete;
  BlockWriter& operator=(const BlockWriter&) = delete;

  // All events of the batch, which must not change before finish(): the raw text of a block of one
  // batch is compressed where it lies. `listener_names` is indexed by Event::listener; beyond it:
  // no name.
  void add(const event::Batch& batch, std::span<const std::string> listener_names);
  void add(const BlockEvent& event);

  bool empty() const { return head_.event_count == 0; }
  const BlockHead& head() const { return head_; }
  // The block's bytes, valid until the next call; the writer is empty then. Null: zstd refused
  // (out of memory).
  const std::string* finish();

 private:
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  // Names in the order of their first use.
  struct Names {
    std::vector<std::string> list;
    std::unordered_map<std::string, std::uint32_t, NameHash, std::equal_to<>> index;
    std::uint32_t add(std::string_view name);
    void clear();
  };
  struct Compressor;

  void copy_lone();
  void add_columns(Time event_time, Time received_time, std::uint16_t flags, std::size_t raw_bytes);
  void clear();

  std::unique_ptr<Compressor> compressor_;
  BlockHead head_;
  Time last_event_;
  Time last_received_;
  std::string_view lone_;  // raw text of the only batch so far; then raw_ is empty
  std::string raw_;
  std::string lengths_, event_times_, received_times_, flags_, listeners_, sources_;
  Names listener_names_;
  Names source_names_;
  std::string columns_;
  std::string block_;
};

// A block made ahead of its commit.
struct EncodedBlock {
  BlockHead head;
  std::string bytes;
};

// The head alone; nullopt when the block is damaged (its checksum is verified).
std::optional<BlockHead> read_block_head(std::string_view block);

class BlockReader {
 public:
  BlockReader();
  ~BlockReader();
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;

  // False: damaged, and there are no events then. The views of an earlier block become invalid.
  bool decode(std::string_view block);
  std::span<const BlockEvent> events() const { return events_; }

 private:
  struct Decompressor;
  bool decode_columns(std::string_view columns, const BlockHead& head, std::string_view raw);

  std::unique_ptr<Decompressor> decompressor_;
  std::string columns_;
  std::string raw_;
  std::vector<BlockEvent> events_;
};

}  // namespace vakt::store
