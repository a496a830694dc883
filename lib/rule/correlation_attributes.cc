// `vakt:` of a correlation: who is one in a group-by field, how long is waited, what it adds.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "rule/document.h"
#include "rule/metadata.h"
#include "yaml/suggest.h"

namespace vakt::rule {
namespace {

constexpr std::string_view kForm =
    "for example: group_by: {source.ip: {ipv4: 24, ipv6: 64}, user.name: ignore_case}";

// 24 or /24.
void read_bits(const yaml::Node& map, std::string_view key, unsigned bits_max, std::uint8_t& out,
               Reporter& reporter) {
  const yaml::Node* node = map.find(key);
  if (node == nullptr) return;
  std::string_view text = node->text;
  if (text.starts_with('/')) text.remove_prefix(1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (!node->is_scalar() || error != std::errc{} || end != text.data() + text.size() || bits == 0 ||
      bits > bits_max)
    reporter.error(place(*node), fmt::format("'{}' takes 1 to {} bits", key, bits_max), "/24");
  else
    out = static_cast<std::uint8_t>(bits);
}

void read_grouping(const yaml::Entry& entry, Grouping& out, Reporter& reporter) {
  if (entry.value.is_scalar() && entry.value.text == "ignore_case") {
    out.ignore_case = true;
  } else if (entry.value.is_map()) {
    reporter.refuse_unknown_keys(entry.value, {"ipv4", "ipv6"});
    out.networks = true;
    read_bits(entry.value, "ipv4", 32, out.ipv4_bits, reporter);
    read_bits(entry.value, "ipv6", 128, out.ipv6_bits, reporter);
  } else {
    reporter.error(place(entry), "'" + entry.key + "' takes ignore_case or the bits of networks",
                   std::string(kForm));
  }
}

void read_groupings(const yaml::Node& custom, Correlation& out, Reporter& reporter) {
  const yaml::Node* node = custom.find("group_by");
  if (node == nullptr) return;
  if (!node->is_map()) {
    reporter.error(place(*node), "'group_by' of 'vakt' must be a map", std::string(kForm));
    return;
  }
  for (const yaml::Entry& entry : node->entries) {
    const auto field = std::find(out.group_by.begin(), out.group_by.end(), entry.key);
    if (field == out.group_by.end())
      reporter.error(place(entry), "'" + entry.key + "' is not in 'group-by'",
                     yaml::did_you_mean(entry.key, {out.group_by.begin(), out.group_by.end()}));
    else
      read_grouping(entry, out.groupings.at(static_cast<std::size_t>(field - out.group_by.begin())),
                    reporter);
  }
}

void read_disorder(const yaml::Node& custom, Correlation& out, Reporter& reporter) {
  const yaml::Node* node = custom.find("disorder");
  if (node == nullptr) return;
  const auto duration = parse_duration(node->text);
  if (!node->is_scalar() || !duration || *duration < Duration(0) || *duration > kDisorderMax)
    reporter.error(place(*node), "'disorder' must be a time of at most 24 hours",
                   "a number and a unit: 90s, 15m, 1h");
  else
    out.disorder = *duration;
}

}  // namespace

void read_correlation_attributes(const yaml::Node& document, Correlation& out, Reporter& reporter) {
  out.groupings.resize(out.group_by.size());
  const yaml::Node* node = document.find("vakt");
  if (node == nullptr) return;
  if (!node->is_map()) {
    reporter.error(place(*node), "'vakt' must be a map", "for example: vakt: {disorder: 10m}");
    return;
  }
  if (const yaml::Node* quiet = node->find("quiet"))
    reporter.error(place(*quiet), "'quiet' is for rules with a detection of their own",
                   "the timespan of a correlation is its quiet period");
  reporter.refuse_unknown_keys(*node, {"group_by", "disorder", "risk", "quiet"});
  read_groupings(*node, out, reporter);
  read_disorder(*node, out, reporter);
  read_risk(*node, out.meta, reporter);
}

}  // namespace vakt::rule
