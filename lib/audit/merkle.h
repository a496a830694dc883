// The tree of RFC 9162 section 2.1: a hash over a list that only grows, of which any item can be
// proved to be in it, and any earlier state to be its beginning, in O(log n) hashes (proof.h).
//
// A node (level, index) is the root of the full subtree over the leaves index * 2^level up to, but
// not including, (index + 1) * 2^level. Once there it never changes. Level 0 are the leaf hashes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/sha256.h"

namespace vakt::audit {

// The prefixes 0x00 and 0x01 keep an inner node from being passed off as a leaf (2.1.1).
Digest leaf_hash(std::string_view leaf);
Digest node_hash(const Digest& left, const Digest& right);
// Of a tree without leaves: SHA-256 of nothing.
Digest empty_root();

// What a tree is summed up in. Only both together name a tree: one root can be claimed for several
// sizes.
struct TreeHead {
  std::uint64_t size = 0;  // leaves
  Digest root{};
  bool operator==(const TreeHead&) const = default;
};

struct Node {
  std::uint32_t level = 0;  // 0 to 63
  std::uint64_t index = 0;
  Digest digest{};
  bool operator==(const Node&) const = default;
};

// The right edge of a tree: all that is needed to append to it and to know its root. At most 64
// digests, whatever the size.
class Frontier {
 public:
  // The nodes that are complete with this leaf, for the caller to keep: the leaf itself, then those
  // above it. Two of them an append, on average.
  std::vector<Node> append(const Digest& leaf);

  std::uint64_t size() const { return size_; }  // leaves
  Digest root() const;
  TreeHead head() const { return {size_, root()}; }

  // Bytes: version 1, u64 size, 32 bytes for each bit set in the size, largest subtree first.
  std::string encode() const;
  static std::optional<Frontier> decode(std::string_view bytes);

  bool operator==(const Frontier&) const = default;

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> roots_;  // of the full subtrees, largest first: one for each bit of size_
};

}  // namespace vakt::audit
