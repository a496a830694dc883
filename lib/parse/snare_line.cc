#include "parse/snare_line.h"

#include <algorithm>
#include <array>

#include "parse/civil.h"

namespace vakt::parse {
namespace {

constexpr std::string_view kTag = "MSWinEventLog";
constexpr std::string_view kScript = "Creating Scriptblock text";
constexpr std::size_t kHostBytesMax = 255;

// Where the tag is.
std::size_t tag_in(std::string_view text) {
  if (text.starts_with(kTag)) return 0;
  const std::size_t host = text.substr(0, kHostBytesMax + 1).find_first_of("\t ");
  if (host == std::string_view::npos || text[host] != '\t' ||
      !text.substr(host + 1).starts_with(kTag))
    return std::string_view::npos;
  return host + 1;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Fields between tabs, or between what rsyslog makes of them.
class Fields {
 public:
  explicit Fields(std::string_view text)
      : rest_(text), between_(text.starts_with("#011") ? "#011" : "\t") {}
  bool begin() {
    if (!rest_.starts_with(between_)) return false;
    rest_.remove_prefix(between_.size());
    return true;
  }
  std::string_view next() {
    const std::size_t end = rest_.find(between_);
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + between_.size());
    return field;
  }

 private:
  std::string_view rest_;
  std::string_view between_;
};

// "Fri Nov 27 10:00:00 2026"
std::optional<Time> read_time(std::string_view text, const date::time_zone* zone) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() < 20 || text[3] != ' ' || text[7] != ' ') return std::nullopt;
  const std::size_t month = kMonths.find(text.substr(4, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  Civil civil;
  civil.month = static_cast<int>(month / 3) + 1;
  Cursor cursor(text.substr(8));
  cursor.skip_spaces();
  if (!cursor.digits(2, civil.day) && !cursor.digits(1, civil.day)) return std::nullopt;
  if (!cursor.skip(' ') || !read_clock(cursor, civil) || !cursor.skip(' ') ||
      !cursor.digits(4, civil.year) || !cursor.done())
    return std::nullopt;
  return to_time(civil, zone);
}

// "New Process Name", "Package Name (NTLM only)": words with capitals.
bool is_label(std::string_view text) {
  if (text.size() > kSnareLabelBytesMax) return false;
  if (text.starts_with(kScript)) return true;
  text = text.substr(0, text.find(" ("));
  bool begins = true;
  for (const char c : text) {
    const bool fits =
        begins ? (c >= 'A' && c <= 'Z') || is_digit(c)
               : is_letter(c) || is_digit(c) || c == ' ' || c == '-' || c == '_' || c == '/';
    if (!fits) return false;
    begins = c == ' ';
  }
  return !begins;
}

// Up to two spaces in a row, or a tab. Taken off the text together with what is before it.
std::string_view take_piece(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const std::size_t end = std::min(std::min(text.find("  "), text.find('\t')), text.size());
  std::string_view piece = text.substr(0, end);
  if (piece.ends_with(' ')) piece.remove_suffix(1);
  text.remove_prefix(end);
  return piece;
}

struct Piece {
  std::string_view label;  // empty: it does not begin with one
  std::string_view value;  // what follows; empty: nothing
};

Piece read_piece(std::string_view piece) {
  const std::size_t colon = std::min(piece.find(": "), piece.size());
  if (colon < piece.size())
    return is_label(piece.substr(0, colon)) ? Piece{piece.substr(0, colon), piece.substr(colon + 2)}
                                            : Piece{{}, piece};
  if (piece.ends_with(':') && is_label(piece.substr(0, piece.size() - 1)))
    return {piece.substr(0, piece.size() - 1), {}};
  return {{}, piece};
}

std::string_view between(std::string_view first, std::string_view last) {
  return {first.data(), static_cast<std::size_t>(last.data() + last.size() - first.data())};
}

}  // namespace

bool looks_like_snare(std::string_view text) { return tag_in(text) != std::string_view::npos; }

std::optional<SnareLine> parse_snare_line(std::string_view text, const date::time_zone* zone) {
  const std::size_t tag = tag_in(text);
  if (tag == std::string_view::npos) return std::nullopt;
  Fields fields(text.substr(tag + kTag.size()));
  if (!fields.begin()) return std::nullopt;
  SnareLine line;
  fields.next();  // criticality
  line.channel = fields.next();
  fields.next();  // the agent's count
  line.time = read_time(fields.next(), zone);
  line.event_id = fields.next();
  line.provider = fields.next();
  line.user = fields.next();
  fields.next();  // type of the user's SID
  line.type = fields.next();
  line.computer = fields.next();
  line.category = fields.next();
  fields.next();  // the event's strings, empty where the text is there
  line.text = fields.next();
  const bool number =
      !line.event_id.empty() && std::all_of(line.event_id.begin(), line.event_id.end(), is_digit);
  if (line.channel.empty() || !number) return std::nullopt;
  return line;
}

// Windows explains some events at the end of their text. The last such place counts: what comes
// before it may be an attacker's.
SnareText::SnareText(std::string_view text) : rest_(text) {
  constexpr std::array<std::string_view, 2> kExplanations{"Token Elevation Type indicates",
                                                          "This event is generated"};
  for (const std::string_view explanation : kExplanations)
    rest_ = rest_.substr(0, rest_.rfind(explanation));
}

bool SnareText::next(SnarePair& pair) {
  while (!rest_.empty()) {
    Piece piece = read_piece(take_piece(rest_));
    if (piece.label.empty()) continue;
    std::string_view value = piece.value;
    if (piece.label.starts_with(kScript)) {
      // A script is what it is; the labels behind it are the last ones.
      const std::size_t end = std::min(rest_.rfind("ScriptBlock ID:"), rest_.size());
      value = between(value.empty() ? rest_.substr(0, 0) : value, rest_.substr(0, end));
      rest_.remove_prefix(end);
      piece.label = kScript;  // without "(1 of 3)"
    } else {
      for (std::string_view after = rest_; !after.empty(); rest_ = after) {
        const std::string_view more = take_piece(after);
        if (!read_piece(more).label.empty()) break;
        if (!more.empty()) value = value.empty() ? more : between(value, more);
      }
    }
    const std::size_t begin = std::min(value.find_first_not_of(" \t"), value.size());
    value = value.substr(begin, value.find_last_not_of(" \t") + 1 - begin);
    if (value.empty()) {
      section_ = piece.label;
      continue;
    }
    pair = {section_, piece.label, value};
    return true;
  }
  return false;
}

}  // namespace vakt::parse
