#include "audit/entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "audit/merkle.h"
#include "base/bytes.h"
#include "base/check.h"

namespace vakt::audit {
namespace {

constexpr std::uint8_t kLeafVersion = 1;
enum : std::uint8_t { kErased = 0, kWithContent = 1 };

Result<void> check_bounds(const Entry& entry, std::size_t payload_bytes) {
  struct Field {
    std::string_view name;
    std::size_t bytes;
    std::size_t bytes_min;
    std::size_t bytes_max;
  };
  for (const Field& f : {Field{"actor", entry.actor.size(), 1, kActorBytesMax},
                         Field{"role", entry.role.size(), 0, kRoleBytesMax},
                         Field{"action", entry.action.size(), 1, kActionBytesMax},
                         Field{"subject", entry.subject.size(), 0, kSubjectBytesMax},
                         Field{"payload", payload_bytes, 0, kPayloadBytesMax}}) {
    if (f.bytes < f.bytes_min)
      return fail(Errc::invalid, fmt::format("an audit entry needs its {}", f.name));
    if (f.bytes > f.bytes_max)
      return fail(Errc::too_large, fmt::format("the {} of an audit entry has {} bytes, at most {}: "
                                               "shorten it",
                                               f.name, f.bytes, f.bytes_max));
  }
  return {};
}

std::size_t payload_bytes(const Entry& entry) {
  return entry.content ? entry.content->payload.size() : 0;
}

Digest digest_of(const Content& content) { return sha256({view(content.salt), content.payload}); }

std::array<std::uint8_t, 32> read_32(ByteReader& reader) {
  std::array<std::uint8_t, 32> bytes;
  for (std::uint8_t& byte : bytes) byte = reader.u8();
  return bytes;
}

}  // namespace

Result<void> seal(Entry& entry, Content content) {
  if (const auto ok = check_bounds(entry, content.payload.size()); !ok) return ok;
  entry.payload_digest = digest_of(content);
  entry.content = std::move(content);
  return {};
}

bool payload_matches(const Entry& entry) {
  return !entry.content || digest_of(*entry.content) == entry.payload_digest;
}

void erase(Entry& entry) { entry.content.reset(); }

std::string leaf_bytes(const Entry& entry) {
  check(check_bounds(entry, payload_bytes(entry)).has_value(), "the entry was sealed");
  std::string out;
  ByteWriter writer(out);
  writer.u8(kLeafVersion);
  writer.be64(entry.index);
  writer.be64(entry.commit);
  writer.be64(static_cast<std::uint64_t>(to_ns(entry.at)));
  writer.bytes(entry.actor);
  writer.bytes(entry.role);
  writer.bytes(entry.action);
  writer.bytes(entry.subject);
  out.append(view(entry.payload_digest));
  return out;
}

Digest leaf_of(const Entry& entry) { return leaf_hash(leaf_bytes(entry)); }

std::string encode_entry(const Entry& entry) {
  std::string out = leaf_bytes(entry);
  ByteWriter writer(out);
  writer.u8(entry.content ? kWithContent : kErased);
  if (entry.content) {
    out.append(view(entry.content->salt));
    writer.bytes(entry.content->payload);
  }
  return out;
}

std::optional<Entry> decode_entry(std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.u8() != kLeafVersion) return std::nullopt;
  Entry entry;
  entry.index = reader.be64();
  entry.commit = reader.be64();
  entry.at = from_ns(static_cast<std::int64_t>(reader.be64()));
  entry.actor = reader.bytes();
  entry.role = reader.bytes();
  entry.action = reader.bytes();
  entry.subject = reader.bytes();
  entry.payload_digest = read_32(reader);
  if (reader.u8() == kWithContent) {
    entry.content.emplace();
    entry.content->salt = read_32(reader);
    entry.content->payload = reader.bytes();
  }
  if (!reader.ok() || !check_bounds(entry, payload_bytes(entry))) return std::nullopt;
  // Bytes may follow, a length can be written in more than one way, and the mark of content may be
  // neither: one entry has one encoding.
  if (encode_entry(entry) != bytes) return std::nullopt;
  return entry;
}

}  // namespace vakt::audit
