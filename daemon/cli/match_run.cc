#include "cli/match_run.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>
#include <utility>

#include "match/reference.h"
#include "parse/json.h"

namespace vakt::cli {
namespace {

constexpr std::size_t kBatchEvents = 4096;
constexpr std::size_t kBatchBytes = 4 << 20;
constexpr std::size_t kPendingMax = 4 * kBatchEvents;

// Where each rule stands when they are sorted by id.
std::vector<std::uint32_t> ranks(const rule::RuleSet& set) {
  std::vector<std::uint32_t> order(set.rules.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const std::string& left = set.rules[a].meta.id;
    const std::string& right = set.rules[b].meta.id;
    return left != right ? left < right : a < b;
  });
  std::vector<std::uint32_t> out(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) out[order[i]] = i;
  return out;
}

std::string difference_of(const std::vector<std::uint32_t>& matcher,
                          const std::vector<std::uint32_t>& reference, const rule::RuleSet& set) {
  std::string out;
  const auto name = [&](const auto& these, const auto& others, std::string_view who) {
    for (const std::uint32_t rule : these)
      if (std::find(others.begin(), others.end(), rule) == others.end())
        out += (out.empty() ? "only the " : "; only the ") + std::string(who) + " matches " +
               set.rules[rule].meta.id;
  };
  name(matcher, reference, "matcher");
  name(reference, matcher, "reference");
  return out;
}

}  // namespace

MatchRun::MatchRun(std::shared_ptr<const engine::Pipeline> pipeline, MatchSettings settings,
                   Sink sink)
    : pipeline_(std::move(pipeline)),
      settings_(std::move(settings)),
      sink_(std::move(sink)),
      reader_(settings_.format),
      worker_(pipeline_),
      batch_(kBatchBytes, kBatchEvents),
      rank_(ranks(*pipeline_->rules)) {
  for (std::size_t i = 0; i < settings_.labels.size(); ++i)
    routes_.emplace(settings_.labels[i], pipeline_->extra_routes.at(i));
}

void MatchRun::add(const Line& line) {
  LabelledLine read;
  if (line.truncated) {
    read.problem = "the line is too long";
  } else {
    read = reader_.read(line.text);
  }
  if (!read.labels) read.labels = line.labels ? line.labels : settings_.default_labels;
  const bool full = read.problem.empty() && !batch_.has_room(read.event.size());
  if (full || pending_.size() >= kPendingMax) flush();
  pending_.push_back({line.file, line.number, {}, read.problem, {}, {}});
  if (read.problem.empty()) add_event(read, line);
}

void MatchRun::add_event(const LabelledLine& line, const Line& from) {
  MatchedLine& out = pending_.back();
  out.event = static_cast<std::uint32_t>(batch_.size());
  std::optional<event::RouteId> route;
  if (line.labels) route = routes_.at(*line.labels);
  worker_.add(batch_, line.event, false, {0, from.path, true, settings_.now, route});
  if (!line.raw.empty()) {
    event::Event& e = batch_.events().back();
    e.keywords = batch_.text().copy(std::string(e.keywords).append("\n").append(line.raw));
  }
  // A log line without a header is an event like another; a broken JSON record is not.
  const bool json = pipeline_->listeners[0].settings.format == engine::Format::json ||
                    parse::looks_like_json(line.event);
  if (json && worker_.malformed(batch_)) out.problem = "the event is not valid JSON";
}

void MatchRun::match_reference(std::vector<std::vector<std::uint32_t>>& out) const {
  const auto& rules = pipeline_->rules->rules;
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t e = next++; e < batch_.size(); e = next++)
      for (std::uint32_t r = 0; r < rules.size(); ++r)
        if (pipeline_->program->runs(r) &&
            match::reference_hits(*pipeline_->rules, r, batch_, batch_.events()[e],
                                  pipeline_->names, pipeline_->routes))
          out[e].push_back(r);
  };
  std::vector<std::jthread> others;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) others.emplace_back(work);
  work();
}

void MatchRun::take_matches() {
  std::vector<std::vector<std::uint32_t>> matcher(batch_.size());
  std::vector<std::vector<std::uint32_t>> reference(batch_.size());
  if (settings_.engine != EngineChoice::reference) {
    hits_.clear();
    worker_.match(batch_, hits_);
    for (const event::Hit& hit : hits_) matcher[hit.event_index].push_back(hit.rule);
  }
  if (settings_.engine != EngineChoice::hyperscan) match_reference(reference);
  for (MatchedLine& line : pending_) {
    if (!line.event) continue;
    if (settings_.engine == EngineChoice::both)
      line.difference =
          difference_of(matcher[*line.event], reference[*line.event], *pipeline_->rules);
    line.rules = settings_.engine == EngineChoice::reference ? std::move(reference[*line.event])
                                                             : std::move(matcher[*line.event]);
    std::sort(line.rules.begin(), line.rules.end(),
              [&](std::uint32_t a, std::uint32_t b) { return rank_[a] < rank_[b]; });
  }
}

void MatchRun::flush() {
  take_matches();
  for (const MatchedLine& line : pending_) sink_(line, batch_);
  pending_.clear();
  batch_.clear();
}

}  // namespace vakt::cli
