#include "audit/merkle.h"

#include <bit>

#include "base/bytes.h"
#include "base/check.h"

namespace vakt::audit {
namespace {

constexpr std::string_view kLeaf("\x00", 1);
constexpr std::string_view kInner("\x01", 1);
constexpr std::uint8_t kFrontierVersion = 1;

}  // namespace

Digest leaf_hash(std::string_view leaf) { return sha256({kLeaf, leaf}); }

Digest node_hash(const Digest& left, const Digest& right) {
  return sha256({kInner, view(left), view(right)});
}

Digest empty_root() { return sha256({}); }

std::vector<Node> Frontier::append(const Digest& leaf) {
  check(size_ < UINT64_MAX, "a tree of at most 2^64 - 1 leaves");
  std::vector<Node> complete{{0, size_, leaf}};
  // As in adding one to a binary number: each trailing one is a subtree of the size that was just
  // completed, and merges with it.
  for (std::uint64_t carry = size_; (carry & 1) != 0; carry >>= 1) {
    const Node right = complete.back();
    complete.push_back({right.level + 1, right.index / 2, node_hash(roots_.back(), right.digest)});
    roots_.pop_back();
  }
  roots_.push_back(complete.back().digest);
  ++size_;
  return complete;
}

Digest Frontier::root() const {
  if (roots_.empty()) return empty_root();
  Digest root = roots_.back();
  for (auto left = roots_.rbegin() + 1; left != roots_.rend(); ++left)
    root = node_hash(*left, root);
  return root;
}

std::string Frontier::encode() const {
  std::string out;
  ByteWriter writer(out);
  writer.u8(kFrontierVersion);
  writer.be64(size_);
  for (const Digest& root : roots_) out.append(view(root));
  return out;
}

std::optional<Frontier> Frontier::decode(std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.u8() != kFrontierVersion) return std::nullopt;
  Frontier frontier;
  frontier.size_ = reader.be64();
  std::string_view roots = reader.rest();
  const auto count = static_cast<std::size_t>(std::popcount(frontier.size_));
  if (!reader.ok() || roots.size() != count * sizeof(Digest)) return std::nullopt;
  for (; !roots.empty(); roots.remove_prefix(sizeof(Digest)))
    frontier.roots_.push_back(*to_digest(roots.substr(0, sizeof(Digest))));
  return frontier;
}

}  // namespace vakt::audit
