#include "audit/proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "audit/base64.h"

namespace vakt::audit {
namespace {

constexpr std::string_view kHeader = "vakt-inclusion-proof 1\n";
constexpr std::size_t kPathMax = 64;  // levels of the largest tree

// The leaves [begin, begin + size) of a tree; size > 0, begin is a multiple of a power of two that
// is at least size.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t size = 0;

  // Where the RFC splits a list: the largest power of two smaller than its size.
  std::uint64_t split() const { return std::bit_floor(size - 1); }
  Range left() const { return {begin, split()}; }
  Range right() const { return {begin + split(), size - split()}; }
};

// Puts a proof together. After the first missing node the path is worthless and error() says why.
class Prover {
 public:
  explicit Prover(const NodeSource& nodes) : nodes_(nodes) {}

  // PATH(m, D_n) of 2.1.3.1; `index` counts from the beginning of the whole tree.
  void inclusion(std::uint64_t index, Range range) {
    if (range.size == 1) return;
    const bool in_left = index < range.right().begin;
    inclusion(index, in_left ? range.left() : range.right());
    path_.push_back(root_of(in_left ? range.right() : range.left()));
  }

  // SUBPROOF(m, D_n, b) of 2.1.4.1; `whole`: the verifier knows this subtree's root already.
  void consistency(std::uint64_t first, Range range, bool whole) {
    if (first == range.size) {
      if (!whole) path_.push_back(root_of(range));
    } else if (first <= range.split()) {
      consistency(first, range.left(), whole);
      path_.push_back(root_of(range.right()));
    } else {
      consistency(first - range.split(), range.right(), false);
      path_.push_back(root_of(range.left()));
    }
  }

  Result<std::vector<Digest>> take() {
    if (missing_)
      return fail(Errc::corrupt,
                  fmt::format("node {} of level {} of the audit tree is missing: verify the log",
                              missing_->index, missing_->level));
    return std::move(path_);
  }

 private:
  Digest root_of(Range range) {
    if (!std::has_single_bit(range.size))
      return node_hash(root_of(range.left()), root_of(range.right()));
    const auto level = static_cast<std::uint32_t>(std::countr_zero(range.size));
    const auto digest = nodes_(level, range.begin >> level);
    if (!digest && !missing_) missing_ = Node{level, range.begin >> level};
    return digest.value_or(Digest{});
  }

  const NodeSource& nodes_;
  std::vector<Digest> path_;
  std::optional<Node> missing_;
};

// The positions of a node and of the last node of its level, as both verifications walk them up.
enum class Side { left, right };
struct Climb {
  std::uint64_t node;
  std::uint64_t last;

  bool at_root() const { return last == 0; }
  void up() {
    node >>= 1;
    last >>= 1;
  }
  // Where the node's sibling is. The last node of a level may have none: it moves up unchanged
  // until it does, which is then on the left.
  Side seek_sibling() {
    if (node != last && (node & 1) == 0) return Side::right;
    while ((node & 1) == 0) up();
    return Side::left;
  }
};

std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<std::uint64_t> take_number(std::string_view& text) {
  const auto line = take_line(text);
  if (!line) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(line->data(), line->data() + line->size(), number);
  if (error != std::errc() || fmt::format("{}", number) != *line) return std::nullopt;
  return number;
}

}  // namespace

Result<InclusionProof> prove_inclusion(std::uint64_t index, std::uint64_t tree_size,
                                       const NodeSource& nodes) {
  if (index >= tree_size)
    return fail(Errc::invalid,
                fmt::format("entry {} is not in a tree of {} entries", index, tree_size));
  Prover prover(nodes);
  prover.inclusion(index, {0, tree_size});
  auto path = prover.take();
  if (!path) return tl::make_unexpected(path.error());
  return InclusionProof{index, tree_size, std::move(*path)};
}

Result<ConsistencyProof> prove_consistency(std::uint64_t first, std::uint64_t second,
                                           const NodeSource& nodes) {
  if (first > second)
    return fail(Errc::invalid,
                fmt::format("a tree of {} entries cannot begin with {}", second, first));
  Prover prover(nodes);
  if (first != 0) prover.consistency(first, {0, second}, true);
  auto path = prover.take();
  if (!path) return tl::make_unexpected(path.error());
  return ConsistencyProof{first, second, std::move(*path)};
}

bool verify_inclusion(const InclusionProof& proof, const Digest& leaf, const TreeHead& head) {
  if (proof.tree_size != head.size || proof.index >= head.size) return false;
  Climb climb{proof.index, head.size - 1};
  Digest computed = leaf;
  for (const Digest& sibling : proof.path) {
    if (climb.at_root()) return false;
    computed = climb.seek_sibling() == Side::left ? node_hash(sibling, computed)
                                                  : node_hash(computed, sibling);
    climb.up();
  }
  return climb.at_root() && computed == head.root;
}

bool verify_consistency(const ConsistencyProof& proof, const TreeHead& first,
                        const TreeHead& second) {
  if (proof.first != first.size || proof.second != second.size) return false;
  if (first.size >= second.size) return proof.path.empty() && first == second;
  if (first.size == 0) return proof.path.empty() && first.root == empty_root();
  if (proof.path.empty()) return false;

  // Start at the largest subtree that ends where the first tree ends. Where that is the first tree
  // itself, its root is known and left out of the path.
  Climb climb{first.size - 1, second.size - 1};
  while ((climb.node & 1) != 0) climb.up();
  const bool known = std::has_single_bit(first.size);
  Digest first_root = known ? first.root : proof.path.front();
  Digest second_root = first_root;
  for (std::size_t i = known ? 0 : 1; i < proof.path.size(); ++i) {
    if (climb.at_root()) return false;
    const Digest& sibling = proof.path[i];
    if (climb.seek_sibling() == Side::left) {
      first_root = node_hash(sibling, first_root);
      second_root = node_hash(sibling, second_root);
    } else {
      second_root = node_hash(second_root, sibling);
    }
    climb.up();
  }
  return climb.at_root() && first_root == first.root && second_root == second.root;
}

std::string encode_proof(const InclusionProof& proof) {
  std::string out = fmt::format("{}{}\n{}\n", kHeader, proof.index, proof.tree_size);
  for (const Digest& digest : proof.path) out += encode_base64(view(digest)) + '\n';
  return out;
}

Result<InclusionProof> decode_proof(std::string_view text) {
  if (!text.starts_with(kHeader))
    return fail(Errc::invalid, "not an inclusion proof of Vakt, or one of a newer version");
  text.remove_prefix(kHeader.size());
  const auto index = take_number(text);
  const auto tree_size = take_number(text);
  if (!index || !tree_size || *index >= *tree_size)
    return fail(Errc::invalid,
                "lines 2 and 3 of an inclusion proof are the index of the entry and the larger "
                "size of the tree");
  InclusionProof proof{*index, *tree_size, {}};
  while (!text.empty()) {
    const auto line = take_line(text);
    const auto digest = line ? decode_base64_digest(*line) : std::nullopt;
    if (!digest || proof.path.size() == kPathMax)
      return fail(Errc::invalid,
                  fmt::format("line {} of the inclusion proof is not a digest: get the proof again",
                              proof.path.size() + 4));
    proof.path.push_back(*digest);
  }
  return proof;
}

}  // namespace vakt::audit
