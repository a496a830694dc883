// Checkpoints: signed tree heads, for keeping where whoever can change the log cannot change them.
// The format is https://c2sp.org/tlog-checkpoint in https://c2sp.org/signed-note, so that other
// people's monitors and witnesses can read them:
//
//   vakt.example.com/audit            origin: the name of the key
//   17                                size of the tree
//   CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=   its root
//   time 2026-11-28T09:00:00Z         when it was signed, RFC 3339 in UTC
//
//   — vakt.example.com/audit base64(key id, Ed25519 signature of the text above)
#pragma once

#include <string>
#include <string_view>

#include "audit/merkle.h"
#include "audit/note_key.h"
#include "base/result.h"
#include "base/time.h"

namespace vakt::audit {

inline constexpr std::size_t kCheckpointBytesMax = 256 * 1024;  // with signatures of witnesses

struct Checkpoint {
  std::string origin;  // name of the log, which is the name of the key that signs it
  TreeHead head;
  Time at;  // years 1678 to 2261
  bool operator==(const Checkpoint&) const = default;
};

// The text that is signed: four lines. Parsing takes exactly what writing gives.
std::string checkpoint_text(const Checkpoint& checkpoint);
Result<Checkpoint> parse_checkpoint_text(std::string_view text);

// The head of a log under the name of the key. The caller must never sign two heads of which one
// is not the beginning of the other.
std::string sign_checkpoint(const TreeHead& head, Time at, const SigningKey& key);

// What a checkpoint says, if the key signed it and it is about the key's log. Further signatures,
// of witnesses, are passed over.
Result<Checkpoint> open_checkpoint(std::string_view note, const VerifierKey& key);

}  // namespace vakt::audit
