#include "parse/syslog.h"

#include <array>

#include "parse/stamp.h"

namespace vakt::parse {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";
constexpr int kPriorityMax = 191;

std::string_view strip_bom(std::string_view text) {
  if (text.starts_with(kBom)) text.remove_prefix(kBom.size());
  return text;
}

std::string_view unless_nil(std::string_view word) {
  return word == "-" ? std::string_view() : word;
}

bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// A table of the letters, digits, bytes over 0x7F and `others`.
constexpr std::array<bool, 256> word_table(std::string_view others) {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < 256; ++i)
    table[i] =
        (i >= '0' && i <= '9') || (i >= 'A' && i <= 'Z') || (i >= 'a' && i <= 'z') || i >= 0x80;
  for (const char c : others) table[static_cast<unsigned char>(c)] = true;
  return table;
}
// Without quotes, braces and '=', which begin a message of another kind (JSON, key=value).
constexpr auto kHostBytes = word_table(".-_:/%@#");
constexpr auto kTagBytes = word_table(".-_:/%@#()+~*\\$!&|");

// The word right here if it can name a host (a colon at its end may be in it), else nothing.
std::string_view host_word(const Cursor& cursor) {
  Cursor c = cursor;
  while (!c.done() && kHostBytes[static_cast<unsigned char>(*c.at)]) ++c.at;
  const std::string_view word = c.since(cursor.at);
  if (word.empty() || !c.at_word_end()) return {};
  const char first = word[0];
  const bool good =
      is_alphanumeric(first) || (first & 0x80) != 0 || first == ':' || first == '_' || word == "-";
  return good ? word : std::string_view();
}

// `<0>` to `<191>`, read; `<999>`, `<>`: skipped without a meaning. Anything else stays.
void read_priority(Cursor& cursor, SyslogHeader& header) {
  Cursor c = cursor;
  if (!c.skip('<')) return;
  int value = 0;
  int digits = 0;
  for (; digits < 5 && is_digit(c.peek()); ++digits, ++c.at) value = value * 10 + (*c.at - '0');
  if (!c.skip('>')) return;
  cursor = c;
  if (digits == 0 || digits > 3 || value > kPriorityMax) return;
  header.priority = static_cast<std::uint8_t>(value);
  header.has_priority = true;
}

// RFC 5424 ----------------------------------------------------------------------------------------

// The rest of a quoted value, its closing quote included.
bool skip_quoted(Cursor& c) {
  for (; !c.done(); ++c.at) {
    if (*c.at == '"') {
      ++c.at;
      return true;
    }
    if (*c.at == '\\' && c.left() > 1) ++c.at;
  }
  return false;
}

bool skip_sd_name(Cursor& c) {
  const char* start = c.at;
  while (!c.done() && *c.at > ' ' && *c.at != '=' && *c.at != ']' && *c.at != '"') ++c.at;
  return c.at != start;
}

// One `[id name="value" ...]`. More than one space between the parts is let through.
bool skip_sd_element(Cursor& c) {
  if (!c.skip('[') || !skip_sd_name(c)) return false;
  while (!c.skip(']')) {
    if (c.skip_spaces() == 0) return false;
    if (c.peek() == ']') continue;
    if (!skip_sd_name(c) || !c.skip('=') || !c.skip('"') || !skip_quoted(c)) return false;
  }
  return true;
}

bool read_structured_data(Cursor& cursor, std::string_view& text) {
  Cursor c = cursor;
  if (!c.skip('-')) {
    do {
      if (!skip_sd_element(c)) return false;
    } while (c.peek() == '[');
  }
  if (!c.at_word_end()) return false;
  text = unless_nil(c.since(cursor.at));
  cursor = c;
  return true;
}

std::string_view read_word(Cursor& c) {
  const std::string_view word = c.word();
  c.at += word.size();
  c.skip(' ');
  return unless_nil(word);
}

// From the version on. False where it is not RFC 5424.
bool read_5424(Cursor c, const SyslogContext& context, SyslogHeader& header) {
  if (!is_digit(c.peek()) || c.peek() == '0') return false;
  for (int digits = 0; digits < 3 && is_digit(c.peek()); ++digits) ++c.at;
  if (!c.skip(' ')) return false;
  Civil civil;
  Cursor stamp = c;
  if (header.has_priority && c.peek() == '-' && c.peek(1) == ' ') {
    ++c.at;
  } else if (read_iso(stamp, false, civil) && stamp.at_word_end()) {
    header.timestamp = stamp.since(c.at);
    c = stamp;
    if (const auto time = to_time(civil, context.zone)) {
      header.time = *time;
      header.has_time = true;
    }
  } else {
    return false;
  }
  c.skip(' ');
  header.hostname = read_word(c);
  header.app_name = read_word(c);
  header.proc_id = read_word(c);
  header.msg_id = read_word(c);
  if (read_structured_data(c, header.structured_data)) {
    // rsyslog forwards the space that RFC 3164 senders put after the tag: there are two then.
    c.skip_spaces();
  } else {
    header.unparsed = true;
  }
  header.message = strip_bom(c.rest());
  return true;
}

// RFC 3164 and what is near it --------------------------------------------------------------------

