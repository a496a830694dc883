#include "engine/input_codec.h"

#include "base/bytes.h"
#include "store/incident_codec.h"

namespace vakt::engine {
namespace {

constexpr std::uint8_t kVersion = 1;
using Kind = LoggedInput::Kind;

void encode_hits(const HitsInput& hits, ByteWriter& out) {
  out.u8(static_cast<std::uint8_t>(Kind::hits));
  out.varint(hits.event_count);
  out.varint(hits.sources.size());
  for (const event::SourceMark& mark : hits.sources) {
    out.bytes(mark.name);
    out.u8(mark.historic ? 1 : 0);
    out.svarint(to_ns(mark.event_time_max));
    out.svarint(to_ns(mark.received_time_max));
  }
}

void encode_command(const Command& command, ByteWriter& out) {
  out.u8(static_cast<std::uint8_t>(Kind::command));
  out.be64(command.incident.high);
  out.be64(command.incident.low);
  out.u8(static_cast<std::uint8_t>(command.action.kind));
  out.u8(static_cast<std::uint8_t>(command.action.disposition));
  out.bytes(command.action.actor);
  out.bytes(command.action.text);
  out.varint(command.action.expected_revision ? *command.action.expected_revision + 1 : 0);
  std::string loaded;
  if (command.loaded) store::encode_incident(*command.loaded, loaded);
  out.bytes(loaded);
}

bool decode_hits(ByteReader& in, LoggedInput& input) {
  input.event_count = in.varint();
  const std::uint64_t sources = in.varint();
  for (std::uint64_t i = 0; i < sources && in.ok(); ++i) {
    event::SourceMark mark;
    mark.name = in.bytes();
    mark.historic = in.u8() != 0;
    mark.event_time_max = from_ns(in.svarint());
    mark.received_time_max = from_ns(in.svarint());
    input.sources.push_back(std::move(mark));
  }
  return in.ok();
}

bool decode_command(ByteReader& in, Command& command) {
  command.incident.high = in.be64();
  command.incident.low = in.be64();
  const std::uint8_t kind = in.u8();
  const std::uint8_t disposition = in.u8();
  command.action.actor = std::string(in.bytes());
  command.action.text = std::string(in.bytes());
  if (const std::uint64_t revision = in.varint(); revision > 0)
    command.action.expected_revision = revision - 1;
  const std::string_view loaded = in.bytes();
  if (!in.ok() || kind > static_cast<std::uint8_t>(incident::ActionKind::note) ||
      disposition > static_cast<std::uint8_t>(incident::Disposition::test))
    return false;
  command.action.kind = static_cast<incident::ActionKind>(kind);
  command.action.disposition = static_cast<incident::Disposition>(disposition);
  if (loaded.empty()) return true;
  command.loaded = store::decode_incident(loaded);
  return command.loaded.has_value();
}

}  // namespace

std::string encode_input(const Input& input) {
  std::string record;
  ByteWriter out(record);
  out.u8(kVersion);
  if (const auto* hits = std::get_if<HitsInput>(&input.what)) {
    encode_hits(*hits, out);
  } else if (const auto* command = std::get_if<Command>(&input.what)) {
    encode_command(*command, out);
  } else if (const auto* rules = std::get_if<RulesChange>(&input.what)) {
    out.u8(static_cast<std::uint8_t>(Kind::rules_change));
    out.bytes(rules->version);
  } else {
    const bool end = std::holds_alternative<EndOfInput>(input.what);
    out.u8(static_cast<std::uint8_t>(end ? Kind::end_of_input : Kind::tick));
  }
  return record;
}

std::optional<LoggedInput> decode_input(std::string_view record) {
  ByteReader in(record);
  if (in.u8() != kVersion) return std::nullopt;
  const std::uint8_t kind = in.u8();
  if (!in.ok() || kind > static_cast<std::uint8_t>(Kind::rules_change)) return std::nullopt;
  LoggedInput input;
  input.kind = static_cast<Kind>(kind);
  if (input.kind == Kind::hits && !decode_hits(in, input)) return std::nullopt;
  if (input.kind == Kind::command && !decode_command(in, input.command)) return std::nullopt;
  if (input.kind == Kind::rules_change) input.rules_version = in.bytes();
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return input;
}

}  // namespace vakt::engine
