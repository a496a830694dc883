// Entries, a key and a stored log to test with; the same at every run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/entry.h"
#include "audit/merkle.h"
#include "audit/note_key.h"
#include "audit/verify.h"
#include "base/check.h"

namespace vakt::audit {

inline Salt salt_of(std::uint64_t seed) { return sha256({"salt", std::to_string(seed)}); }

inline Time sample_time(std::uint64_t i) {
  return from_unix_seconds(1'795'000'000 + static_cast<std::int64_t>(i));
}

// Entry `i`. `history` changes what happened, not how long it is.
inline Entry sample_entry(std::uint64_t i, char history = 'a') {
  Entry entry;
  entry.index = i;
  entry.commit = 10 + 2 * i;
  entry.at = sample_time(i);
  entry.actor = i % 3 == 0 ? "vakt" : "eva@example.com";
  entry.role = i % 3 == 0 ? "" : "analyst";
  entry.action = "incident.acknowledged";
  entry.subject = to_hex(sha256({std::to_string(i / 4)})).substr(0, 32);
  const std::string payload = R"({"reason":")" + std::string(1 + i % 40, history) + R"("})";
  check(seal(entry, {salt_of(i), payload}).has_value());
  return entry;
}

inline SigningKey sample_key(std::uint8_t seed = 1) {
  Seed bytes;
  bytes.fill(seed);
  return *SigningKey::make("vakt.example.com/audit", bytes);
}

// What a store keeps of an audit log: rows by key, as RocksDB would give them.
struct MemoryLog {
  std::vector<std::pair<std::uint64_t, std::string>> entries;
  std::map<std::pair<std::uint32_t, std::uint64_t>, Digest> nodes;
  Frontier tree;
  std::string frontier = tree.encode();

  void append(const Entry& entry) {
    entries.emplace_back(entry.index, encode_entry(entry));
    for (const Node& node : tree.append(leaf_of(entry)))
      nodes[{node.level, node.index}] = node.digest;
    frontier = tree.encode();
  }

  static MemoryLog of(std::uint64_t size, char history = 'a') {
    MemoryLog log;
    for (std::uint64_t i = 0; i < size; ++i) log.append(sample_entry(i, history));
    return log;
  }

  NodeSource source() const {
    return [this](std::uint32_t level, std::uint64_t index) -> std::optional<Digest> {
      const auto found = nodes.find({level, index});
      if (found == nodes.end()) return std::nullopt;
      return found->second;
    };
  }

  Verification verify(const std::optional<SignedHeads>& heads = std::nullopt) const {
    std::size_t at = 0;
    const auto next = [&]() -> std::optional<StoredEntry> {
      if (at == entries.size()) return std::nullopt;
      const auto& [index, bytes] = entries[at++];
      return StoredEntry{index, bytes};
    };
    return verify_log({next, source(), frontier}, heads);
  }

  // As Vakt would have signed it then.
  std::string checkpoint() const {
    return sign_checkpoint(tree.head(), sample_time(tree.size()), sample_key());
  }
};

}  // namespace vakt::audit
