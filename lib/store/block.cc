#include "store/block.h"

#include <zstd.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"

namespace vakt::store {
namespace {

constexpr std::string_view kMagic = "VRB";
constexpr std::uint8_t kBlockVersion = 1;
constexpr std::size_t kChecksumAt = 4;
constexpr std::size_t kHeadAt = kChecksumAt + 8;
constexpr int kZstdLevel = 1;
// Of the columns: each event needs at most 5 + 10 + 10 + 3 + 5 + 5 bytes, and names are short.
constexpr std::size_t kColumnsBytesMax = kBlockRawBytesMax;

// Differences wrap, so that every pair of times round-trips.
std::int64_t difference(Time a, Time b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(to_ns(a)) -
                                   static_cast<std::uint64_t>(to_ns(b)));
}

Time advance(Time base, std::int64_t by) {
  return from_ns(static_cast<std::int64_t>(static_cast<std::uint64_t>(to_ns(base)) +
                                           static_cast<std::uint64_t>(by)));
}

void append_names(ByteWriter& writer, const std::vector<std::string>& names) {
  writer.varint(names.size());
  for (const std::string& name : names) writer.bytes(name);
}

bool read_names(ByteReader& reader, std::vector<std::string_view>& names) {
  const std::uint64_t count = reader.varint();
  if (count > reader.rest().size()) return false;
  names.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) names.push_back(reader.bytes());
  return reader.ok();
}

// Head and the two compressed parts of a block whose checksum is right.
struct Parts {
  BlockHead head;
  std::uint64_t columns_bytes = 0;  // uncompressed
  std::string_view columns;
  std::string_view raw;
};

std::optional<Parts> split(std::string_view block) {
  if (block.size() < kHeadAt || block.substr(0, kMagic.size()) != kMagic) return std::nullopt;
  if (static_cast<std::uint8_t>(block[kMagic.size()]) != kBlockVersion) return std::nullopt;
  ByteReader checksum(block.substr(kChecksumAt, 8));
  if (checksum.be64() != hash64(block.substr(kHeadAt))) return std::nullopt;
  ByteReader reader(block.substr(kHeadAt));
  Parts parts;
  parts.head.event_count = reader.varint();
  parts.head.raw_bytes = reader.varint();
  parts.head.received_min = from_ns(reader.svarint());
  parts.head.received_max = from_ns(reader.svarint());
  parts.head.event_min = from_ns(reader.svarint());
  parts.head.event_max = from_ns(reader.svarint());
  parts.columns_bytes = reader.varint();
  parts.columns = reader.bytes();
  parts.raw = reader.bytes();
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  // Every event has at least its separator.
  if (parts.head.raw_bytes > kBlockRawBytesMax || parts.head.event_count > parts.head.raw_bytes ||
      parts.columns_bytes > kColumnsBytesMax)
    return std::nullopt;
  return parts;
}

}  // namespace

struct BlockWriter::Compressor {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ~Compressor() { ZSTD_freeCCtx(context); }
  std::string out;

  // Appends length and compressed bytes.
  bool append(std::string_view in, std::string& block) {
    out.resize(ZSTD_compressBound(in.size()));
    const std::size_t size =
        ZSTD_compressCCtx(context, out.data(), out.size(), in.data(), in.size(), kZstdLevel);
    if (ZSTD_isError(size) != 0) return false;
    ByteWriter(block).bytes(std::string_view(out).substr(0, size));
    return true;
  }
};

BlockWriter::BlockWriter() : compressor_(std::make_unique<Compressor>()) {}
BlockWriter::~BlockWriter() = default;

std::uint32_t BlockWriter::Names::add(std::string_view name) {
  if (const auto it = index.find(name); it != index.end()) return it->second;
  const auto added = static_cast<std::uint32_t>(list.size());
  list.emplace_back(name);
  index.emplace(std::string(name), added);
  return added;
}

void BlockWriter::Names::clear() {
  list.clear();
  index.clear();
}

void BlockWriter::add_columns(Time event_time, Time received_time, std::uint16_t flags,
                              std::size_t raw_bytes) {
  ByteWriter(lengths_).varint(raw_bytes);
  ByteWriter(event_times_).svarint(difference(event_time, last_event_));
  ByteWriter(received_times_).svarint(difference(received_time, last_received_));
  ByteWriter(flags_).varint(flags);
  last_event_ = event_time;
  last_received_ = received_time;
  ++head_.event_count;
  head_.raw_bytes += raw_bytes + 1;
  head_.received_min = std::min(head_.received_min, received_time);
  head_.received_max = std::max(head_.received_max, received_time);
  head_.event_min = std::min(head_.event_min, event_time);
  head_.event_max = std::max(head_.event_max, event_time);
}

void BlockWriter::add(const event::Batch& batch, std::span<const std::string> listener_names) {
  check(head_.raw_bytes + batch.raw().size() <= kBlockRawBytesMax, "raw block limit");
  if (empty()) {
    lone_ = batch.raw();
  } else {
    copy_lone();
    raw_.append(batch.raw());
  }
  std::vector<std::uint32_t> sources;
  for (const event::SourceMark& mark : batch.sources())
    sources.push_back(source_names_.add(mark.name));
  std::vector<std::uint32_t> listeners;
  for (const std::string& name : listener_names) listeners.push_back(listener_names_.add(name));
  for (const event::Event& event : batch.events()) {
    add_columns(event.event_time, event.received_time, event.flags, event.raw.size());
    // A listener without a name (a file given on the command line) has the empty name.
    const bool named = event.listener < listeners.size();
    ByteWriter(listeners_).varint(named ? listeners[event.listener] : listener_names_.add(""));
    ByteWriter(sources_).varint(sources.at(event.source));
  }
  check(head_.raw_bytes == raw_.size() + lone_.size(), "a batch's raw text is its events'");
}

