#include "engine/text_records.h"

#include <algorithm>

#include "parse/access_log.h"
#include "parse/audit_line.h"
#include "parse/snare_line.h"

namespace vakt::engine {
namespace {

using event::ValueKind;

constexpr std::size_t kAuditPairsMax = 1024;
constexpr std::size_t kSnarePairsMax = 256;

bool is_one_of(std::string_view program, std::span<const std::string_view> programs) {
  return std::find(programs.begin(), programs.end(), program) != programs.end();
}

}  // namespace

// As IIS and Sigma call them. Sigma's rules look for the path in cs-uri-query, too.
TextRecords::TextRecords(const event::FieldNames& names)
    : names_(names), access_{names.lookup("cs-username"),  names.lookup("cs-method"),
                             names.lookup("cs-uri-query"), names.lookup("cs-uri-stem"),
                             names.lookup("sc-status"),    names.lookup("sc-bytes"),
                             names.lookup("cs-referer"),   names.lookup("cs-user-agent"),
                             names.lookup("c-ip")} {}

std::optional<Time> TextRecords::add(event::Batch& batch, std::string_view text, bool has_header,
                                     std::string_view program, const date::time_zone* zone) const {
  static constexpr std::array<std::string_view, 4> kAudit{"audispd", "audisp-syslog", "auditd",
                                                          "audit"};
  static constexpr std::array<std::string_view, 3> kWeb{"nginx", "apache2", "httpd"};
  if (program.empty() && parse::looks_like_snare(text)) return add_snare(batch, text, zone);
  if (text.starts_with("type=") || text.starts_with("node="))
    return !has_header || is_one_of(program, kAudit) ? add_audit(batch, text) : std::nullopt;
  return !has_header || is_one_of(program, kWeb) ? add_access(batch, text) : std::nullopt;
}

std::optional<Time> TextRecords::add_access(event::Batch& batch, std::string_view text) const {
  const auto line = parse::parse_access_line(text);
  if (!line) return std::nullopt;
  const bool is_address =
      line->client.find_first_not_of("0123456789abcdefABCDEF.:") == std::string_view::npos;
  if (is_address) batch.add_field(event::kSourceIp, ValueKind::string, line->client);
  const std::array<std::string_view, kAccessParts> parts{
      line->user,  line->method,   line->target,     line->path,  line->status,
      line->bytes, line->referrer, line->user_agent, line->client};
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (const event::FieldId id : access_[i])
      if (!parts[i].empty()) batch.add_field(id, ValueKind::string, parts[i]);
  return line->time;
}

std::optional<Time> TextRecords::add_audit(event::Batch& batch, std::string_view text) const {
  const auto line = parse::parse_audit_line(text);
  if (!line) return std::nullopt;
  add_all(batch, "type", line->type);
  add_all(batch, "msg", line->stamp);
  std::string_view pairs = line->pairs;
  parse::AuditPair pair;
  for (std::size_t i = 0; i < kAuditPairsMax && parse::next_audit_pair(pairs, pair); ++i) {
    // Vakt's own names are not for a record to give.
    const auto ids = names_.lookup(pair.name);
    if (ids.empty() || ids[0] < event::kFixedFields) continue;
    const auto decoded = parse::decode_audit_value(line->type, pair);
    add_all(batch, pair.name, decoded ? batch.text().copy(*decoded) : pair.value);
  }
  return line->time;
}

// The names are those that the field map of Windows events knows.
std::optional<Time> TextRecords::add_snare(event::Batch& batch, std::string_view text,
                                           const date::time_zone* zone) const {
  const auto line = parse::parse_snare_line(text, zone);
  if (!line || !line->time) return std::nullopt;
  add_all(batch, "Channel", line->channel);
  add_all(batch, "EventID", line->event_id);
  add_all(batch, "Provider_Name", line->provider);
  add_all(batch, "Message", line->text);
  const bool has_host = batch.find(batch.events().back(), event::kHostName) != nullptr;
  for (const event::FieldId id : names_.lookup("Computer"))
    if (id != event::kHostName || !has_host) batch.add_field(id, ValueKind::string, line->computer);
  parse::SnareText pairs(line->text);
  parse::SnarePair pair;
  std::array<char, 2 * parse::kSnareLabelBytesMax + 1> below;
  for (std::size_t i = 0; i < kSnarePairsMax && pairs.next(pair); ++i) {
    const auto ids = names_.lookup(pair.label);
    if (ids.empty() || ids[0] >= event::kFixedFields) add_all(batch, pair.label, pair.value);
    if (pair.section.empty()) continue;
    char* end = std::copy(pair.section.begin(), pair.section.end(), below.data());
    *end++ = '.';
    end = std::copy(pair.label.begin(), pair.label.end(), end);
    add_all(batch, {below.data(), static_cast<std::size_t>(end - below.data())}, pair.value);
  }
  return line->time;
}

void TextRecords::add_all(event::Batch& batch, std::string_view name,
                          std::string_view value) const {
  for (const event::FieldId id : names_.lookup(name)) batch.add_field(id, ValueKind::string, value);
}

}  // namespace vakt::engine
