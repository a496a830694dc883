#include "metrics/exposition.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "incident/incident.h"

namespace vakt::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using LabelList = std::vector<ClientMetric::Label>;

ClientMetric value_of(MetricType type, LabelList labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return metric;
}

ClientMetric histogram_of(LabelList labels, const Histogram& histogram) {
  ClientMetric metric;
  metric.label = std::move(labels);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) {
    count += histogram.bucket(i);
    const double bound = i < histogram.bounds().size() ? histogram.bounds()[i]
                                                       : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({count, bound});
  }
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = histogram.sum();
  return metric;
}

double number(const Counter& counter) { return static_cast<double>(get(counter)); }

std::string text(std::string_view view) { return std::string(view); }

class Collector : public prometheus::Collectable {
 public:
  Collector(const Counters& counters, const RuleCounters& rules, const Labels& labels,
            const store::Stats& stats, const RequestTimes* times)
      : c_(counters), rules_(rules), labels_(labels), stats_(stats), times_(times) {}

  std::vector<MetricFamily> Collect() const override {
    families_.clear();
    about();
    listeners();
    listener_reasons();
    rules();
    incidents();
    incident_times();
    queues();
    storage();
    requests();
    return std::move(families_);
  }

 private:
  MetricFamily& family(MetricType type, std::string_view name, std::string_view help) const {
    families_.push_back({"vakt_" + text(name), text(help), type, {}});
    return families_.back();
  }
  void one(MetricType type, std::string_view name, double value, std::string_view help) const {
    family(type, name, help).metric.push_back(value_of(type, {}, value));
  }
  void gauge(std::string_view name, double value, std::string_view help) const {
    one(MetricType::Gauge, name, value, help);
  }
  void counter(std::string_view name, double value, std::string_view help) const {
    one(MetricType::Counter, name, value, help);
  }
  // One series a listener.
  template <class Value>
  void by_listener(MetricType type, std::string_view name, std::string_view help,
                   Value value) const {
    MetricFamily& f = family(type, name, help);
    for (const auto& l : c_.listeners)
      f.metric.push_back(value_of(type, {{"listener", l->name}}, number(value(*l))));
  }
  template <std::size_t N, class Values>
  void by_reason(std::string_view name, std::string_view help,
                 const std::array<std::string_view, N>& reasons, Values values) const {
    MetricFamily& f = family(MetricType::Counter, name, help);
    for (const auto& l : c_.listeners)
      for (std::size_t i = 0; i < N; ++i)
        f.metric.push_back(value_of(MetricType::Counter,
                                    {{"listener", l->name}, {"reason", text(reasons[i])}},
                                    number(values(*l)[i])));
  }
  // Series of rules, zero ones left out, at most kRuleSeriesMax and the rest summed up in "_other".
  void by_rule(MetricType type, std::string_view name, std::string_view help,
               const std::map<std::pair<std::string, std::string>, std::uint64_t>& values,
               const char* second_label) const {
    MetricFamily& f = family(type, name, help);
    std::map<std::string, std::uint64_t> others;
    std::size_t series = 0;
    for (const auto& [key, value] : values) {
      if (value == 0) continue;
      if (++series > kRuleSeriesMax) {
        others[key.second] += value;
      } else {
        f.metric.push_back(rule_series(type, key.first, second_label, key.second, value));
      }
    }
    for (const auto& [second, value] : others)
      f.metric.push_back(rule_series(type, "_other", second_label, second, value));
  }
  static ClientMetric rule_series(MetricType type, const std::string& rule,
                                  const char* second_label, const std::string& second,
                                  std::uint64_t value) {
    LabelList labels{{"rule", rule}};
    if (second_label != nullptr) labels.push_back({second_label, second});
    return value_of(type, std::move(labels), static_cast<double>(value));
  }

  void about() const;
  void listeners() const;
  void listener_reasons() const;
  void rules() const;
  void incidents() const;
  void incident_times() const;
  void queues() const;
  void storage() const;
  void requests() const;

  const Counters& c_;
  const RuleCounters& rules_;
  const Labels& labels_;
  const store::Stats& stats_;
  const RequestTimes* times_;
  mutable std::vector<MetricFamily> families_;  // under construction, one Collect() at a time
};

void Collector::about() const {
  family(MetricType::Gauge, "build_info", "Always 1; the version and source revision that run.")
      .metric.push_back(value_of(
          MetricType::Gauge, {{"version", labels_.version}, {"revision", labels_.revision}}, 1));
  family(MetricType::Gauge, "ruleset_info", "Always 1; SHA-256 of the active rules' files.")
      .metric.push_back(value_of(MetricType::Gauge, {{"sha256", labels_.ruleset_sha256}}, 1));
}

