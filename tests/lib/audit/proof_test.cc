#include "audit/proof.h"

#include <gtest/gtest.h>

#include <bit>

#include "audit/base64.h"
#include "lib/audit/oracle.h"

namespace vakt::audit {
namespace {

constexpr std::size_t kSizes = 130;
constexpr std::size_t kFewSizes = 35;   // where every wrong number is tried
constexpr std::size_t kSomeSizes = 67;  // where every wrong path is tried

// Everything the tests share: computed once.
struct Tree {
  std::vector<std::string> leaves = numbered_leaves(kSizes);
  std::vector<TreeHead> heads = oracle_heads(leaves);
  OracleNodes nodes{leaves};
};
const Tree& tree() {
  static const Tree made;
  return made;
}

InclusionProof inclusion(std::uint64_t index, std::uint64_t size) {
  return *prove_inclusion(index, size, tree().nodes.source());
}

ConsistencyProof consistency(std::uint64_t first, std::uint64_t second) {
  return *prove_consistency(first, second, tree().nodes.source());
}

bool verify(const InclusionProof& proof, std::uint64_t leaf, std::uint64_t size) {
  return verify_inclusion(proof, oracle_leaf(tree().leaves[leaf]), tree().heads[size]);
}

bool verify(const ConsistencyProof& proof, std::uint64_t first, std::uint64_t second) {
  return verify_consistency(proof, tree().heads[first], tree().heads[second]);
}

// Calls `wrong` with the proof in every way in which its path can be a little wrong.
template <class Proof, class Wrong>
void with_wrong_paths(const Proof& proof, const Wrong& wrong) {
  for (std::size_t i = 0; i < proof.path.size(); ++i) {
    Proof changed = proof;
    changed.path[i] = with_bit_flipped(changed.path[i], 37 * i + proof.path.size());
    wrong(changed);
    changed = proof;
    changed.path.erase(changed.path.begin() + static_cast<std::ptrdiff_t>(i));
    wrong(changed);
    changed = proof;
    changed.path.insert(changed.path.begin() + static_cast<std::ptrdiff_t>(i), proof.path[i]);
    wrong(changed);
    if (i == 0) continue;
    changed = proof;
    std::swap(changed.path[i - 1], changed.path[i]);
    wrong(changed);
  }
  Proof longer = proof;
  longer.path.push_back(Digest{});
  wrong(longer);
}

TEST(Inclusion, EveryLeafOfEverySize) {
  for (std::uint64_t size = 1; size <= kSizes; ++size) {
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto proof = inclusion(index, size);
      EXPECT_TRUE(verify(proof, index, size)) << index << " of " << size;
      EXPECT_LE(proof.path.size(), static_cast<std::size_t>(std::bit_width(size - 1)));
      EXPECT_FALSE(verify(proof, index == 0 ? 1 : index - 1, size)) << "another leaf";
      auto head = tree().heads[size];
      head.root = with_bit_flipped(head.root, index + size);
      EXPECT_FALSE(verify_inclusion(proof, oracle_leaf(tree().leaves[index]), head));
    }
  }
}

TEST(Inclusion, WrongPathsAreRefused) {
  for (std::uint64_t size = 1; size <= kSomeSizes; ++size)
    for (std::uint64_t index = 0; index < size; ++index)
      with_wrong_paths(inclusion(index, size), [&](const InclusionProof& wrong) {
        EXPECT_FALSE(verify(wrong, index, size)) << index << " of " << size;
      });
}

TEST(Inclusion, WrongNumbersAreRefused) {
  for (std::uint64_t size = 1; size <= kFewSizes; ++size) {
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto proof = inclusion(index, size);
      for (std::uint64_t other = 0; other <= kFewSizes + 1; ++other) {
        if (other != index) {
          EXPECT_FALSE(verify(InclusionProof{other, size, proof.path}, index, size));
        }
        if (other == size) continue;
        const InclusionProof resized{index, other, proof.path};
        EXPECT_FALSE(verify(resized, index, size)) << "the head names another size";
        EXPECT_FALSE(verify(resized, index, other)) << "another tree";
      }
      EXPECT_FALSE(verify(InclusionProof{UINT64_MAX, size, proof.path}, index, size));
    }
  }
}

TEST(Inclusion, NoneOfAnEmptyTree) {
  EXPECT_EQ(prove_inclusion(0, 0, tree().nodes.source()).error().code, Errc::invalid);
  EXPECT_EQ(prove_inclusion(7, 7, tree().nodes.source()).error().code, Errc::invalid);
  EXPECT_FALSE(verify_inclusion({0, 0, {}}, empty_root(), tree().heads[0]));
}

TEST(Consistency, EveryPair) {
  for (std::uint64_t second = 0; second <= kSizes; ++second) {
    for (std::uint64_t first = 0; first <= second; ++first) {
      const auto proof = consistency(first, second);
      EXPECT_TRUE(verify(proof, first, second)) << first << " of " << second;
      EXPECT_EQ(proof.path.empty(), first == 0 || first == second);
      EXPECT_LE(proof.path.size(), second == 0 ? 0u : std::bit_width(second - 1) + 1u);
      for (const bool of_first : {true, false}) {
        TreeHead heads[] = {tree().heads[first], tree().heads[second]};
        Digest& root = heads[of_first ? 0 : 1].root;
        root = with_bit_flipped(root, first + second);
        // Nothing is claimed of what follows the empty tree.
        EXPECT_EQ(verify_consistency(proof, heads[0], heads[1]), first == 0 && !of_first && second);
      }
    }
  }
}

