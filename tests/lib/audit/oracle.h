// The Merkle tree hash of RFC 9162 section 2.1.1, word for word and as slow as that; and leaves.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/merkle.h"
#include "audit/proof.h"
#include "audit/sha256.h"

namespace vakt::audit {

inline Digest oracle_leaf(std::string_view data) {
  return sha256({std::string(1, '\0') + std::string(data)});
}

inline Digest oracle_root(std::span<const std::string> leaves) {
  if (leaves.empty()) return sha256({""});
  if (leaves.size() == 1) return oracle_leaf(leaves[0]);
  std::size_t k = 1;
  while (2 * k < leaves.size()) k *= 2;
  const Digest left = oracle_root(leaves.first(k));
  const Digest right = oracle_root(leaves.subspan(k));
  return sha256({std::string(1, '\1') + std::string(view(left)) + std::string(view(right))});
}

inline std::vector<std::string> numbered_leaves(std::size_t count) {
  std::vector<std::string> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back("leaf " + std::to_string(i));
  return leaves;
}

// heads[n]: of the first n leaves, from the oracle.
inline std::vector<TreeHead> oracle_heads(std::span<const std::string> leaves) {
  std::vector<TreeHead> heads;
  for (std::size_t n = 0; n <= leaves.size(); ++n)
    heads.push_back({n, oracle_root(leaves.first(n))});
  return heads;
}

// Nodes straight from the leaves below them, each computed once; counts how often it is asked.
struct OracleNodes {
  std::span<const std::string> leaves;
  mutable std::size_t asked = 0;
  mutable std::map<std::pair<std::uint32_t, std::uint64_t>, Digest> known = {};

  NodeSource source() const {
    return [this](std::uint32_t level, std::uint64_t index) -> std::optional<Digest> {
      ++asked;
      const std::uint64_t size = std::uint64_t{1} << level;
      if ((index + 1) * size > leaves.size()) return std::nullopt;
      auto& digest = known[{level, index}];
      if (digest == Digest{}) digest = oracle_root(leaves.subspan(index * size, size));
      return digest;
    };
  }
};

inline Digest with_bit_flipped(Digest digest, std::size_t bit) {
  digest[bit / 8 % digest.size()] ^= static_cast<std::uint8_t>(1 << bit % 8);
  return digest;
}

}  // namespace vakt::audit
