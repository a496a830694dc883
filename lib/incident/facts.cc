#include "incident/facts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"
#include "base/text.h"
#include "incident/incident.h"

namespace vakt::incident {
namespace {

constexpr std::array<std::string_view, 5> kKinds{"incident", "significant_incident",
                                                 "supplier_incident", "near_miss", "cyber_threat"};
// Article 6(6) of Directive (EU) 2022/2555; cybersäkerhetslagen 1 kap. 2 §.
constexpr std::array<std::string_view, 4> kProperties{"availability", "authenticity", "integrity",
                                                      "confidentiality"};
constexpr std::array<std::string_view, 3> kAnswers{"unknown", "yes", "no"};
constexpr std::array<std::string_view, 3> kDecisions{"undecided", "yes", "no"};
// The root cause categories of the NIS Cooperation Group.
constexpr std::array<std::string_view, 6> kRootCauses{"unknown",           "system_failures",
                                                      "natural_phenomena", "human_errors",
                                                      "malicious_actions", "third_party_failures"};
// Reference Security Incident Taxonomy, first level.
constexpr std::array<std::string_view, 11> kRsit{"abusive-content",
                                                 "malicious-code",
                                                 "information-gathering",
                                                 "intrusion-attempts",
                                                 "intrusions",
                                                 "availability",
                                                 "information-content-security",
                                                 "fraud",
                                                 "vulnerable",
                                                 "other",
                                                 "test"};
// Traffic Light Protocol 2.0 (FIRST).
constexpr std::array<std::string_view, 5> kTlp{"clear", "green", "amber", "amber+strict", "red"};
constexpr std::array<std::string_view, 12> kIndicators{"ipv4",   "ipv6", "domain",  "url",
                                                       "email",  "file", "md5",     "sha1",
                                                       "sha256", "user", "process", "other"};
constexpr std::array<std::string_view, 9> kRoles{"owner",      "csirt",         "operations",
                                                 "legal",      "communication", "management",
                                                 "purchasing", "contact",       "deputy"};

constexpr auto kOne = Shape::one;
constexpr auto kSet = Shape::set;
constexpr auto kMap = Shape::map;
using Type = ValueType;

constexpr std::array<FactInfo, 29> kInfos{{
    {FactId::kind, "kind", kOne, Type::word, "what it is", kKinds},
    {FactId::affected, "affected", kSet, Type::word, "properties that were hurt", kProperties},
    {FactId::services, "services", kSet, Type::text, "services affected"},
    {FactId::systems, "systems", kSet, Type::text, "systems affected"},
    {FactId::users_affected, "users_affected", kOne, Type::number, "how many"},
    {FactId::users_affected_percent, "users_affected_percent", kOne, Type::percent,
     "of all users of the service"},
    {FactId::users_affected_estimated, "users_affected_estimated", kOne, Type::boolean,
     "whether that is an estimate"},
    {FactId::users_affected_method, "users_affected_method", kOne, Type::text,
     "how it was counted or estimated"},
    {FactId::cross_border, "cross_border", kOne, Type::word, "effects in other states", kAnswers},
    {FactId::malicious, "malicious", kOne, Type::word, "suspected unlawful or malicious acts",
     kAnswers},
    {FactId::root_cause, "root_cause", kOne, Type::word, "category of the root cause", kRootCauses},
    {FactId::rsit, "rsit", kOne, Type::word, "class of the RSIT taxonomy", kRsit},
    {FactId::tlp, "tlp", kOne, Type::word, "whom it may be shared with (TLP 2.0)", kTlp},
    {FactId::iocs, "iocs", kMap, Type::word, "indicators of compromise, and of what type",
     kIndicators},
    {FactId::duplicate_of, "duplicate_of", kSet, Type::incident, "incidents this one repeats"},
    {FactId::duplicates, "duplicates", kSet, Type::incident, "incidents that repeat this one"},
    {FactId::caused_by, "caused_by", kSet, Type::incident, "incidents that led to this one"},
    {FactId::causes, "causes", kSet, Type::incident, "incidents this one led to"},
    {FactId::recurrence_of, "recurrence_of", kSet, Type::incident,
     "earlier ones of the same cause"},
    {FactId::recurrences, "recurrences", kSet, Type::incident, "later ones of the same cause"},
    {FactId::occurred_at, "occurred_at", kOne, Type::time, "when it began"},
    {FactId::detected_at, "detected_at", kOne, Type::time, "when it was detected"},
    {FactId::aware_at, "aware_at", kOne, Type::time,
     "when the organisation became aware of a significant incident"},
    {FactId::significant, "significant", kOne, Type::word, "whether it is significant", kDecisions},
    {FactId::significance_decided_at, "significance_decided_at", kOne, Type::time,
     "when that was decided"},
    {FactId::unavailable_from, "unavailable_from", kMap, Type::time,
     "by service: when it became unavailable"},
    {FactId::restored_at, "restored_at", kMap, Type::time,
     "by service: when it was back at its normal level"},
    {FactId::handled_at, "handled_at", kOne, Type::time, "when the incident was handled"},
    {FactId::role, "role", kMap, Type::text, "who has which part", {}, kRoles},
}};

static_assert([] {
  for (std::size_t i = 0; i < kInfos.size(); ++i)
    if (static_cast<std::size_t>(kInfos[i].id) != i) return false;
  return kInfos.size() == static_cast<std::size_t>(FactId::role) + 1;
}());

constexpr std::size_t kReasonBytesMax = 256;

tl::unexpected<Error> wrong(const FactInfo& info, std::string_view wanted) {
  return fail(Errc::invalid, fmt::format("'{}' takes {}", info.name, wanted));
}

bool one_of(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string choice(std::span<const std::string_view> words) {
  return fmt::format("one of {}", fmt::join(words, ", "));
}

bool is_plain_text(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return !text.empty() && text.size() <= kFactBytesMax && is_valid_utf8(text) &&
         std::none_of(text.begin(), text.end(), control);
}

// Canonical: no leading zeros.
std::optional<std::string> number(std::string_view text, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
  return std::to_string(value);
}

std::optional<std::string> percent(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const auto whole = number(text.substr(0, point), 100);
  std::string_view decimals = text.substr(std::min(point + 1, text.size()));
  if (!whole || decimals.size() > 2 || (decimals.empty() && point < text.size()) ||
      !std::all_of(decimals.begin(), decimals.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  while (!decimals.empty() && decimals.back() == '0') decimals.remove_suffix(1);
  if (decimals.empty()) return whole;
  return *whole == "100" ? std::nullopt : std::optional(fmt::format("{}.{}", *whole, decimals));
}

// The value in its one form.
Result<std::string> canonical(const FactInfo& info, std::string_view text, Time now) {
  switch (info.type) {
    case ValueType::word:
      if (!one_of(info.words, text)) return wrong(info, choice(info.words));
      return std::string(text);
    case ValueType::text:
      if (!is_plain_text(text))
        return wrong(info, fmt::format("a text of at most {} bytes on one line", kFactBytesMax));
      return std::string(text);
    case ValueType::number:
      if (auto value = number(text, 1'000'000'000'000)) return std::move(*value);
      return wrong(info, "a whole number");
    case ValueType::percent:
      if (auto value = percent(text)) return std::move(*value);
      return wrong(info, "a number from 0 to 100 with at most two decimals");
    case ValueType::boolean:
      if (text != "true" && text != "false") return wrong(info, "true or false");
      return std::string(text);
    case ValueType::time: {
      const auto time = parse_rfc3339(text);
      if (!time) return wrong(info, "a time with its offset: 2026-11-20T17:42:10+01:00");
      if (*time > now) return wrong(info, "a time that has come");
      return format_rfc3339(*time);
    }
    case ValueType::incident:
      if (!parse_id(text)) return wrong(info, "the id of an incident");
      return std::string(text);
  }
  return wrong(info, "another value");
}

Result<void> check_key(const FactInfo& info, std::string_view key) {
  if (info.shape == Shape::one)
    return key.empty() ? Result<void>{} : wrong(info, "one value, not one by name");
  if (!info.keys.empty() && !one_of(info.keys, key))
    return wrong(info, "a value by name: " + choice(info.keys));
  if (!is_plain_text(key))
    return wrong(info, fmt::format("names of at most {} bytes on one line", kFactBytesMax));
  return {};
}

bool stands_before(const Fact& fact, const std::pair<FactId, std::string_view>& place) {
  return std::pair(fact.id, std::string_view(fact.key)) < place;
}

// The timeline has all of it; with each of many facts it would make an incident large.
std::string shortened(std::string_view reason) {
  if (reason.size() <= kReasonBytesMax) return std::string(reason);
  std::size_t end = kReasonBytesMax;
  while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xC0) == 0x80) --end;
  return std::string(reason.substr(0, end)) + "…";
}

// Single facts have room always, and do not count: a statutory clock may hang on one.
std::size_t listed(const std::vector<Fact>& facts) {
  return static_cast<std::size_t>(std::count_if(facts.begin(), facts.end(), [](const Fact& fact) {
    return info(fact.id).shape != Shape::one;
  }));
}

std::string shown(const FactInfo& info, const Fact* fact) {
  if (fact == nullptr) return "none";
  return info.shape == Shape::set ? "stated" : fact->value;
}

}  // namespace

std::span<const FactInfo> fact_infos() { return kInfos; }

const FactInfo& info(FactId id) { return kInfos.at(static_cast<std::size_t>(id)); }

const FactInfo* find_fact(std::string_view name) {
  const auto found = std::find_if(kInfos.begin(), kInfos.end(),
                                  [&](const FactInfo& info) { return info.name == name; });
  return found == kInfos.end() ? nullptr : &*found;
}

std::optional<FactId> reverse_of(FactId id) {
  constexpr std::array<std::pair<FactId, FactId>, 3> kPairs{
      {{FactId::duplicate_of, FactId::duplicates},
       {FactId::caused_by, FactId::causes},
       {FactId::recurrence_of, FactId::recurrences}}};
  for (const auto& [one, other] : kPairs) {
    if (id == one) return other;
    if (id == other) return one;
  }
  return std::nullopt;
}

const Fact* Facts::find(FactId id, std::string_view key) const {
  const auto found = std::lower_bound(all_.begin(), all_.end(), std::pair(id, key), stands_before);
  return found != all_.end() && found->id == id && found->key == key ? &*found : nullptr;
}

std::optional<Time> Facts::time(FactId id) const {
  const Fact* fact = find(id);
  return fact == nullptr ? std::nullopt : parse_rfc3339(fact->value);
}

std::string_view Facts::text(FactId id) const {
  const Fact* fact = find(id);
  return fact == nullptr ? std::string_view() : std::string_view(fact->value);
}

Result<std::string> Facts::state(const Statement& statement, std::string_view by, Time at,
                                 std::string_view reason) {
  const FactInfo& info = incident::info(statement.id);
  // The values of a set are its keys.
  const bool set = info.shape == Shape::set;
  if (set) {
    if (auto key = canonical(info, statement.key, at); !key) return key;
  } else if (auto key = check_key(info, statement.key); !key) {
    return tl::make_unexpected(key.error());
  }
  std::string value;
  if (statement.value && !set) {
    auto given = canonical(info, *statement.value, at);
    if (!given) return given;
    value = std::move(*given);
  }
  const auto place = std::pair(statement.id, std::string_view(statement.key));
  const auto found = std::lower_bound(all_.begin(), all_.end(), place, stands_before);
  const bool there = found != all_.end() && found->id == place.first && found->key == place.second;
  if (there ? statement.value && found->value == value : !statement.value) return std::string();
  if (!there && info.shape != Shape::one && listed(all_) >= kFactsMax)
    return fail(Errc::too_large, fmt::format("an incident holds at most {} facts", kFactsMax));
  Fact fact{statement.id, statement.key, std::move(value), std::string(by), at, shortened(reason)};
  const std::string name = statement.key.empty() ? std::string(info.name)
                                                 : fmt::format("{}[{}]", info.name, statement.key);
  std::string text = fmt::format("{}: {} -> {}", name, shown(info, there ? &*found : nullptr),
                                 shown(info, statement.value ? &fact : nullptr));
  if (!statement.value)
    all_.erase(found);
  else if (there)
    *found = std::move(fact);
  else
    all_.insert(found, std::move(fact));
  return text;
}

bool Facts::restore(Fact fact) {
  const std::pair place(fact.id, std::string_view(fact.key));
  if (static_cast<std::size_t>(fact.id) >= kInfos.size() ||
      all_.size() >= kFactsMax + kInfos.size() ||
      (!all_.empty() && !stands_before(all_.back(), place)))
    return false;
  all_.push_back(std::move(fact));
  return true;
}

}  // namespace vakt::incident
