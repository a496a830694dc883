#include "engine/statistics.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace vakt::engine {
namespace {

constexpr std::uint8_t kVersion = 1;

using Labels = std::vector<event::LogSource>;

void encode_labels(const Labels& labels, ByteWriter& out) {
  out.varint(labels.size());
  for (const event::LogSource& l : labels)
    for (const std::string* part : {&l.product, &l.category, &l.service}) out.bytes(*part);
}

Labels decode_labels(ByteReader& in) {
  Labels labels;
  const std::uint64_t count = in.varint();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    event::LogSource& l = labels.emplace_back();
    for (std::string* part : {&l.product, &l.category, &l.service}) *part = in.bytes();
  }
  return labels;
}

// Of one route.
struct Entry {
  Labels labels;
  std::uint64_t events = 0;
  std::vector<std::string_view> fields;
};

struct Decoded {
  Time since;
  std::vector<Entry> routes;
};

std::optional<Decoded> decode(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.u8() != kVersion) return std::nullopt;
  Decoded out;
  out.since = from_ns(in.svarint());
  const std::uint64_t routes = in.varint();
  for (std::uint64_t r = 0; r < routes && in.ok(); ++r) {
    Entry& entry = out.routes.emplace_back();
    entry.labels = decode_labels(in);
    entry.events = in.varint();
    const std::uint64_t fields = in.varint();
    for (std::uint64_t f = 0; f < fields && in.ok(); ++f) entry.fields.push_back(in.bytes());
  }
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return out;
}

}  // namespace

std::string encode_statistics(const Pipeline& pipeline) {
  const match::Carried& carried = *pipeline.carried;
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(kVersion);
  out.svarint(to_ns(carried.since()));
  std::vector<event::RouteId> routes;
  for (std::size_t r = 0; r < carried.routes(); ++r)
    if (carried.events(static_cast<event::RouteId>(r)) > 0)
      routes.push_back(static_cast<event::RouteId>(r));
  out.varint(routes.size());
  for (const event::RouteId route : routes) {
    encode_labels(pipeline.routes.labels(route), out);
    out.varint(carried.events(route));
    std::vector<event::FieldId> fields;
    for (std::size_t f = 0; f < carried.fields(); ++f)
      if (carried.has(route, static_cast<event::FieldId>(f)))
        fields.push_back(static_cast<event::FieldId>(f));
    out.varint(fields.size());
    for (const event::FieldId field : fields) out.bytes(pipeline.names.name(field));
  }
  return bytes;
}

bool merge_statistics(std::string_view bytes, const Pipeline& pipeline) {
  const auto decoded = decode(bytes);
  if (!decoded) return false;
  std::map<Labels, event::RouteId> route_of;
  for (std::size_t r = 0; r < pipeline.routes.size(); ++r)
    route_of.emplace(pipeline.routes.labels(static_cast<event::RouteId>(r)), r);
  match::Carried& carried = *pipeline.carried;
  carried.set_since(std::min(carried.since(), decoded->since));
  for (const Entry& entry : decoded->routes) {
    const auto route = route_of.find(entry.labels);
    if (route == route_of.end()) continue;
    carried.add_events(route->second, entry.events);
    for (const std::string_view name : entry.fields)
      if (const event::FieldId field = pipeline.names.find(name); field != event::kNoField)
        carried.mark(route->second, field);
  }
  return true;
}

}  // namespace vakt::engine
