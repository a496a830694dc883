// Verifies a whole stored log: every entry, every node of the tree, the frontier, and that it still
// begins with what earlier checkpoints signed. Reads each row once, keeps nothing but the frontier.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/note_key.h"
#include "audit/proof.h"
#include "audit/sha256.h"

namespace vakt::audit {

struct StoredEntry {
  std::uint64_t index = 0;  // that it is stored under
  std::string_view bytes;   // encode_entry's; valid until the next call
};

struct StoredLog {
  std::function<std::optional<StoredEntry>()> next;  // the rows in order of index; nullopt: no more
  NodeSource nodes;                                  // all that Frontier::append returned
  std::string_view frontier;                         // Frontier::encode's
};

// Checkpoints kept elsewhere, in any order, and the key they must be signed with.
struct SignedHeads {
  VerifierKey key;
  std::vector<std::string> notes;
};

enum class Problem : std::uint8_t {
  checkpoint_refused,  // a checkpoint itself is not valid: nothing was compared with it
  entry_missing,       // there is no entry of this index
  entry_extra,         // more entries than the tree has leaves
  entry_malformed,     // its bytes are none of an entry
  entry_misplaced,     // it is stored under another index than its own
  entry_changed,       // its leaf is not the one that was appended
  payload_changed,     // salt or payload are not those of its digest
  node_changed,        // a node of the tree is missing or not that of its leaves
  frontier_changed,    // the frontier is not that of the leaves
  history_rewritten,   // consistent by itself, but not what was signed
  log_truncated,       // consistent by itself, but shorter than what was signed
};
std::string_view to_string(Problem problem);

struct Finding {
  Problem problem = Problem::entry_missing;
  std::uint64_t index = 0;  // of the entry; checkpoint_refused: in SignedHeads::notes;
                            // history_rewritten: entries below it are as signed
  std::string message;      // what is wrong and what to do; for people
};

struct Verification {
  std::optional<Finding> finding;  // the first one; nullopt: all is well
  std::uint64_t size = 0;          // entries that were read and found good
  std::uint64_t erased = 0;        // of them, without payload
  Digest root{};                   // of the whole log, where nothing was found
  std::uint64_t signed_size = 0;   // entries that a matching checkpoint covers
};

// Without `heads`, who can write the store can rewrite all of it unseen.
Verification verify_log(const StoredLog& log, const std::optional<SignedHeads>& heads);

}  // namespace vakt::audit
