#include "audit/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "audit/base64.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/text.h"

namespace vakt::audit {
namespace {

constexpr std::string_view kDash = "\xE2\x80\x94 ";  // U+2014
constexpr std::string_view kTime = "time ";
constexpr std::size_t kKeyIdBytes = 4;

auto refuse(std::string why) { return fail(Errc::invalid, "the checkpoint " + std::move(why)); }

// The text up to the next newline, which is removed with it; the caller knows that there is one.
std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

struct SignatureLine {
  std::string_view name;
  std::string bytes;  // key id, signature
};

std::optional<SignatureLine> parse_signature_line(std::string_view line) {
  if (!line.starts_with(kDash)) return std::nullopt;
  line.remove_prefix(kDash.size());
  const auto space = line.find(' ');
  if (space == line.npos || space == 0) return std::nullopt;
  auto bytes = decode_base64(line.substr(space + 1));
  if (!bytes || bytes->size() <= kKeyIdBytes) return std::nullopt;
  return SignatureLine{line.substr(0, space), std::move(*bytes)};
}

bool is_note_text(std::string_view note) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; };
  return std::none_of(note.begin(), note.end(), control) && is_valid_utf8(note);
}

bool is_signed_by(const SignatureLine& line, const VerifierKey& key) {
  return line.name == key.name && ByteReader(line.bytes).be32() == key.id();
}

bool verifies(const SignatureLine& line, std::string_view text, const VerifierKey& key) {
  Signature signature;
  if (line.bytes.size() != kKeyIdBytes + signature.size()) return false;
  std::copy(line.bytes.begin() + kKeyIdBytes, line.bytes.end(), signature.begin());
  return key.verify(text, signature);
}

}  // namespace

std::string checkpoint_text(const Checkpoint& checkpoint) {
  return fmt::format("{}\n{}\n{}\n{}{}\n", checkpoint.origin, checkpoint.head.size,
                     encode_base64(view(checkpoint.head.root)), kTime,
                     format_rfc3339(checkpoint.at));
}

Result<Checkpoint> parse_checkpoint_text(std::string_view text) {
  std::string_view rest = text;
  Checkpoint checkpoint;
  checkpoint.origin = take_line(rest);
  const std::string_view size = take_line(rest);
  std::from_chars(size.data(), size.data() + size.size(), checkpoint.head.size);
  const auto root = decode_base64_digest(take_line(rest));
  const std::string_view time = take_line(rest);
  const auto at = time.starts_with(kTime) ? parse_rfc3339(time.substr(kTime.size())) : std::nullopt;
  if (checkpoint.origin.empty()) return refuse("does not begin with the name of a log");
  if (!root) return refuse("has no root in its third line: 44 characters of base 64");
  if (!at) return refuse("has no time in its fourth line, as in \"time 2026-11-28T09:00:00Z\"");
  checkpoint.head.root = *root;
  checkpoint.at = *at;
  // Numbers and times can be written in several ways, and there may be more: signed is one text.
  if (checkpoint_text(checkpoint) != text)
    return refuse("is not written as Vakt writes it (four lines, a plain size, a time in UTC)");
  return checkpoint;
}

std::string sign_checkpoint(const TreeHead& head, Time at, const SigningKey& key) {
  const VerifierKey& verifier = key.verifier();
  const std::string text = checkpoint_text({verifier.name, head, at});
  check(parse_checkpoint_text(text).has_value(), "a time that can be written");
  std::string bytes;
  ByteWriter(bytes).be32(verifier.id());
  bytes.append(view(key.sign(text)));
  return fmt::format("{}\n{}{} {}\n", text, kDash, verifier.name, encode_base64(bytes));
}

Result<Checkpoint> open_checkpoint(std::string_view note, const VerifierKey& key) {
  if (note.size() > kCheckpointBytesMax)
    return fail(Errc::too_large, fmt::format("the checkpoint has {} bytes, at most {}", note.size(),
                                             kCheckpointBytesMax));
  const auto blank = note.rfind("\n\n");
  if (blank == note.npos || !note.ends_with('\n') || !is_note_text(note))
    return refuse("is not a signed note: text, a blank line, signatures");
  const std::string_view text = note.substr(0, blank + 1);
  std::string_view signatures = note.substr(blank + 2);
  bool is_signed = false;
  while (!signatures.empty()) {
    const auto line = parse_signature_line(take_line(signatures));
    if (!line) return refuse("has a malformed line of signature");
    if (!is_signed_by(*line, key)) continue;
    if (!verifies(*line, text, key))
      return refuse(
          fmt::format("was changed, or signed by another key: the signature of {} does "
                      "not verify",
                      key.name));
    is_signed = true;
  }
  if (!is_signed)
    return refuse(
        fmt::format("is not signed by the key {} ({:08x}): check that the verifier key "
                    "is the one of this log",
                    key.name, key.id()));
  auto checkpoint = parse_checkpoint_text(text);
  if (checkpoint && checkpoint->origin != key.name)
    return refuse(fmt::format("is about another log than {}, the name of its key", key.name));
  return checkpoint;
}

}  // namespace vakt::audit
