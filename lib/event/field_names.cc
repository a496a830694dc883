#include "event/field_names.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace vakt::event {

FieldNames::FieldNames() {
  constexpr std::array<std::string_view, kFixedFields> fixed{"message",
                                                             "host.name",
                                                             "process.name",
                                                             "process.pid",
                                                             "log.syslog.priority",
                                                             "log.syslog.facility.code",
                                                             "log.syslog.severity.code",
                                                             "log.syslog.msgid",
                                                             "log.syslog.structured_data",
                                                             "@timestamp",
                                                             "source.ip",
                                                             "source.port",
                                                             "user.name",
                                                             "event.action",
                                                             "event.outcome"};
  for (const std::string_view name : fixed) intern(name);
  check(find("event.outcome") == kEventOutcome, "fixed field order");
}

FieldId FieldNames::intern(std::string_view name) {
  if (const FieldId id = find(name); id != kNoField) return id;
  check(names_.size() < kNoField, "fewer than 65,535 field names");
  const auto id = static_cast<FieldId>(names_.size());
  names_.emplace_back(name);
  ids_.emplace(std::string(name), id);
  spellings_[std::string(name)].add(id);
  return id;
}

void FieldNames::Ids::add(FieldId id) {
  const auto end = ids.begin() + count;
  if (count < kSpellingIdsMax && std::find(ids.begin(), end, id) == end) ids[count++] = id;
}

void FieldNames::add_spelling(std::string_view spelling, std::string_view name) {
  declared_.push_back({std::string(spelling), std::string(name)});
}

void FieldNames::add_prefix(std::string_view prefix) {
  const std::size_t star = prefix.find('*');
  auto& list = star == std::string_view::npos ? prefixes_ : wildcards_;
  const std::string_view text = prefix.substr(0, star);
  if (std::find(list.begin(), list.end(), text) == list.end()) list.emplace_back(text);
}

void FieldNames::resolve_spellings() {
  for (const std::string& prefix : prefixes_)
    for (std::size_t id = kFixedFields; id < names_.size(); ++id)
      spellings_[prefix + names_[id]].add(static_cast<FieldId>(id));
  for (const Spelling& s : declared_)
    if (const FieldId id = find(s.name); id != kNoField) spellings_[s.spelling].add(id);
  declared_ = {};
  prefixes_ = {};
}

// A spelling that is not known as it is.
std::span<const FieldId> FieldNames::lookup_loosely(std::string_view spelling) const {
  constexpr std::size_t kLooseBytesMax = 256;
  if (spelling.empty() || spelling.size() > kLooseBytesMax) return {};
  if (std::memchr(spelling.data(), ' ', spelling.size()) == nullptr)
    return behind_wildcard(spelling);
  std::array<char, kLooseBytesMax> text;
  const auto end =
      std::copy_if(spelling.begin(), spelling.end(), text.begin(), [](char c) { return c != ' '; });
  const std::string_view without(text.data(), static_cast<std::size_t>(end - text.begin()));
  const auto it = spellings_.find(without);
  return it == spellings_.end() ? behind_wildcard(without) : it->second.view();
}

std::span<const FieldId> FieldNames::behind_wildcard(std::string_view spelling) const {
  for (const std::string& head : wildcards_) {
    if (!spelling.starts_with(head)) continue;
    const std::size_t dot = spelling.find('.', head.size());
    if (dot == std::string_view::npos) continue;
    const auto it = spellings_.find(spelling.substr(dot + 1));
    if (it != spellings_.end() && it->second.ids[0] >= kFixedFields) return it->second.view();
  }
  return {};
}

}  // namespace vakt::event