// `name:`, `name[pid]:` or `name[pid]`, and the spaces after it.
bool read_tag(Cursor& cursor, SyslogHeader& header) {
  Cursor c = cursor;
  while (!c.done() && kTagBytes[static_cast<unsigned char>(*c.at)]) ++c.at;
  std::string_view name = c.since(cursor.at);
  std::string_view pid;
  if (c.peek() == '[') {
    const char* start = ++c.at;
    while (!c.done() && *c.at != ' ' && *c.at != ']') ++c.at;
    pid = c.since(start);
    if (!c.skip(']')) return false;
    c.skip(':');
  } else if (name.ends_with(':')) {
    name.remove_suffix(1);
  } else {
    return false;
  }
  if (name.empty() || !c.at_word_end()) return false;
  header.app_name = name;
  header.proc_id = pid;
  c.skip_spaces();
  cursor = c;
  return true;
}

// A Cisco router's own header, relayed behind another one: `82: .Sep  6 14:12:56.872: %SYS-5-...`.
// Its time is not used, as the outer one is the relay's own and better kept.
void skip_inner_sequence(Cursor& cursor, const SyslogContext& context) {
  Cursor c = cursor;
  while (is_digit(c.peek())) ++c.at;
  if (c.at == cursor.at || !c.skip(':') || c.skip_spaces() == 0) return;
  Stamp ignored;
  Cursor after = c;
  if (read_stamp(after, context, ignored) && ignored.colon) {
    after.skip_spaces();
    c = after;
  }
  if (c.peek() == '%') cursor = c;
}

void read_host_and_tag(Cursor c, bool host_possible, const SyslogContext& context,
                       SyslogHeader& header) {
  c.skip_spaces();
  if (host_possible) {
    // A first word with a colon at its end, or with '[' in it, is the tag.
    const std::string_view host = host_word(c);
    if (!host.empty() && !host.ends_with(':')) {
      header.hostname = unless_nil(host);
      c.at += host.size();
      c.skip_spaces();
      if (c.peek() == ':' && c.peek(1) == ' ') {  // "fw1 : %ASA-6-302013: ..."
        ++c.at;
        c.skip_spaces();
      }
    }
  }
  if (is_digit(c.peek())) skip_inner_sequence(c, context);
  read_tag(c, header);
  header.message = strip_bom(c.rest());
}

// Cisco's prefixes before the time: sequence numbers `29: `, a lone `: `, then perhaps `host: `.
bool read_prefixed_stamp(Cursor& cursor, const SyslogContext& context, SyslogHeader& header,
                         Stamp& stamp) {
  Cursor c = cursor;
  int prefixes = 0;
  for (; prefixes < 3; ++prefixes) {
    Cursor next = c;
    while (is_digit(next.peek())) ++next.at;
    if (!next.skip(':') || next.skip_spaces() == 0) break;
    c = next;
  }
  if (prefixes == 0) return false;
  if (!read_stamp(c, context, stamp)) {
    const std::string_view host = host_word(c);
    if (!host.ends_with(':')) return false;
    c.at += host.size();
    c.skip_spaces();
    if (!read_stamp(c, context, stamp)) return false;
    header.hostname = host.substr(0, host.size() - 1);
  }
  cursor = c;
  return true;
}

bool read_3164(Cursor c, const SyslogContext& context, SyslogHeader& header) {
  c.skip_spaces();
  Stamp stamp;
  if (!read_stamp(c, context, stamp) && !read_prefixed_stamp(c, context, header, stamp))
    return false;
  header.timestamp = stamp.text;
  header.has_time = stamp.has_time;
  header.year_guessed = stamp.year_guessed;
  header.time = stamp.time;
  read_host_and_tag(c, !stamp.colon && header.hostname.empty(), context, header);
  return true;
}

// Key=value without a header ----------------------------------------------------------------------

std::string_view value_of(std::string_view text, std::string_view key) {
  const auto at = text.find(key);
  if (at == std::string_view::npos || at == 0 || text[at - 1] != ' ') return {};
  text.remove_prefix(at + key.size());
  const char stop = text.starts_with('"') ? '"' : ' ';
  if (stop == '"') text.remove_prefix(1);
  return text.substr(0, text.find(stop));
}

// Fortinet and Sophos: `[device="SFW" ]date=2024-05-06 time=07:08:09 devname="fw" tz="+0200" ...`.
// The whole text stays the message.
bool read_key_value(Cursor c, const SyslogContext& context, SyslogHeader& header) {
  c.skip_spaces();
  const std::string_view text = c.rest();
  if (c.skip("device=")) {
    c.at += c.word().size();
    c.skip_spaces();
  }
  const char* start = c.at;
  Civil civil;
  if (!c.skip("date=") || !c.digits(4, civil.year) || !c.skip('-') || !c.digits(2, civil.month) ||
      !c.skip('-') || !c.digits(2, civil.day) || !c.skip(" time=") || !read_clock(c, civil) ||
      !c.at_word_end())
    return false;
  header.timestamp = c.since(start);
  const std::string_view zone = value_of(text, "tz=");
  Cursor offset(zone);
  if (!read_offset(offset, civil) || !offset.done()) civil.offset_seconds.reset();
  if (const auto time = to_time(civil, context.zone)) {
    header.time = *time;
    header.has_time = true;
  }
  header.hostname = value_of(text, "devname=");
  if (header.hostname.empty()) header.hostname = value_of(text, "device_name=");
  header.message = text;
  return true;
}

}  // namespace

SyslogHeader parse_syslog(std::string_view frame, const SyslogContext& context) {
  SyslogHeader header;
  const std::string_view text = strip_bom(frame);
  Cursor cursor(text);
  read_priority(cursor, header);
  if (read_5424(cursor, context, header) || read_3164(cursor, context, header) ||
      read_key_value(cursor, context, header))
    return header;
  header.unparsed = true;
  // What looked like a priority and is none is text.
  header.message = header.has_priority ? strip_bom(cursor.rest()) : text;
  return header;
}

}  // namespace vakt::parse
