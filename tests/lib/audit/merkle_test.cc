#include "audit/merkle.h"

#include <gtest/gtest.h>

#include <bit>
#include <map>

#include "lib/audit/oracle.h"

namespace vakt::audit {
namespace {

constexpr std::size_t kSizes = 130;

// The leaves and roots that implementations of Certificate Transparency are tested with.
struct Vector {
  std::string leaf;
  std::string_view root;  // of all leaves up to this one
};
std::vector<Vector> vectors() {
  using namespace std::string_literals;
  return {{"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
          {"\0"s, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
          {"\x10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
          {"\x20\x21", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
          {"01", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
          {"@ABC", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
          {"PQRSTUVW", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
          {"`abcdefghijklmno", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"}};
}

TEST(Merkle, RootsOfCertificateTransparency) {
  Frontier frontier;
  std::vector<std::string> leaves;
  EXPECT_EQ(to_hex(frontier.root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (const Vector& row : vectors()) {
    frontier.append(leaf_hash(row.leaf));
    leaves.push_back(row.leaf);
    EXPECT_EQ(to_hex(frontier.root()), row.root) << leaves.size();
    EXPECT_EQ(to_hex(oracle_root(leaves)), row.root) << "the oracle itself";
  }
}

TEST(Merkle, InnerNodeIsNoLeaf) {
  const Digest a = leaf_hash("a");
  const Digest b = leaf_hash("b");
  EXPECT_NE(leaf_hash(std::string(view(a)) + std::string(view(b))), node_hash(a, b));
  EXPECT_NE(node_hash(a, b), node_hash(b, a));
}

TEST(Frontier, EqualsTheDefinitionAtEverySize) {
  const auto leaves = numbered_leaves(kSizes);
  const auto heads = oracle_heads(leaves);
  Frontier frontier;
  for (std::size_t n = 0; n <= kSizes; ++n) {
    EXPECT_EQ(frontier.head(), heads[n]) << n;
    if (n < kSizes) frontier.append(leaf_hash(leaves[n]));
  }
}

TEST(Frontier, GivesEveryCompleteNodeOnce) {
  const auto leaves = numbered_leaves(kSizes);
  const OracleNodes oracle{leaves};
  Frontier frontier;
  std::map<std::pair<std::uint32_t, std::uint64_t>, Digest> nodes;
  for (const std::string& leaf : leaves) {
    const auto complete = frontier.append(leaf_hash(leaf));
    EXPECT_EQ(complete.size(), 1u + static_cast<unsigned>(std::countr_zero(frontier.size())));
    EXPECT_EQ(complete.front().level, 0u);
    for (const Node& node : complete)
      EXPECT_TRUE(nodes.try_emplace({node.level, node.index}, node.digest).second);
  }
  std::size_t expected = 0;
  for (std::uint32_t level = 0; kSizes >> level != 0; ++level) {
    for (std::uint64_t index = 0; index < kSizes >> level; ++index, ++expected)
      EXPECT_EQ((nodes.at({level, index})), oracle.source()(level, index)) << level << ' ' << index;
  }
  EXPECT_EQ(nodes.size(), expected);
}

TEST(Frontier, RoundTripsAndGoesOn) {
  const auto leaves = numbered_leaves(kSizes);
  const auto heads = oracle_heads(leaves);
  Frontier frontier;
  for (std::size_t n = 0; n <= kSizes; ++n) {
    const auto decoded = Frontier::decode(frontier.encode());
    ASSERT_TRUE(decoded) << n;
    EXPECT_EQ(*decoded, frontier);
    frontier = *decoded;
    EXPECT_EQ(frontier.head(), heads[n]);
    if (n < kSizes) frontier.append(leaf_hash(leaves[n]));
  }
}

TEST(Frontier, OtherBytesAreRefused) {
  Frontier frontier;
  for (const std::string& leaf : numbered_leaves(11)) frontier.append(leaf_hash(leaf));
  const std::string bytes = frontier.encode();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(Frontier::decode(bytes.substr(0, size))) << size;
  EXPECT_FALSE(Frontier::decode(bytes + '\0'));
  EXPECT_FALSE(Frontier::decode(bytes + std::string(32, 'x')));
  EXPECT_FALSE(Frontier::decode('\2' + bytes.substr(1)));
  // Another size has another number of subtrees, or is another tree.
  for (std::size_t bit = 0; bit < 64; ++bit) {
    std::string other = bytes;
    other[8 - bit / 8] ^= static_cast<char>(1 << bit % 8);
    EXPECT_FALSE(Frontier::decode(other)) << bit;
  }
}

TEST(Frontier, TheLargestTreeIsFull) {
  std::string bytes(1, '\1');
  bytes += std::string(7, '\xFF') + '\xFE' + std::string(63 * 32, 'x');
  auto frontier = Frontier::decode(bytes);
  ASSERT_TRUE(frontier);
  EXPECT_EQ(frontier->append(Digest{}).size(), 1u);
  EXPECT_EQ(frontier->size(), UINT64_MAX);
  EXPECT_EQ(Frontier::decode(frontier->encode()), *frontier);
  EXPECT_DEATH(frontier->append(Digest{}), "2\\^64");
}

}  // namespace
}  // namespace vakt::audit
