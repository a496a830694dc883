#include "rule/identity.h"

#include <algorithm>

#include "base/bytes.h"

namespace vakt::rule {
namespace {

// Changes when the same rule would get another hash, so that state of another version is not taken
// for ours.
constexpr std::uint8_t kVersion = 2;

void put(ByteWriter& out, Hash128 hash) {
  out.be64(hash.high);
  out.be64(hash.low);
}

void put(ByteWriter& out, const std::vector<std::string>& texts) {
  out.varint(texts.size());
  for (const std::string& text : texts) out.bytes(text);
}

Hash128 hash_of(const Test& test) {
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(static_cast<std::uint8_t>(test.kind));
  out.bytes(test.field);
  out.varint(test.tokens.size());
  for (const Token& token : test.tokens) {
    out.u8(static_cast<std::uint8_t>(token.kind));
    out.bytes(token.text);
  }
  out.bytes(test.pattern);
  for (const bool flag : {test.cased, test.regex_i, test.regex_m, test.regex_s, test.expected})
    out.u8(flag ? 1 : 0);
  if (test.kind >= Test::Kind::number) {
    out.u8(static_cast<std::uint8_t>(test.op));
    out.u8(static_cast<std::uint8_t>(test.part));
  }
  return hash128(bytes);
}

Hash128 hash_of(const Expr& expr, const std::vector<Hash128>& detections) {
  switch (expr.kind) {
    case Expr::Kind::test:
      return hash_of(expr.test);
    case Expr::Kind::detection:
      return detections.at(expr.detection);
    case Expr::Kind::all:
    case Expr::Kind::any:
    case Expr::Kind::negate:
      break;
  }
  std::vector<Hash128> children;
  for (const Expr& child : expr.children) children.push_back(hash_of(child, detections));
  std::sort(children.begin(), children.end());
  children.erase(std::unique(children.begin(), children.end()), children.end());
  if (children.size() == 1 && expr.kind != Expr::Kind::negate) return children.front();
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(static_cast<std::uint8_t>(0x80 + static_cast<int>(expr.kind)));
  for (const Hash128& child : children) put(out, child);
  return hash128(bytes);
}

void put(ByteWriter& out, const Metadata& meta) {
  for (const std::string* text :
       {&meta.id, &meta.name, &meta.title, &meta.description, &meta.author, &meta.status})
    out.bytes(*text);
  put(out, meta.tags);
  put(out, meta.references);
  put(out, meta.falsepositives);
  out.u8(static_cast<std::uint8_t>(meta.level));
  out.varint(meta.risk);
}

}  // namespace

Hash128 detection_hash(const Rule& rule, const std::vector<Filter>& filters) {
  std::vector<Hash128> detections;
  for (const Detection& detection : rule.detections)
    detections.push_back(hash_of(detection.expr, {}));
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(kVersion);
  out.bytes(rule.logsource.product);
  out.bytes(rule.logsource.category);
  out.bytes(rule.logsource.service);
  put(out, hash_of(rule.condition, detections));
  for (const std::uint32_t index : rule.filters) {
    const Filter& filter = filters.at(index);
    put(out, hash_of(filter.keep, {}));
    out.svarint(filter.expires ? filter.expires->time_since_epoch().count() : -1);
  }
  return hash128(bytes);
}

Hash128 detection_hash(const Correlation& correlation, const RuleSet& set) {
  std::vector<Hash128> bases;
  std::vector<Hash128> members;
  for (std::uint32_t m = 0; m < correlation.members.size(); ++m) {
    const Member& base = correlation.members[m];
    bases.push_back(base.is_correlation ? set.correlations.at(base.index).detection_hash
                                        : set.rules.at(base.index).detection_hash);
    std::string of_member;
    ByteWriter member(of_member);
    put(member, bases.back());
    for (const auto* names : {&correlation.group_by, &correlation.value_fields})
      for (const std::string& name : *names) member.bytes(field_of(correlation, m, name));
    members.push_back(hash128(of_member));
  }
  // What is counted together has no order; otherwise a member's number is part of the state.
  if (correlation.type != CorrelationType::temporal &&
      correlation.type != CorrelationType::temporal_ordered)
    std::sort(members.begin(), members.end());
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(kVersion);
  out.u8(static_cast<std::uint8_t>(correlation.type));
  // With any rule, one that comes or goes is not another detection.
  if (correlation.any_rule) {
    members.clear();
    for (const Alias& alias : correlation.aliases) {
      std::string of_alias;
      ByteWriter writer(of_alias);
      put(writer, bases.at(alias.member));
      writer.bytes(alias.name);
      writer.bytes(alias.field);
      members.push_back(hash128(of_alias));
    }
    std::sort(members.begin(), members.end());
  }
  out.varint(members.size());
  for (const Hash128& member : members) put(out, member);
  put(out, correlation.group_by);
  put(out, correlation.value_fields);
  out.svarint(correlation.timespan.count());
  out.u8(correlation.when_final ? 1 : 0);
  std::vector<std::uint8_t> comparisons;
  for (const Comparison& c : correlation.comparisons)
    comparisons.push_back(static_cast<std::uint8_t>(c.op));
  std::sort(comparisons.begin(), comparisons.end());
  for (const std::uint8_t op : comparisons) out.u8(op);
  if (correlation.formula) put(out, hash_of(*correlation.formula, bases));
  for (const Grouping& grouping : correlation.groupings)
    if (grouping != Grouping{}) {
      for (const std::uint8_t part : {grouping.ipv4_bits, grouping.ipv6_bits}) out.u8(part);
      out.u8(
          static_cast<std::uint8_t>((grouping.ignore_case ? 1 : 0) | (grouping.networks ? 2 : 0)));
      out.varint(static_cast<std::uint64_t>(&grouping - correlation.groupings.data()));
    }
  for (const std::uint32_t member : correlation.sequence) out.varint(member);
  return hash128(bytes);
}

Hash128 set_hash(const RuleSet& set) {
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(kVersion);
  out.varint(set.rules.size());
  for (const Rule& rule : set.rules) {
    put(out, rule.meta);
    put(out, rule.detection_hash);
    out.svarint(rule.quiet.count());
  }
  out.varint(set.correlations.size());
  for (const Correlation& correlation : set.correlations) {
    put(out, correlation.meta);
    put(out, correlation.detection_hash);
    out.varint(correlation.threshold);
    for (const Comparison& c : correlation.comparisons) out.svarint(c.micros);
    out.svarint(correlation.percent_micros);
    out.svarint(correlation.disorder.count());
    out.u8(correlation.generate ? 1 : 0);
  }
  return hash128(bytes);
}

}  // namespace vakt::rule
