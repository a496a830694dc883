#include "audit/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "audit/checkpoint.h"
#include "audit/entry.h"

namespace vakt::audit {
namespace {

constexpr std::array<std::string_view, 11> kProblemNames{
    "checkpoint_refused", "entry_missing",     "entry_extra",     "entry_malformed",
    "entry_misplaced",    "entry_changed",     "payload_changed", "node_changed",
    "frontier_changed",   "history_rewritten", "log_truncated"};
static_assert(kProblemNames.size() == static_cast<std::size_t>(Problem::log_truncated) + 1);

using Found = std::optional<Finding>;

constexpr std::string_view kWhatToDo =
    ". Keep a copy of the store as evidence and compare it with a backup";

// Of the store; not of a checkpoint.
Finding finding(Problem problem, std::uint64_t index, std::string what) {
  return {problem, index, std::move(what.append(kWhatToDo))};
}

// One pass over a log. Each step returns what it finds wrong.
class Verifier {
 public:
  Verifier(const StoredLog& log, Verification& result) : log_(log), result_(result) {}

  Found run(const std::optional<SignedHeads>& heads) {
    if (heads)
      if (auto found = open(*heads)) return found;
    const auto stored = Frontier::decode(log_.frontier);
    if (!stored)
      return finding(Problem::frontier_changed, 0, "the frontier of the audit tree cannot be read");
    if (auto found = compare_signed()) return found;  // with the empty tree
    while (const auto row = log_.next()) {
      if (auto found = take(*row, stored->size())) return found;
      if (auto found = compare_signed()) return found;
    }
    return compare_end(*stored);
  }

 private:
  Found open(const SignedHeads& heads) {
    for (std::size_t i = 0; i < heads.notes.size(); ++i) {
      auto head = open_checkpoint(heads.notes[i], heads.key);
      if (!head) return Finding{Problem::checkpoint_refused, i, head.error().message};
      signed_.push_back(std::move(*head));
    }
    std::stable_sort(signed_.begin(), signed_.end(), [](const Checkpoint& a, const Checkpoint& b) {
      return a.head.size < b.head.size;
    });
    return std::nullopt;
  }

  Found take(const StoredEntry& row, std::uint64_t tree_size) {
    const std::uint64_t index = frontier_.size();
    if (row.index != index)
      return finding(
          Problem::entry_missing, index,
          fmt::format("entry {} is missing; the next one is {}: the log was changed after it was "
                      "written",
                      index, row.index));
    if (index >= tree_size)
      return finding(Problem::entry_extra, index,
                     fmt::format("there is an entry {}, but the tree has only {} leaves: it was "
                                 "added past Vakt",
                                 index, tree_size));
    const auto entry = decode_entry(row.bytes);
    if (!entry)
      return finding(Problem::entry_malformed, index,
                     fmt::format("entry {} cannot be read: its bytes were changed", index));
    if (entry->index != index)
      return finding(Problem::entry_misplaced, index,
                     fmt::format("in place of entry {} there is entry {}: entries were moved or "
                                 "copied",
                                 index, entry->index));
    if (auto found = take_leaf(leaf_of(*entry))) return found;
    if (!payload_matches(*entry))
      return finding(Problem::payload_changed, index,
                     fmt::format("the payload of entry {} is not the one that was written; the "
                                 "rest of the entry is genuine",
                                 index));
    ++result_.size;
    result_.erased += entry->content ? 0 : 1;
    return std::nullopt;
  }

  Found take_leaf(const Digest& leaf) {
    const std::uint64_t index = frontier_.size();
    for (const Node& node : frontier_.append(leaf)) {
      const auto stored = log_.nodes(node.level, node.index);
      if (stored == node.digest) continue;
      if (stored && node.level == 0)
        return finding(Problem::entry_changed, index,
                       fmt::format("entry {} is not the one that was written: its hash is {}, in "
                                   "the tree it is {}",
                                   index, to_hex(leaf), to_hex(*stored)));
      return finding(Problem::node_changed, index,
                     fmt::format("node {} of level {} of the tree {} its leaves, the last of which "
                                 "is entry {}",
                                 node.index, node.level,
                                 stored ? "is not that of" : "is missing above", index));
    }
    return std::nullopt;
  }

  // With all checkpoints of exactly the entries so far.
  Found compare_signed() {
    for (; compared_ < signed_.size() && signed_[compared_].head.size == frontier_.size();
         ++compared_) {
      const Checkpoint& checkpoint = signed_[compared_];
      if (checkpoint.head != frontier_.head())
        return finding(
            Problem::history_rewritten, result_.signed_size,
            fmt::format("the first {} entries are not those signed at {}, only the first {} are as "
                        "signed: history was rewritten",
                        checkpoint.head.size, format_rfc3339(checkpoint.at), result_.signed_size));
      result_.signed_size = checkpoint.head.size;
    }
    return std::nullopt;
  }

  Found compare_end(const Frontier& stored) {
    const std::uint64_t size = frontier_.size();
    if (stored.size() > size)
      return finding(Problem::entry_missing, size,
                     fmt::format("entries from {} on are missing: the tree has {} leaves", size,
                                 stored.size()));
    if (stored != frontier_)
      return finding(Problem::frontier_changed, size,
                     "the frontier of the audit tree is not that of its entries");
    if (compared_ == signed_.size()) {
      result_.root = stored.root();
      return std::nullopt;
    }
    const Checkpoint& checkpoint = signed_[compared_];
    return finding(
        Problem::log_truncated, size,
        fmt::format("the log ends after {} entries, but {} were signed at {}: entries were cut off "
                    "its end, or an old backup was restored",
                    size, checkpoint.head.size, format_rfc3339(checkpoint.at)));
  }

  const StoredLog& log_;
  Verification& result_;
  Frontier frontier_;
  std::vector<Checkpoint> signed_;  // by size
  std::size_t compared_ = 0;        // how many of them
};

}  // namespace

std::string_view to_string(Problem problem) {
  return kProblemNames.at(static_cast<std::size_t>(problem));
}

Verification verify_log(const StoredLog& log, const std::optional<SignedHeads>& heads) {
  Verification result;
  result.finding = Verifier(log, result).run(heads);
  return result;
}

}  // namespace vakt::audit
