#include "engine/text_records.h"

#include <algorithm>

#include "parse/access_log.h"
#include "parse/audit_line.h"

namespace vakt::engine {
namespace {

using event::ValueKind;

constexpr std::size_t kAuditPairsMax = 1024;

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

std::optional<Time> TextRecords::add(event::Batch& batch, std::string_view text,
                                     std::string_view program) const {
  static constexpr std::array<std::string_view, 4> kAudit{"audispd", "audisp-syslog", "auditd",
                                                          "audit"};
  static constexpr std::array<std::string_view, 3> kWeb{"nginx", "apache2", "httpd"};
  if (text.starts_with("type=") || text.starts_with("node="))
    return program.empty() || is_one_of(program, kAudit) ? add_audit(batch, text) : std::nullopt;
  return program.empty() || is_one_of(program, kWeb) ? add_access(batch, text) : std::nullopt;
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
  const auto add = [&](std::string_view name, std::string_view value) {
    for (const event::FieldId id : names_.lookup(name))
      batch.add_field(id, ValueKind::string, value);
  };
  add("type", line->type);
  add("msg", line->stamp);
  std::string_view pairs = line->pairs;
  parse::AuditPair pair;
  for (std::size_t i = 0; i < kAuditPairsMax && parse::next_audit_pair(pairs, pair); ++i) {
    // Vakt's own names are not for a record to give.
    const auto ids = names_.lookup(pair.name);
    if (ids.empty() || ids[0] < event::kFixedFields) continue;
    const auto decoded = parse::decode_audit_value(line->type, pair);
    add(pair.name, decoded ? batch.text().copy(*decoded) : pair.value);
  }
  return line->time;
}

}  // namespace vakt::engine
