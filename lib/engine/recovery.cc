#include "engine/recovery.h"

#include <fmt/format.h>

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/input_codec.h"
#include "store/hit_codec.h"

namespace vakt::engine {
namespace {

// Turns log entries back into inputs. What an input refers to lives until the next one is made.
class Replay {
 public:
  Replay(const Pipeline& pipeline, RecoveryReport& report) : pipeline_(pipeline), report_(report) {
    const auto& rules = pipeline.rules->rules;
    for (std::uint32_t i = 0; i < rules.size(); ++i) rule_index_[rules[i].meta.id] = i;
  }

  std::optional<Input> input(const store::LogEntry& entry) {
    auto logged = decode_input(entry.record);
    if (!logged) return std::nullopt;
    logged_ = std::move(*logged);
    switch (logged_.kind) {
      case LoggedInput::Kind::tick:
        return Input{entry.now, Tick{}};
      case LoggedInput::Kind::end_of_input:
        return Input{entry.now, EndOfInput{}};
      case LoggedInput::Kind::command:
        return Input{entry.now, std::move(logged_.command)};
      case LoggedInput::Kind::rules_change:  // whatever they were, these are the rules now
        return Input{entry.now, RulesChange{nullptr, std::move(logged_.rules_version)}};
      case LoggedInput::Kind::hits:
        break;
    }
    hits_.clear();
    fields_.clear();
    for (const store::HitRow& row : entry.hits)
      if (!add_hit(row, entry.first_sequence)) return std::nullopt;
    return Input{entry.now, HitsInput{logged_.event_count, hits_, logged_.sources}};
  }

 private:
  bool add_hit(const store::HitRow& row, std::uint64_t first_sequence) {
    const auto stored = store::decode_hit(row.value);
    if (!stored) return false;
    ++report_.hits_replayed;
    const auto rule = rule_index_.find(std::string(stored->rule_id));
    const auto& rules = pipeline_.rules->rules;
    if (rule == rule_index_.end() || rules[rule->second].detection_hash != stored->rule_hash) {
      ++report_.hits_of_unknown_rules;
      return true;
    }
    auto& fields = fields_.emplace_back();
    for (const auto& f : stored->fields)
      if (const event::FieldId id = pipeline_.names.find(f.name); id != event::kNoField)
        fields.push_back({id, f.kind, f.text});
    event::Hit hit;
    hit.rule = rule->second;
    hit.ordinal = row.ordinal;
    hit.event_index = static_cast<std::uint32_t>(row.sequence - first_sequence);
    hit.event_time = stored->event_time;
    hit.received_time = stored->received_time;
    hit.flags = stored->flags;
    hit.source = stored->source;
    hit.raw = stored->raw;
    hit.fields = fields;
    hits_.push_back(hit);
    return true;
  }

  const Pipeline& pipeline_;
  RecoveryReport& report_;
  std::unordered_map<std::string, std::uint32_t> rule_index_;
  LoggedInput logged_;
  std::vector<event::Hit> hits_;
  std::deque<std::vector<event::Field>> fields_;  // addresses must not change
};

}  // namespace

Result<RecoveryReport> recover(Engine& engine, const store::Store& store,
                               const Pipeline& pipeline) {
  RecoveryReport report;
  auto checkpoint = store.checkpoint();
  if (!checkpoint) return tl::make_unexpected(checkpoint.error());
  if (*checkpoint) {
    if (!engine.restore((*checkpoint)->state))
      return fail(Errc::corrupt,
                  "the stored engine state was written by another version of Vakt or is damaged: "
                  "start that version, or move the data directory away to begin afresh");
    report.checkpoint_number = (*checkpoint)->number;
  }
  Replay replay(pipeline, report);
  std::uint64_t broken = 0;
  std::optional<Error> unread;
  const auto read = store.read_log(engine.inputs(), [&](const store::LogEntry& entry) {
    const auto input = entry.number == engine.inputs() + 1 ? replay.input(entry) : std::nullopt;
    if (!input) {
      broken = entry.number;
      return false;
    }
    Effects effects = engine.apply(*input);
    if (effects.failure) {
      unread = std::move(effects.failure);
      return false;
    }
    ++report.inputs_replayed;
    return true;
  });
  if (!read) return tl::make_unexpected(read.error());
  if (unread) return tl::make_unexpected(*unread);
  if (broken != 0 || engine.inputs() != store.last_commit())
    return fail(Errc::corrupt,
                fmt::format("the input log cannot be read at commit {}: the store is damaged",
                            broken != 0 ? broken : engine.inputs() + 1));
  return report;
}

}  // namespace vakt::engine
