// Proofs about a tree (merkle.h), made from its stored nodes, checked from digests alone by anybody
// with a signed tree head (checkpoint.h): RFC 9162 sections 2.1.3 and 2.1.4. Pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/merkle.h"
#include "base/result.h"

namespace vakt::audit {

// The node as Frontier::append returned it; nullopt when it is not there.
using NodeSource = std::function<std::optional<Digest>(std::uint32_t level, std::uint64_t index)>;

// That a leaf is in the tree, at this index.
struct InclusionProof {
  std::uint64_t index = 0;
  std::uint64_t tree_size = 0;
  std::vector<Digest> path;  // at most 64
  bool operator==(const InclusionProof&) const = default;
};

// That the tree of `first` leaves is the beginning of that of `second`.
struct ConsistencyProof {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  std::vector<Digest> path;  // at most 65
  bool operator==(const ConsistencyProof&) const = default;
};

// O(log n) look-ups. `invalid` where there is no such proof, `corrupt` where a node is missing.
Result<InclusionProof> prove_inclusion(std::uint64_t index, std::uint64_t tree_size,
                                       const NodeSource& nodes);
Result<ConsistencyProof> prove_consistency(std::uint64_t first, std::uint64_t second,
                                           const NodeSource& nodes);

// 2.1.3.2. The head comes from a checkpoint, never from who gives the proof.
bool verify_inclusion(const InclusionProof& proof, const Digest& leaf, const TreeHead& head);

// 2.1.4.2, and what the RFC leaves out: trees of equal size are consistent when they are equal, the
// empty tree is the beginning of every tree; the path is empty then.
bool verify_consistency(const ConsistencyProof& proof, const TreeHead& first,
                        const TreeHead& second);

// For a file to hand out: "vakt-inclusion-proof 1", index, tree size, then the path, lowest first,
// one base 64 digest a line. Decoding takes exactly what encoding writes.
std::string encode_proof(const InclusionProof& proof);
Result<InclusionProof> decode_proof(std::string_view text);

}  // namespace vakt::audit
