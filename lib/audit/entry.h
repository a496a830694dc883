// One entry of the audit log: who did what to what, when, in which commit. Everything but the
// payload is in the tree in the clear; of the payload, only a salted digest is. So salt and payload
// can be deleted where the law demands it, and the tree still verifies.
//
// A leaf is the canonical bytes of all but salt and payload; equal entries have equal bytes and
// different ones different bytes (README.md has the layout).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/sha256.h"
#include "base/result.h"
#include "base/time.h"

namespace vakt::audit {

// Bounds, in bytes.
inline constexpr std::size_t kActorBytesMax = 256;
inline constexpr std::size_t kRoleBytesMax = 64;
inline constexpr std::size_t kActionBytesMax = 64;
inline constexpr std::size_t kSubjectBytesMax = 256;
inline constexpr std::size_t kPayloadBytesMax = 1 << 20;

// 32 random bytes, new for each entry and kept secret with its payload: without them, a payload
// of a few likely texts ("false_positive") could be guessed from its digest after its deletion.
using Salt = std::array<std::uint8_t, 32>;

struct Content {
  Salt salt{};
  std::string payload;  // JSON: what changed, and the reason
  bool operator==(const Content&) const = default;
};

struct Entry {
  std::uint64_t index = 0;         // of its leaf, from 0, without gaps
  std::uint64_t commit = 0;        // number of the commit that carries it
  Time at;                         // `now` of the input that caused it
  std::string actor;               // name of a user or token, "vakt" for the daemon; not empty
  std::string role;                // that the actor acted in
  std::string action;              // "incident.acknowledged"; not empty
  std::string subject;             // an incident's id in hex, a rule's id …
  Digest payload_digest{};         // SHA-256 of salt and payload
  std::optional<Content> content;  // nullopt: erased
  bool operator==(const Entry&) const = default;
};

// Gives the entry its content. Refuses (too_large, invalid) an entry out of bounds, and then
// changes nothing. Every entry goes through here, or through decode_entry.
Result<void> seal(Entry& entry, Content content);

// Does the payload, where it is still there, match its digest?
bool payload_matches(const Entry& entry);

// Drops salt and payload. What is left does not tell what they were.
void erase(Entry& entry);

// The bytes and the hash of its leaf; the same before and after erase().
std::string leaf_bytes(const Entry& entry);
Digest leaf_of(const Entry& entry);

// For the store: the leaf's bytes, then salt and payload or that they are erased. Decoding takes
// exactly what encoding writes, within the bounds; whether the payload matches its digest is
// payload_matches' to say.
std::string encode_entry(const Entry& entry);
std::optional<Entry> decode_entry(std::string_view bytes);

}  // namespace vakt::audit