TEST(Consistency, WrongPathsAreRefused) {
  for (std::uint64_t second = 0; second <= kSomeSizes; ++second)
    for (std::uint64_t first = 0; first <= second; ++first)
      with_wrong_paths(consistency(first, second), [&](const ConsistencyProof& wrong) {
        EXPECT_FALSE(verify(wrong, first, second)) << first << " of " << second;
      });
}

TEST(Consistency, WrongNumbersAreRefused) {
  for (std::uint64_t second = 1; second <= kFewSizes; ++second) {
    for (std::uint64_t first = 1; first < second; ++first) {
      const auto proof = consistency(first, second);
      for (std::uint64_t other = 0; other <= kFewSizes + 1; ++other) {
        const ConsistencyProof rebegun{other, second, proof.path};
        const ConsistencyProof resized{first, other, proof.path};
        if (other != first) {
          EXPECT_FALSE(verify(rebegun, first, second));
          EXPECT_FALSE(verify(rebegun, other, second));
        }
        if (other != second) {
          EXPECT_FALSE(verify(resized, first, second));
          EXPECT_FALSE(verify(resized, first, other));
        }
      }
      EXPECT_FALSE(verify(ConsistencyProof{second, first, proof.path}, second, first));
    }
  }
  EXPECT_EQ(prove_consistency(3, 2, tree().nodes.source()).error().code, Errc::invalid);
}

// A log that lies about the size of a tree whose root is right: the path ends too early.
TEST(Proof, PathHasTheLengthOfTheTree) {
  const Digest leaf = oracle_leaf(tree().leaves[0]);
  const TreeHead two = tree().heads[2];
  const TreeHead lie{3, two.root};
  const auto path = inclusion(0, 2).path;
  ASSERT_TRUE(verify_inclusion({0, 2, path}, leaf, two));
  EXPECT_FALSE(verify_inclusion({0, 3, path}, leaf, lie));
  ASSERT_TRUE(verify_consistency({1, 2, path}, tree().heads[1], two));
  EXPECT_FALSE(verify_consistency({1, 3, path}, tree().heads[1], lie));
}

TEST(Proof, LooksUpFewNodes) {
  const OracleNodes nodes{tree().leaves};
  for (std::uint64_t size = 1; size <= kSizes; ++size) {
    const auto levels = static_cast<std::size_t>(std::bit_width(size));
    for (std::uint64_t index = 0; index < size; ++index) {
      nodes.asked = 0;
      ASSERT_TRUE(prove_inclusion(index, size, nodes.source()));
      EXPECT_LE(nodes.asked, 2 * levels) << index << " of " << size;
      nodes.asked = 0;
      ASSERT_TRUE(prove_consistency(index + 1, size, nodes.source()));
      EXPECT_LE(nodes.asked, 2 * levels) << index + 1 << " of " << size;
    }
  }
}

TEST(Proof, SaysWhichNodeIsMissing) {
  const NodeSource without = [](std::uint32_t level, std::uint64_t index) -> std::optional<Digest> {
    if (level == 1 && index == 2) return std::nullopt;
    return Digest{};
  };
  const auto inclusion = prove_inclusion(0, 7, without);
  ASSERT_FALSE(inclusion);
  EXPECT_EQ(inclusion.error().code, Errc::corrupt);
  EXPECT_NE(inclusion.error().message.find("node 2 of level 1"), std::string::npos);
  EXPECT_EQ(prove_consistency(4, 7, without).error().code, Errc::corrupt);
}

TEST(Proof, TextRoundTrips) {
  for (std::uint64_t size = 1; size <= kSizes; ++size) {
    for (const std::uint64_t index : {std::uint64_t{0}, size / 2, size - 1}) {
      const auto proof = inclusion(index, size);
      const auto decoded = decode_proof(encode_proof(proof));
      ASSERT_TRUE(decoded) << decoded.error().message;
      EXPECT_EQ(*decoded, proof);
    }
  }
  EXPECT_EQ(encode_proof({3, 5, {}}), "vakt-inclusion-proof 1\n3\n5\n");
}

TEST(Proof, OtherTextsAreRefused) {
  const std::string digest = encode_base64(view(empty_root())) + "\n";
  const std::string head = "vakt-inclusion-proof 1\n";
  std::string long_path;
  for (int i = 0; i < 65; ++i) long_path += digest;
  for (const std::string& bad :
       {std::string(), head, head + "3\n", head + "5\n5\n", head + "3\n05\n", head + "+3\n5\n",
        head + "3\n 5\n", head + "3\n5\r\n", head + "3\n5", head + "3\n5\n\n", head + "-1\n5\n",
        head + "3\n99999999999999999999\n", head + "3\n5\n" + digest + "x", " " + head + "3\n5\n",
        head + "3\n5\n" + digest.substr(1), head + "3\n5\n " + digest, head + "\n5\n",
        std::string("vakt-inclusion-proof 2\n3\n5\n"), head + "3\n5\n" + long_path}) {
    const auto decoded = decode_proof(bad);
    ASSERT_FALSE(decoded) << bad;
    EXPECT_FALSE(decoded.error().message.empty());
  }
  EXPECT_TRUE(decode_proof(head + "3\n5\n" + long_path.substr(digest.size())));
}

}  // namespace
}  // namespace vakt::audit