void Collector::listeners() const {
  MetricFamily& events = family(MetricType::Counter, "ingest_events_total",
                                "Frames received, before any decision about them.");
  for (const auto& l : c_.listeners)
    events.metric.push_back(value_of(
        MetricType::Counter, {{"listener", l->name}, {"format", l->format}}, number(l->received)));
  by_listener(MetricType::Counter, "ingest_bytes_total", "Bytes received.",
              [](const auto& l) -> const Counter& { return l.bytes; });
  by_listener(MetricType::Counter, "ingest_committed_total",
              "Frames stored, as durably as the store is configured to.",
              [](const auto& l) -> const Counter& { return l.committed; });
  by_listener(MetricType::Counter, "ingest_deduplicated_total",
              "Frames of requests that were recognised as retries.",
              [](const auto& l) -> const Counter& { return l.deduplicated; });
  by_listener(MetricType::Gauge, "ingest_in_flight", "Frames received and not yet decided about.",
              [](const auto& l) -> const Counter& { return l.in_flight; });
  by_listener(MetricType::Counter, "ingest_kernel_dropped_total",
              "Datagrams the kernel dropped before reception.",
              [](const auto& l) -> const Counter& { return l.kernel_dropped; });
  by_listener(MetricType::Gauge, "ingest_connections", "Open connections.",
              [](const auto& l) -> const Counter& { return l.connections; });
  by_listener(MetricType::Counter, "event_clock_skew_total",
              "Events dated more than 24 h after their reception.",
              [](const auto& l) -> const Counter& { return l.future_dated; });
  std::map<std::string, double> unparsed;
  for (const auto& l : c_.listeners) unparsed[l->format] += number(l->unparsed);
  MetricFamily& errors = family(MetricType::Counter, "ingest_parse_errors_total",
                                "Records that could not be parsed; they are stored all the same.");
  for (const auto& [format, count] : unparsed)
    errors.metric.push_back(value_of(MetricType::Counter, {{"format", format}}, count));
}

void Collector::listener_reasons() const {
  by_reason(
      "ingest_rejected_total", "Frames refused, with the sender told where there is a way.",
      kRejectedNames, [](const auto& l) -> const auto& { return l.rejected; });
  by_reason(
      "ingest_ignored_total", "Frames that hold no event.", kIgnoredNames,
      [](const auto& l) -> const auto& { return l.ignored; });
  by_reason(
      "ingest_dropped_total", "Frames lost.", kDroppedNames,
      [](const auto& l) -> const auto& { return l.dropped; });
  MetricFamily& lag = family(MetricType::Histogram, "event_lag_seconds",
                             "Seconds from an event's own time to its reception.");
  for (std::size_t i = 0; i < c_.listeners.size(); ++i)
    lag.metric.push_back(histogram_of({{"listener", c_.listeners[i]->name}}, *c_.event_lag[i]));
}

