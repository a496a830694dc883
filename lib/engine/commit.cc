#include "engine/commit.h"

#include <utility>

#include "engine/input_codec.h"
#include "store/hit_codec.h"

namespace vakt::engine {
namespace {

std::vector<store::HitRow> hit_rows(const HitsInput& input, std::uint64_t first_sequence,
                                    const Pipeline& pipeline) {
  std::vector<store::HitRow> rows;
  rows.reserve(input.hits.size());
  for (const event::Hit& hit : input.hits) {
    store::HitRow row;
    row.sequence = first_sequence + hit.event_index;
    row.ordinal = hit.ordinal;
    const rule::Rule& rule = pipeline.rules->rules[hit.rule];
    store::encode_hit(hit, rule.meta.id, rule.detection_hash, pipeline.names, row.value);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

store::Commit make_commit(const Engine& engine, const Pipeline& pipeline, const Input& input,
                          const Effects& effects, const event::Batch* batch) {
  store::Commit commit;
  commit.number = engine.inputs();
  commit.now = input.now;
  commit.log_record = encode_input(input);
  commit.first_sequence = effects.first_sequence;
  commit.incidents = effects.incidents;
  commit.timeline = effects.timeline;
  commit.evidence = effects.evidence;
  if (const auto* hits = std::get_if<HitsInput>(&input.what)) {
    commit.batch = batch;
    commit.hits = hit_rows(*hits, effects.first_sequence, pipeline);
    for (const Listener& listener : pipeline.listeners)
      commit.listener_names.push_back(listener.settings.name);
  }
  if (const auto* rules = std::get_if<RulesChange>(&input.what))
    commit.notes.push_back({"vakt", "", "rules.changed", rules->version, "{}"});
  return commit;
}

void add_checkpoint(store::Commit& commit, Checkpoint&& checkpoint) {
  commit.checkpoint = std::move(checkpoint.state);
  commit.groups = std::move(checkpoint.groups);
}

}  // namespace vakt::engine
