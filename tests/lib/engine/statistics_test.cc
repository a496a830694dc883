// What events have carried, counted by workers, and its way through bytes.
#include "engine/statistics.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/worker.h"
#include "folder.h"

namespace vakt::engine {
namespace {

constexpr Time kNow = from_unix_seconds(1'800'000'000);

// One rule for each log source; `detection` is the first one's.
std::shared_ptr<const Pipeline> load(const std::string& detection) {
  const test::Folder folder;
  folder.write("a.yml",
               "title: a\nlogsource: {product: windows, category: process_creation}\ndetection:\n"
               "  s: " +
                   detection + "\n  condition: s\n");
  folder.write("b.yml",
               "title: b\nlogsource: {product: windows, service: security}\ndetection:\n"
               "  s: {SubjectUserName: x}\n  condition: s\n");
  PipelineOptions options;
  options.rule_paths = {folder.path};
  options.decoder_paths = {VAKT_SOURCE_DIR "/rules/decoders"};
  options.field_map_paths = {VAKT_SOURCE_DIR "/rules/field_maps"};
  options.listeners = {ListenerSettings{}};
  Diagnostics diagnostics;
  auto pipeline = Pipeline::load(options, diagnostics);
  EXPECT_NE(pipeline, nullptr);
  return pipeline;
}

void feed(const Pipeline& pipeline, Worker& worker, const std::vector<std::string>& frames) {
  event::Batch batch(1 << 20, 100);
  Origin origin;
  origin.peer = "test";
  origin.received = kNow;
  for (const std::string& frame : frames) worker.add(batch, frame, false, origin);
  std::vector<event::Hit> hits;
  worker.match(batch, hits);
  EXPECT_EQ(&worker.pipeline(), &pipeline);
}

// Of all log sources that a rule for `wanted` applies to.
std::uint64_t events(const Pipeline& p, const event::LogSource& wanted) {
  std::uint64_t sum = 0;
  for (std::size_t r = 0; r < p.carried->routes(); ++r)
    if (p.routes.applies(static_cast<event::RouteId>(r), wanted))
      sum += p.carried->events(static_cast<event::RouteId>(r));
  return sum;
}
bool carries(const Pipeline& p, const event::LogSource& wanted, const char* field) {
  for (std::size_t r = 0; r < p.carried->routes(); ++r)
    if (p.routes.applies(static_cast<event::RouteId>(r), wanted) &&
        p.carried->has(static_cast<event::RouteId>(r), p.names.find(field)))
      return true;
  return false;
}

const event::LogSource kProcess{"windows", "process_creation", ""};
const event::LogSource kSecurity{"windows", "", "security"};
const std::vector<std::string> kFrames{
    R"({"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Image":"x","CommandLine":null})",
    R"({"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Image":"y"})",
    R"({"Channel":"Security","EventID":4624,"SubjectUserName":"u"})"};

TEST(Statistics, EveryEventCountsWhereItBelongs) {
  const auto p = load("{Image: a, CommandLine: b, ParentImage|exists: true, Level|gt: 3}");
  Worker worker(p);
  feed(*p, worker, kFrames);
  EXPECT_EQ(events(*p, kProcess), 2u);
  EXPECT_EQ(events(*p, kSecurity), 1u);
  EXPECT_EQ(events(*p, {"linux", "", ""}), 0u);
  EXPECT_TRUE(carries(*p, kProcess, "Image"));
  EXPECT_TRUE(carries(*p, kProcess, "CommandLine")) << "null is there too";
  EXPECT_FALSE(carries(*p, kProcess, "ParentImage"));
  EXPECT_FALSE(carries(*p, kProcess, "SubjectUserName")) << "of another log source";
  EXPECT_TRUE(carries(*p, kSecurity, "SubjectUserName"));
  // Fields that are compared, not scanned.
  EXPECT_FALSE(carries(*p, kProcess, "Level"));
  Worker second(p);
  feed(*p, second, {R"({"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Level":4})"});
  EXPECT_TRUE(carries(*p, kProcess, "Level"));
  EXPECT_EQ(events(*p, kProcess), 3u) << "of all workers together";
}

TEST(Statistics, OutliveTheRuleSet) {
  const auto old = load("{Image: a}");
  old->carried->set_since(kNow);
  Worker worker(old);
  feed(*old, worker, kFrames);
  const std::string bytes = encode_statistics(*old);
  const auto next = load("{Image: a, Hashes: b}");
  next->carried->set_since(kNow + std::chrono::hours(1));
  ASSERT_TRUE(merge_statistics(bytes, *next));
  EXPECT_EQ(next->carried->since(), kNow);
  EXPECT_EQ(events(*next, kProcess), 2u);
  EXPECT_TRUE(carries(*next, kProcess, "Image"));
  EXPECT_FALSE(carries(*next, kProcess, "Hashes"));
  ASSERT_TRUE(merge_statistics(encode_statistics(*old), *next));
  EXPECT_EQ(events(*next, kProcess), 4u) << "added";
}

TEST(Statistics, WhatIsNotWholeAddsNothing) {
  const auto p = load("{Image: a}");
  Worker worker(p);
  feed(*p, worker, kFrames);
  const std::string bytes = encode_statistics(*p);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_FALSE(merge_statistics(bytes.substr(0, cut), *p)) << cut;
  EXPECT_FALSE(merge_statistics(bytes + "x", *p));
  EXPECT_FALSE(merge_statistics("\x02" + bytes.substr(1), *p)) << "another version";
  EXPECT_EQ(events(*p, kProcess), 2u);
}

}  // namespace
}  // namespace vakt::engine