void Collector::rules() const {
  family(MetricType::Gauge, "rules_loaded", "Rules and correlations in use.")
      .metric.push_back(value_of(MetricType::Gauge, {{"state", "live"}},
                                 static_cast<double>(labels_.rules_loaded)));
  gauge("rule_load_errors", static_cast<double>(labels_.rule_load_errors),
        "Errors in rule and decoder files at the last load that was used.");
  gauge("config_last_reload_successful", number(c_.reload_successful),
        "Whether the rules were usable when they were last read (1) or refused (0).");
  gauge("config_last_reload_success_timestamp_seconds", number(c_.reload_unix_seconds),
        "When the rules in use were read.");
  MetricFamily& reloads = family(MetricType::Counter, "reloads_total",
                                 "Times the rules were read again, by what became of it.");
  for (std::size_t i = 0; i < c_.reloads.size(); ++i)
    reloads.metric.push_back(value_of(
        MetricType::Counter, {{"result", i == 1 ? "done" : "refused"}}, number(c_.reloads[i])));
  std::map<std::pair<std::string, std::string>, std::uint64_t> matches, groups, spilled, opened;
  std::map<std::pair<std::string, std::string>, std::uint64_t> hidden, gave_up;
  for (std::size_t i = 0; i < rules_.rules.size(); ++i) {
    const RuleCounters::OfRule& of = *rules_.rules[i];
    matches[{labels_.rules[i], "live"}] = get(of.matches);
    hidden[{labels_.rules[i], ""}] = get(of.hidden);
    gave_up[{labels_.rules[i], ""}] = get(of.gave_up);
  }
  for (std::size_t i = 0; i < rules_.detectors.size(); ++i) {
    const RuleCounters::OfDetector& of = *rules_.detectors[i];
    const Labels::Detector& detector = labels_.detectors[i];
    groups[{detector.rule, ""}] = get(of.groups);
    spilled[{detector.rule, ""}] = get(of.spilled);
    opened[{detector.rule, text(rule::to_string(detector.severity))}] = get(of.opened);
  }
  by_rule(MetricType::Counter, "rule_matches_total", "Events that matched the rule's detection.",
          matches, "state");
  by_rule(MetricType::Counter, "exception_suppressed_total",
          "Events that matched the rule and that a filter (an exception) took out.", hidden,
          nullptr);
  by_rule(MetricType::Counter, "rule_evaluation_errors_total",
          "Events for which a search was given up at its limits; it counts as not found.", gave_up,
          nullptr);
  by_rule(MetricType::Gauge, "correlation_groups", "Groups whose state is held in memory.", groups,
          nullptr);
  by_rule(MetricType::Counter, "correlation_groups_spilled_total",
          "Groups moved from memory to the store because the memory for group state was short.",
          spilled, nullptr);
  family(MetricType::Counter, "correlation_groups_fetched_total",
         "Groups that came back from the store because something happened to them.")
      .metric.push_back(value_of(MetricType::Counter, {}, number(c_.groups_fetched)));
  gauge("correlation_groups_in_store", number(c_.groups_spilled),
        "Groups that lie in the store; those that are over count until they are cleared.");
  gauge("correlation_state_bytes", number(c_.state_bytes), "Bytes of group state in memory.");
  gauge("correlation_state_limit_bytes", number(c_.state_bytes_max),
        "Limit of vakt_correlation_state_bytes.");
  // The limit is one for all rules: whose group it hits says nothing about that rule.
  by_rule(MetricType::Counter, "correlation_groups_evicted_total",
          "Hits not tracked because the memory for group state was full and no group could "
          "move to the store.",
          {{{"_other", ""}, get(c_.groups_refused)}}, nullptr);
  by_rule(MetricType::Counter, "incidents_opened_total",
          "Incidents opened; not those that opened as members of a running storm.", opened,
          "severity");
  family(MetricType::Counter, "incidents_left_to_storm_total",
         "Incidents that opened as members of a running storm.")
      .metric.push_back(value_of(MetricType::Counter, {}, number(c_.left_to_storm)));
  one(MetricType::Histogram, "detection_latency_seconds", 0,
      "Seconds from an event's reception to its evaluation by all rules.");
  families_.back().metric = {histogram_of({}, c_.detection_latency)};
  family(MetricType::Counter, "late_events_total", "Events older than the watermark.")
      .metric.push_back(
          value_of(MetricType::Counter, {{"action", "counted"}}, number(c_.late_events)));
  gauge("lagging_sources", number(c_.lagging_sources),
        "Sources so far behind the others that event time no longer waits for them.");
}

void Collector::incidents() const {
  MetricFamily& open = family(MetricType::Gauge, "incidents_open", "Incidents not closed.");
  for (std::size_t s = 0; s < kStates; ++s) {
    const auto state = static_cast<incident::State>(s);
    if (state == incident::State::closed) continue;
    for (std::size_t l = 0; l < kSeverities; ++l)
      open.metric.push_back(
          value_of(MetricType::Gauge,
                   {{"state", text(incident::to_string(state))},
                    {"severity", text(rule::to_string(static_cast<rule::Level>(l)))}},
                   number(c_.incidents_open[s][l])));
  }
  MetricFamily& closed =
      family(MetricType::Counter, "incidents_closed_total", "Incidents closed by people.");
  for (std::size_t d = 0; d < c_.incidents_closed.size(); ++d)
    for (std::size_t l = 0; l < kSeverities; ++l) {
      const auto disposition = static_cast<incident::Disposition>(d);
      if (disposition == incident::Disposition::none || get(c_.incidents_closed[d][l]) == 0)
        continue;
      closed.metric.push_back(
          value_of(MetricType::Counter,
                   {{"severity", text(rule::to_string(static_cast<rule::Level>(l)))},
                    {"disposition", text(incident::to_string(disposition))}},
                   number(c_.incidents_closed[d][l])));
    }
  MetricFamily& oldest = family(MetricType::Gauge, "oldest_open_incident_timestamp_seconds",
                                "When the oldest incident that is not closed was opened.");
  for (std::size_t l = 0; l < kSeverities; ++l)
    if (get(c_.oldest_open_unix_seconds[l]) != 0)
      oldest.metric.push_back(value_of(
          MetricType::Gauge, {{"severity", text(rule::to_string(static_cast<rule::Level>(l)))}},
          number(c_.oldest_open_unix_seconds[l])));
}