void BlockWriter::copy_lone() {
  raw_.append(lone_);
  lone_ = {};
}

void BlockWriter::add(const BlockEvent& event) {
  check(head_.raw_bytes + event.raw.size() + 1 <= kBlockRawBytesMax, "raw block limit");
  copy_lone();
  raw_.append(event.raw);
  raw_.push_back('\n');
  add_columns(event.event_time, event.received_time, event.flags, event.raw.size());
  ByteWriter(listeners_).varint(listener_names_.add(event.listener));
  ByteWriter(sources_).varint(source_names_.add(event.source));
}

const std::string* BlockWriter::finish() {
  columns_.clear();
  ByteWriter columns(columns_);
  append_names(columns, listener_names_.list);
  append_names(columns, source_names_.list);
  for (const std::string* column :
       {&lengths_, &event_times_, &received_times_, &flags_, &listeners_, &sources_})
    columns.bytes(*column);

  block_.assign(kMagic);
  ByteWriter writer(block_);
  writer.u8(kBlockVersion);
  writer.be64(0);
  writer.varint(head_.event_count);
  writer.varint(head_.raw_bytes);
  for (const Time time : {head_.received_min, head_.received_max, head_.event_min, head_.event_max})
    writer.svarint(to_ns(time));
  writer.varint(columns_.size());
  const bool compressed =
      compressor_->append(columns_, block_) &&
      compressor_->append(lone_.empty() ? std::string_view(raw_) : lone_, block_);
  clear();
  if (!compressed) return nullptr;
  std::string checksum;
  ByteWriter(checksum).be64(hash64(std::string_view(block_).substr(kHeadAt)));
  block_.replace(kChecksumAt, checksum.size(), checksum);
  return &block_;
}

void BlockWriter::clear() {
  head_ = {};
  lone_ = {};
  last_event_ = {};
  last_received_ = {};
  for (std::string* column :
       {&raw_, &lengths_, &event_times_, &received_times_, &flags_, &listeners_, &sources_})
    column->clear();
  listener_names_.clear();
  source_names_.clear();
}

std::optional<BlockHead> read_block_head(std::string_view block) {
  const auto parts = split(block);
  if (!parts) return std::nullopt;
  return parts->head;
}

struct BlockReader::Decompressor {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  ~Decompressor() { ZSTD_freeDCtx(context); }

  bool decode(std::string_view in, std::size_t size, std::string& out) {
    // The frame says its size; believing only the head would allocate for a lie.
    if (ZSTD_getFrameContentSize(in.data(), in.size()) != size) return false;
    out.resize(size);
    return ZSTD_decompressDCtx(context, out.data(), size, in.data(), in.size()) == size;
  }
};

BlockReader::BlockReader() : decompressor_(std::make_unique<Decompressor>()) {}
BlockReader::~BlockReader() = default;

bool BlockReader::decode(std::string_view block) {
  events_.clear();
  const auto parts = split(block);
  if (!parts) return false;
  if (!decompressor_->decode(parts->columns, parts->columns_bytes, columns_) ||
      !decompressor_->decode(parts->raw, parts->head.raw_bytes, raw_))
    return false;
  if (decode_columns(columns_, parts->head, raw_)) return true;
  events_.clear();
  return false;
}

bool BlockReader::decode_columns(std::string_view columns, const BlockHead& head,
                                 std::string_view raw) {
  ByteReader reader(columns);
  std::vector<std::string_view> listener_names;
  std::vector<std::string_view> source_names;
  if (!read_names(reader, listener_names) || !read_names(reader, source_names)) return false;
  ByteReader lengths(reader.bytes());
  ByteReader event_times(reader.bytes());
  ByteReader received_times(reader.bytes());
  ByteReader flags(reader.bytes());
  ByteReader listeners(reader.bytes());
  ByteReader sources(reader.bytes());
  // Every event has a length of at least one byte, which bounds the reservation.
  if (!reader.ok() || !reader.at_end() || head.event_count > lengths.rest().size()) return false;
  events_.reserve(head.event_count);
  BlockEvent event;
  for (std::uint64_t i = 0; i < head.event_count; ++i) {
    event.event_time = advance(event.event_time, event_times.svarint());
    event.received_time = advance(event.received_time, received_times.svarint());
    const std::uint64_t flag_bits = flags.varint();
    const std::uint64_t listener = listeners.varint();
    const std::uint64_t source = sources.varint();
    const std::uint64_t length = lengths.varint();
    if (flag_bits > 0xFFFF || listener >= listener_names.size() || source >= source_names.size() ||
        length >= raw.size() || raw[length] != '\n')
      return false;
    event.flags = static_cast<std::uint16_t>(flag_bits);
    event.listener = listener_names[listener];
    event.source = source_names[source];
    event.raw = raw.substr(0, length);
    raw.remove_prefix(length + 1);
    events_.push_back(event);
  }
  for (const ByteReader* column :
       {&lengths, &event_times, &received_times, &flags, &listeners, &sources})
    if (!column->ok() || !column->at_end()) return false;
  return raw.empty();
}

}  // namespace vakt::store
