#include "engine/input_codec.h"

#include "base/bytes.h"
#include "store/incident_codec.h"

namespace vakt::engine {
namespace {

constexpr std::uint8_t kVersion = 2;
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

void put_id(ByteWriter& out, Hash128 id) {
  out.be64(id.high);
  out.be64(id.low);
}

Hash128 read_id(ByteReader& in) {
  const std::uint64_t high = in.be64();
  return {high, in.be64()};
}

void put_time(ByteWriter& out, const std::optional<Time>& time) {
  out.u8(time ? 1 : 0);
  if (time) out.svarint(to_ns(*time));
}

std::optional<Time> read_time(ByteReader& in) {
  if (in.u8() == 0) return std::nullopt;
  return from_ns(in.svarint());
}

void encode_action(const incident::Action& action, ByteWriter& out) {
  out.u8(static_cast<std::uint8_t>(action.kind));
  out.u8(static_cast<std::uint8_t>(action.disposition));
  for (const std::string* text : {&action.actor, &action.role, &action.text}) out.bytes(*text);
  out.u8(action.expected_revision ? 1 : 0);
  if (action.expected_revision) out.varint(*action.expected_revision);
  out.varint(action.statements.size());
  for (const incident::Statement& statement : action.statements) {
    out.u8(static_cast<std::uint8_t>(statement.id));
    out.bytes(statement.key);
    out.u8(statement.value ? 1 : 0);
    if (statement.value) out.bytes(*statement.value);
  }
  out.u8(action.into ? 1 : 0);
  if (action.into) put_id(out, *action.into);
  put_time(out, action.at);
  put_time(out, action.until);
}

bool decode_action(ByteReader& in, incident::Action& action) {
  const std::uint8_t kind = in.u8();
  const std::uint8_t disposition = in.u8();
  for (std::string* text : {&action.actor, &action.role, &action.text}) *text = in.bytes();
  if (in.u8() != 0) action.expected_revision = in.varint();
  const std::uint64_t statements = in.varint();
  for (std::uint64_t i = 0; i < statements && in.ok(); ++i) {
    incident::Statement& statement = action.statements.emplace_back();
    const std::uint8_t id = in.u8();
    if (id >= incident::fact_infos().size()) return false;
    statement.id = static_cast<incident::FactId>(id);
    statement.key = in.bytes();
    if (in.u8() != 0) statement.value = in.bytes();
  }
  if (in.u8() != 0) action.into = read_id(in);
  action.at = read_time(in);
  action.until = read_time(in);
  if (!in.ok() || kind > static_cast<std::uint8_t>(incident::ActionKind::expire_acknowledgement) ||
      disposition > static_cast<std::uint8_t>(incident::Disposition::test))
    return false;
  action.kind = static_cast<incident::ActionKind>(kind);
  action.disposition = static_cast<incident::Disposition>(disposition);
  return true;
}

void encode_command(const Command& command, ByteWriter& out) {
  out.u8(static_cast<std::uint8_t>(Kind::command));
  put_id(out, command.incident);
  encode_action(command.action, out);
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
  command.incident = read_id(in);
  if (!decode_action(in, command.action)) return false;
  const std::string_view loaded = in.bytes();
  if (!in.ok()) return false;
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