void Collector::incident_times() const {
  const auto by_severity = [&](std::string_view name, std::string_view help, const auto& times) {
    MetricFamily& f = family(MetricType::Histogram, name, help);
    for (std::size_t l = 0; l < kSeverities; ++l)
      f.metric.push_back(histogram_of(
          {{"severity", text(rule::to_string(static_cast<rule::Level>(l)))}}, *times[l]));
  };
  MetricFamily& detect = family(MetricType::Histogram, "incident_time_to_detect_seconds",
                                "Seconds to an incident's commit: from its first event, or from "
                                "reception of the last needed.");
  for (std::size_t l = 0; l < kSeverities; ++l) {
    const std::string severity = text(rule::to_string(static_cast<rule::Level>(l)));
    detect.metric.push_back(
        histogram_of({{"severity", severity}, {"from", "event"}}, *c_.time_to_detect_event[l]));
    detect.metric.push_back(histogram_of({{"severity", severity}, {"from", "reception"}},
                                         *c_.time_to_detect_reception[l]));
  }
  by_severity("incident_time_to_acknowledge_seconds",
              "Seconds from an incident's opening to its acknowledgement.", c_.time_to_acknowledge);
  by_severity("incident_time_to_restore_seconds",
              "Seconds from an incident's opening to restoration.", c_.time_to_restore);
  counter("negative_intervals_total", number(c_.negative_intervals),
          "Times to detect that came out negative and were counted as zero.");
}

void Collector::queues() const {
  const auto two = [&](std::string_view name, std::string_view help, const Counter& engine,
                       const Counter& commit) {
    MetricFamily& f = family(MetricType::Gauge, name, help);
    f.metric.push_back(value_of(MetricType::Gauge, {{"queue", "engine"}}, number(engine)));
    f.metric.push_back(value_of(MetricType::Gauge, {{"queue", "commit"}}, number(commit)));
  };
  two("ingest_queue_length", "Batches waiting.", c_.queue_length, c_.commit_queue_length);
  two("ingest_queue_capacity", "Batches that may wait.", c_.queue_capacity,
      c_.commit_queue_capacity);
  gauge("memory_budget_bytes", number(c_.budget_bytes), "Bytes that received events may occupy.");
  gauge("memory_budget_used_bytes", number(c_.budget_used_bytes),
        "Bytes that received events occupy.");
}

void Collector::storage() const {
  counter("storage_commits_total", number(c_.commits), "Commits.");
  counter("storage_commit_failures_total", number(c_.commit_failures), "Commits that failed.");
  counter("storage_commit_seconds_total", number(c_.commit_micros) * 1e-6,
          "Seconds spent committing.");
  gauge("audit_verify_success", number(c_.audit_verified),
        "0 when the last verification of the audit log found something, else 1.");
  gauge("storage_healthy", number(c_.store_healthy), "1 while commits succeed, else 0.");
  counter(
      "storage_write_stall_seconds_total",
      static_cast<double>(std::max(stats_.write_stall_micros, get(c_.write_stall_micros))) * 1e-6,
      "Seconds that writing waited for compaction.");
  gauge("storage_disk_free_bytes",
        static_cast<double>(stats_.disk_free_bytes != 0 ? stats_.disk_free_bytes
                                                        : get(c_.disk_free_bytes)),
        "Bytes free where the store lies.");
  gauge("storage_raw_blocks", static_cast<double>(stats_.raw_blocks), "Blocks of raw events kept.");
  gauge("storage_raw_block_bytes",
        static_cast<double>(std::max(stats_.raw_block_bytes, get(c_.raw_block_bytes))),
        "Compressed bytes of raw events kept.");
  counter("storage_raw_blocks_deleted_total", static_cast<double>(stats_.raw_blocks_deleted),
          "Blocks of raw events deleted by retention.");
}

void Collector::requests() const {
  family(MetricType::Counter, "auth_failures_total", "Requests without the right credentials.")
      .metric.push_back(
          value_of(MetricType::Counter, {{"method", "token"}}, number(c_.auth_failures)));
  MetricFamily& f = family(MetricType::Histogram, "http_request_duration_seconds",
                           "Seconds from a request's header to its answer.");
  if (times_ == nullptr) return;
  times_->each([&](const RequestTimes::Key& key, const Histogram& histogram) {
    f.metric.push_back(histogram_of(
        {{"route", key.route}, {"method", key.method}, {"code", std::to_string(key.status)}},
        histogram));
  });
}

}  // namespace

std::string exposition(const Counters& counters, const RuleCounters& rules, const Labels& labels,
                       const store::Stats& stats, const RequestTimes* times) {
  const Collector collector(counters, rules, labels, stats, times);
  return prometheus::TextSerializer().Serialize(collector.Collect());
}

}  // namespace vakt::metrics
