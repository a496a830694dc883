#include "audit/verify.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <set>

#include "lib/audit/oracle.h"
#include "lib/audit/sample.h"

namespace vakt::audit {
namespace {

constexpr std::uint64_t kEntries = 60;

const MemoryLog& genuine() {
  static const MemoryLog log = MemoryLog::of(kEntries);
  return log;
}

SignedHeads heads(std::vector<std::string> notes) {
  return {sample_key().verifier(), std::move(notes)};
}

void expect(const Verification& result, Problem problem, std::uint64_t index) {
  ASSERT_TRUE(result.finding);
  EXPECT_EQ(to_string(result.finding->problem), to_string(problem)) << result.finding->message;
  EXPECT_EQ(result.finding->index, index) << result.finding->message;
  EXPECT_EQ(result.finding->message.find("evidence") == std::string::npos,
            problem == Problem::checkpoint_refused)
      << "says what to do";
}

// The bytes of an entry, changed.
std::string with(std::uint64_t index, const std::function<void(Entry&)>& change) {
  Entry entry = sample_entry(index);
  change(entry);
  return encode_entry(entry);
}

TEST(Verify, GenuineLogsOfAllSizes) {
  std::vector<std::string> leaves;
  MemoryLog log;
  for (std::uint64_t size = 0; size <= kEntries; ++size) {
    const auto result = log.verify();
    ASSERT_FALSE(result.finding) << result.finding->message;
    EXPECT_EQ(result.size, size);
    EXPECT_EQ(result.root, oracle_root(leaves));
    EXPECT_EQ(result.erased, 0u);
    EXPECT_EQ(result.signed_size, 0u);
    log.append(sample_entry(size));
    leaves.push_back(leaf_bytes(sample_entry(size)));
  }
}

TEST(Verify, NamesWhatIsWrongAndWhere) {
  using Change = std::function<void(MemoryLog&)>;
  struct Row {
    std::string_view what;
    Change change;
    Problem problem;
    std::uint64_t index;
  };
  const auto row_at = [](MemoryLog& log, std::uint64_t i) {
    return log.entries.begin() + static_cast<std::ptrdiff_t>(i);
  };
  const Row rows[] = {
      {"removed", [&](MemoryLog& l) { l.entries.erase(row_at(l, 7)); }, Problem::entry_missing, 7},
      {"last removed", [](MemoryLog& l) { l.entries.pop_back(); }, Problem::entry_missing,
       kEntries - 1},
      {"all removed", [](MemoryLog& l) { l.entries.clear(); }, Problem::entry_missing, 0},
      {"added", [](MemoryLog& l) { l.entries.emplace_back(60, encode_entry(sample_entry(60))); },
       Problem::entry_extra, 60},
      {"not an entry", [](MemoryLog& l) { l.entries[9].second.resize(5); },
       Problem::entry_malformed, 9},
      {"swapped", [](MemoryLog& l) { l.entries[4].second.swap(l.entries[9].second); },
       Problem::entry_misplaced, 4},
      {"copied over", [](MemoryLog& l) { l.entries[9].second = l.entries[4].second; },
       Problem::entry_misplaced, 9},
      {"another actor",
       [](MemoryLog& l) { l.entries[5].second = with(5, [](Entry& e) { e.actor = "mallory"; }); },
       Problem::entry_changed, 5},
      {"sealed again",
       [](MemoryLog& l) {
         l.entries[5].second = with(5, [](Entry& e) { ASSERT_TRUE(seal(e, {salt_of(5), "{}"})); });
       },
       Problem::entry_changed, 5},
      {"another payload",
       [](MemoryLog& l) {
         l.entries[5].second = with(5, [](Entry& e) { e.content->payload = "x"; });
       },
       Problem::payload_changed, 5},
      {"another salt",
       [](MemoryLog& l) { l.entries[5].second = with(5, [](Entry& e) { e.content->salt = {}; }); },
       Problem::payload_changed, 5},
      {"leaf hash changed",
       [](MemoryLog& l) {
         l.nodes[{0, 5}][0] ^= 1;
       },
       Problem::entry_changed, 5},
      {"leaf hash removed",
       [](MemoryLog& l) {
         l.nodes.erase({0, 5});
       },
       Problem::node_changed, 5},
      {"node changed",
       [](MemoryLog& l) {
         l.nodes[{2, 1}][0] ^= 1;
       },
       Problem::node_changed, 7},
      {"node removed",
       [](MemoryLog& l) {
         l.nodes.erase({2, 1});
       },
       Problem::node_changed, 7},
      {"frontier of another log",
       [](MemoryLog& l) { l.frontier = MemoryLog::of(60, 'b').frontier; },
       Problem::frontier_changed, kEntries},
      {"older frontier", [](MemoryLog& l) { l.frontier = MemoryLog::of(50).frontier; },
       Problem::entry_extra, 50},
      {"newer frontier", [](MemoryLog& l) { l.frontier = MemoryLog::of(61).frontier; },
       Problem::entry_missing, kEntries},
      {"no frontier", [](MemoryLog& l) { l.frontier.clear(); }, Problem::frontier_changed, 0},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    MemoryLog log = genuine();
    row.change(log);
    expect(log.verify(), row.problem, row.index);
  }
}

// One random change to what is stored, of which the log was made without knowing.
void change_at_random(MemoryLog& log, std::mt19937_64& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::size_t at = below(log.entries.size());
  const std::size_t other = (at + 1 + below(log.entries.size() - 1)) % log.entries.size();
  const auto row = [&](std::size_t i) {
    return log.entries.begin() + static_cast<std::ptrdiff_t>(i);
  };
  std::string& bytes = log.entries[at].second;
  switch (random() % 12) {
    case 0:
      bytes[below(bytes.size())] ^= static_cast<char>(1 << below(8));
      break;
    case 1:
      bytes.erase(below(bytes.size()), 1);
      break;
    case 2:
      bytes.insert(below(bytes.size() + 1), 1, static_cast<char>(random()));
      break;
    case 3:
      log.entries.erase(row(at));
      break;
    case 4:  // a copy, and all that follows moved up by one
      log.entries.insert(row(at), log.entries[other]);
      for (std::size_t i = 0; i < log.entries.size(); ++i) log.entries[i].first = i;
      break;
    case 5:  // one left out, and all that follows moved down by one
      log.entries.erase(row(at));
      for (std::size_t i = 0; i < log.entries.size(); ++i) log.entries[i].first = i;
      break;
    case 6:
      bytes.swap(log.entries[other].second);
      break;
    case 7:
      log.entries.insert(row(at), log.entries[other]);  // one key twice
      break;
    case 8:
      log.frontier[below(log.frontier.size())] ^= static_cast<char>(1 << below(8));
      break;
    case 9: {
      auto node =
          std::next(log.nodes.begin(), static_cast<std::ptrdiff_t>(below(log.nodes.size())));
      node->second = with_bit_flipped(node->second, random());
      break;
    }
    case 10:
      log.entries.emplace_back(kEntries, encode_entry(sample_entry(kEntries)));
      break;
    default: {  // as genuine as can be: the right index, and a payload that matches
      Entry entry = sample_entry(at, 'b');
      bytes = encode_entry(entry);
    }
  }
}

TEST(Verify, FindsEveryRandomChange) {
  std::mt19937_64 random(20261128);
  std::set<Problem> found;
  for (int round = 0; round < 5000; ++round) {
    MemoryLog log = genuine();
    change_at_random(log, random);
    const auto result = log.verify();
    ASSERT_TRUE(result.finding) << "round " << round;
    found.insert(result.finding->problem);
  }
  EXPECT_EQ(found.size(), 8u) << "all but those that need a checkpoint";
}

TEST(Verify, TruncationIsFoundAgainstACheckpointOnly) {
  const std::string signed_at_end = genuine().checkpoint();
  for (const std::uint64_t left :
       {std::uint64_t{0}, std::uint64_t{1}, kEntries / 2, kEntries - 1}) {
    const MemoryLog cut = MemoryLog::of(left);  // entries, nodes and frontier all fit each other
    EXPECT_FALSE(cut.verify().finding) << "nothing in the store tells it";
    expect(cut.verify(heads({signed_at_end})), Problem::log_truncated, left);
    EXPECT_FALSE(cut.verify(heads({cut.checkpoint()})).finding);
  }
}

TEST(Verify, RewritingIsFoundAgainstACheckpointOnly) {
  // The attacker has the whole store and recomputes all of it, but has not the key.
  for (std::uint64_t from = 0; from < kEntries; ++from) {
    MemoryLog forged = MemoryLog::of(from);
    while (forged.tree.size() < kEntries) forged.append(sample_entry(forged.tree.size(), 'b'));
    EXPECT_FALSE(forged.verify().finding) << "nothing in the store tells it";
    expect(forged.verify(heads({genuine().checkpoint()})), Problem::history_rewritten, 0);
    // Earlier checkpoints tell since when.
    const std::uint64_t before = from / 2;
    const auto result =
        forged.verify(heads({genuine().checkpoint(), MemoryLog::of(before).checkpoint()}));
    expect(result, Problem::history_rewritten, before);
    EXPECT_EQ(result.signed_size, before);
    // What the attacker signs, with a key of the same name, is refused.
    const std::string forgery = sign_checkpoint(forged.tree.head(), sample_time(0), sample_key(2));
    expect(forged.verify(heads({genuine().checkpoint(), forgery})), Problem::checkpoint_refused, 1);
  }
}

TEST(Verify, AgreesWithEveryCheckpointOfItsPast) {
  std::vector<std::string> notes;
  MemoryLog log;
  for (std::uint64_t size = 0; size <= kEntries; ++size) {
    notes.push_back(log.checkpoint());
    if (size < kEntries) log.append(sample_entry(size));
  }
  std::shuffle(notes.begin(), notes.end(), std::mt19937_64(1));
  const auto result = log.verify(heads(notes));
  ASSERT_FALSE(result.finding) << result.finding->message;
  EXPECT_EQ(result.signed_size, kEntries);
  const auto early = log.verify(heads({MemoryLog::of(10).checkpoint()}));
  ASSERT_FALSE(early.finding);
  EXPECT_EQ(early.signed_size, 10u);
}

TEST(Verify, WrongCheckpointIsNamed) {
  std::string changed = genuine().checkpoint();
  changed.insert(changed.find('\n') + 1, "1");  // of 160 entries
  expect(genuine().verify(heads({genuine().checkpoint(), changed})), Problem::checkpoint_refused,
         1);
  expect(genuine().verify(heads({""})), Problem::checkpoint_refused, 0);
}

TEST(Verify, ErasureKeepsTheTree) {
  MemoryLog log = genuine();
  for (auto& [index, bytes] : log.entries) {
    if (index % 3 != 0) continue;
    Entry entry = *decode_entry(bytes);
    erase(entry);
    bytes = encode_entry(entry);
  }
  const auto result = log.verify(heads({genuine().checkpoint()}));
  ASSERT_FALSE(result.finding) << result.finding->message;
  EXPECT_EQ(result.erased, kEntries / 3);
  EXPECT_EQ(result.root, genuine().tree.root());
  // What is left is still held by it.
  log.entries[3].second = with(3, [](Entry& e) {
    e.actor = "mallory";
    erase(e);
  });
  expect(log.verify(), Problem::entry_changed, 3);
}

TEST(Verify, StoredNodesProveWhatWasSigned) {
  const Checkpoint past = *open_checkpoint(MemoryLog::of(37).checkpoint(), sample_key().verifier());
  const Checkpoint now = *open_checkpoint(genuine().checkpoint(), sample_key().verifier());
  for (std::uint64_t i = 0; i < kEntries; ++i) {
    const auto proof = prove_inclusion(i, now.head.size, genuine().source());
    ASSERT_TRUE(proof) << proof.error().message;
    Entry entry = sample_entry(i);
    erase(entry);
    EXPECT_TRUE(verify_inclusion(*proof, leaf_of(entry), now.head));
    EXPECT_FALSE(verify_inclusion(*proof, leaf_of(sample_entry(i, 'b')), now.head));
  }
  const auto proof = prove_consistency(past.head.size, now.head.size, genuine().source());
  ASSERT_TRUE(proof) << proof.error().message;
  EXPECT_TRUE(verify_consistency(*proof, past.head, now.head));
  EXPECT_FALSE(verify_consistency(*proof, MemoryLog::of(37, 'b').tree.head(), now.head));
}

}  // namespace
}  // namespace vakt::audit
