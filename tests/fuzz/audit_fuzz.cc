// Everything of the audit log that comes from outside. The first byte chooses the decoder: whatever
// decodes encodes to the same bytes again, and nobody forges a checkpoint.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "audit/base64.h"
#include "audit/checkpoint.h"
#include "audit/entry.h"
#include "audit/merkle.h"
#include "audit/note_key.h"
#include "audit/proof.h"
#include "base/check.h"

namespace {

using namespace vakt;
using namespace vakt::audit;

void check_entry(std::string_view bytes) {
  auto entry = decode_entry(bytes);
  if (!entry) return;
  check(encode_entry(*entry) == bytes, "an entry is written in one way");
  const Digest leaf = leaf_of(*entry);
  erase(*entry);
  check(leaf_of(*entry) == leaf, "erasure keeps the leaf");
  check(decode_entry(encode_entry(*entry)) == *entry, "and leaves an entry");
}

void check_frontier(std::string_view bytes) {
  auto frontier = Frontier::decode(bytes);
  if (!frontier) return;
  check(frontier->encode() == bytes, "a frontier is written in one way");
  frontier->root();
  if (frontier->size() == UINT64_MAX) return;
  for (const Node& node : frontier->append(Digest{}))
    check(node.level < 64 && node.index << node.level < frontier->size(), "a node of the tree");
  check(Frontier::decode(frontier->encode()) == *frontier, "and it goes on");
}

void check_proof(std::string_view text) {
  const auto proof = decode_proof(text);
  check(proof || !proof.error().message.empty(), "an error says something");
  if (!proof) return;
  check(encode_proof(*proof) == text, "a proof is written in one way");
  check(!verify_inclusion(*proof, Digest{}, {proof->tree_size, Digest{}}) || proof->path.empty(),
        "nobody finds a path to a root of zeros");
}

void check_checkpoint(std::string_view text) {
  static const SigningKey key = *SigningKey::make("vakt.example.com/audit", Seed{});
  const auto checkpoint = parse_checkpoint_text(text);
  if (!checkpoint) return;
  check(checkpoint_text(*checkpoint) == text, "a checkpoint is written in one way");
  const std::string note = sign_checkpoint(checkpoint->head, checkpoint->at, key);
  const auto opened = open_checkpoint(note, key.verifier());
  check(opened && opened->head == checkpoint->head && opened->at == checkpoint->at,
        "what is signed opens");
}

// The one checkpoint that this key ever signed; a seed holds it. The key is of a seed that the
// fuzzer has no way to find.
void check_note(std::string_view note) {
  static const SigningKey key = *SigningKey::make("vakt.example.com/audit", sha256({"audit_fuzz"}));
  const TreeHead head{17, empty_root()};
  const auto opened = open_checkpoint(note, key.verifier());
  check(!opened || (opened->head == head && opened->at == from_unix_seconds(1'795'000'000)),
        "nobody else signs");
}

void check_keys(std::string_view text) {
  if (const auto key = parse_verifier_key(text)) check(key->text() == text, "one text a key");
  if (const auto key = parse_signing_key(text)) check(key->text() == text, "one text a secret");
  if (const auto bytes = decode_base64(text)) check(encode_base64(*bytes) == text, "one base 64");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array kDecoders{check_entry,      check_frontier, check_proof,
                                 check_checkpoint, check_note,     check_keys};
  if (size == 0) return 0;
  // An exact-size block: the sanitizer sees a read beyond it.
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto block = std::make_unique<char[]>(rest.size());
  rest.copy(block.get(), rest.size());
  kDecoders[data[0] % kDecoders.size()]({block.get(), rest.size()});
  return 0;
}
