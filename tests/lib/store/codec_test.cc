// Everything that is stored comes back as it was, or is refused.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>

#include "base/bytes.h"
#include "history.h"
#include "store/block.h"
#include "store/row_codec.h"

namespace vakt::store {
namespace {

// Decodes from an exact-size heap block, so that a read past the end is seen by ASan.
template <class Decode>
bool accepts(const Decode& decode, std::string_view bytes) {
  const std::unique_ptr<char[]> copy(new char[bytes.size()]);
  if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
  return decode(std::string_view(copy.get(), bytes.size()));
}

// Every proper prefix, every byte changed, and every suffix are refused.
void expect_only(const std::string& bytes, const std::function<bool(std::string_view)>& decode) {
  ASSERT_TRUE(accepts(decode, bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    ASSERT_FALSE(accepts(decode, std::string_view(bytes).substr(0, size))) << "prefix " << size;
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (const int bits : {0x01, 0x80, 0xFF}) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ bits);
      ASSERT_FALSE(accepts(decode, flipped)) << "byte " << at << " ^ " << bits;
    }
  ASSERT_FALSE(accepts(decode, bytes + "x"));
}

incident::Incident full_incident() {
  incident::Incident i;
  i.id = {0x0123456789abcdef, 0xfedcba9876543210};
  i.number = 300;
  i.revision = 7;
  i.detection.rule_id = "ssh-bruteforce";
  i.detection.rule_hash = {1, UINT64_MAX};
  i.detection.group = {{"source.ip", "10.0.0.1"}, {"user.name", ""}};
  i.detection.first_event_time = from_ns(-5);
  i.detection.last_event_time = kTimeMax;
  i.detection.opened_event_time = kTimeMin;
  i.detection.opened_by = {UINT64_MAX, 12345};
  i.detection.event_count = 99;
  i.detection.peak = 98;
  i.detection.evidence_digest = {3, 4};
  i.rule_title = "SSH \xff\0 brute force";
  i.rule_author = "A. Author";
  i.severity = rule::Level::critical;
  i.threshold = 5;
  i.window = std::chrono::minutes(5);
  i.final = true;
  i.historic = true;
  i.late = true;
  i.merged_into = Hash128{5, 6};
  i.continues = Hash128{7, 8};
  i.linked = {{9, 10}, {11, 12}};
  i.storm = Hash128{13, 14};
  i.members = 15;
  i.hits_after_close = 13;
  i.deciding_received_time = kEpoch;
  i.opened_at = kEpoch + std::chrono::nanoseconds(1);
  i.state = incident::State::closed;
  i.disposition = incident::Disposition::test;
  i.owner = "anna";
  i.acknowledged_at = kEpoch;
  i.contained_at = from_ns(0);
  i.closed_at = kEpoch + std::chrono::hours(1);
  i.acknowledged_until = kEpoch + std::chrono::hours(2);
  i.merged_by = "eve";
  for (const char* key : {"owner", "legal"})
    EXPECT_TRUE(i.facts.state({incident::FactId::role, key, "Eva"}, "anna", kEpoch, "because"));
  EXPECT_TRUE(i.facts.state({incident::FactId::services, "shop", ""}, "bo", kEpoch, ""));
  i.timeline_entries = UINT32_MAX;
  i.evidence_entries = 4;
  return i;
}

TEST(IncidentCodec, RoundTrip) {
  for (const incident::Incident& i : {full_incident(), incident::Incident{}}) {
    const std::string bytes = encoded(i);
    const auto back = decode_incident(bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(encoded(*back), bytes);
    EXPECT_EQ(back->id, i.id);
    EXPECT_EQ(back->detection.group, i.detection.group);
    EXPECT_EQ(back->detection.first_event_time, i.detection.first_event_time);
    EXPECT_EQ(back->detection.opened_by, i.detection.opened_by);
    EXPECT_EQ(back->rule_title, i.rule_title);
    EXPECT_EQ(back->severity, i.severity);
    EXPECT_EQ(back->window, i.window);
    EXPECT_EQ(back->final, i.final);
    EXPECT_EQ(back->historic, i.historic);
    EXPECT_EQ(back->late, i.late);
    EXPECT_EQ(back->merged_into, i.merged_into);
    EXPECT_EQ(back->continues, i.continues);
    EXPECT_EQ(back->linked, i.linked);
    EXPECT_EQ(back->storm, i.storm);
    EXPECT_EQ(back->members, i.members);
    EXPECT_EQ(back->disposition, i.disposition);
    EXPECT_EQ(back->investigating_at, i.investigating_at);
    EXPECT_EQ(back->contained_at, i.contained_at);
    EXPECT_EQ(back->closed_at, i.closed_at);
    EXPECT_EQ(back->acknowledged_until, i.acknowledged_until);
    EXPECT_EQ(back->merged_by, i.merged_by);
    ASSERT_EQ(back->facts.all().size(), i.facts.all().size());
    for (std::size_t f = 0; f < i.facts.all().size(); ++f) {
      const incident::Fact& fact = back->facts.all()[f];
      const incident::Fact& wanted = i.facts.all()[f];
      EXPECT_EQ(std::tie(fact.id, fact.key, fact.value, fact.by, fact.at, fact.reason),
                std::tie(wanted.id, wanted.key, wanted.value, wanted.by, wanted.at, wanted.reason));
    }
    EXPECT_EQ(back->timeline_entries, i.timeline_entries);
    const auto head = decode_incident_head(bytes);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->state, i.state);
    EXPECT_EQ(head->severity, i.severity);
    EXPECT_EQ(head->merged, i.merged_into.has_value());
    EXPECT_EQ(head->rule_id, i.detection.rule_id);
  }
}

TEST(IncidentCodec, DamageIsRefused) {
  expect_only(encoded(full_incident()),
              [](std::string_view b) { return decode_incident(b).has_value(); });
  expect_only(encoded(full_incident()),
              [](std::string_view b) { return decode_incident_head(b).has_value(); });
}

TEST(HitCodec, RoundTripAndDamage) {
  event::FieldNames names;
  const std::vector<event::Field> fields{
      {event::kMessage, event::ValueKind::string, std::string_view("a\0b", 3)},
      {event::kSourcePort, event::ValueKind::number, "22"},
      {event::kUserName, event::ValueKind::boolean, "true"},
      {event::kUserName, event::ValueKind::null, ""}};
  event::Hit hit;
  hit.event_time = from_ns(-1);
  hit.received_time = kTimeMax;
  hit.flags = 0xFFFF;
  hit.source = "fw-1";
  hit.raw = "raw \xff text";
  hit.fields = fields;
  std::string bytes = "before";
  encode_hit(hit, "rule-1", {1, 2}, names, bytes);
  bytes.erase(0, 6);
  const auto back = decode_hit(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->rule_id, "rule-1");
  EXPECT_EQ(back->rule_hash, (Hash128{1, 2}));
  EXPECT_EQ(back->event_time, hit.event_time);
  EXPECT_EQ(back->received_time, hit.received_time);
  EXPECT_EQ(back->flags, hit.flags);
  EXPECT_EQ(back->source, hit.source);
  EXPECT_EQ(back->raw, hit.raw);
  ASSERT_EQ(back->fields.size(), fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    EXPECT_EQ(back->fields[i].name, names.name(fields[i].id));
    EXPECT_EQ(back->fields[i].kind, fields[i].kind);
    EXPECT_EQ(back->fields[i].text, fields[i].text);
  }
  expect_only(bytes, [](std::string_view b) { return decode_hit(b).has_value(); });
}

TEST(RowCodecs, RoundTripAndDamage) {
  std::string bytes;
  const StateRow state{1, 2, kEpoch, -3, 4, 5, 6, 7, 8, UINT64_MAX};
  encode_state(state, bytes);
  EXPECT_EQ(decode_state(bytes), state);
  expect_only(bytes, [](std::string_view b) { return decode_state(b).has_value(); });

  bytes.clear();
  const BlockRow block{true, 3, 4, 5, kTimeMin, kTimeMax, kEpoch, from_ns(0)};
  encode_block_row(block, bytes);
  EXPECT_EQ(decode_block_row(bytes), block);
  expect_only(bytes, [](std::string_view b) { return decode_block_row(b).has_value(); });

  bytes.clear();
  encode_log({kEpoch, 5, 6, "record"}, bytes);
  const auto log = decode_log(bytes);
  ASSERT_TRUE(log);
  EXPECT_EQ(log->now, kEpoch);
  EXPECT_EQ(log->first_sequence, 5u);
  EXPECT_EQ(log->event_count, 6u);
  EXPECT_EQ(log->record, "record");
  expect_only(bytes, [](std::string_view b) { return decode_log(b).has_value(); });

  bytes.clear();
  encode_evidence({{1, 2}, 3, "hit"}, bytes);
  const auto evidence = decode_evidence(bytes);
  ASSERT_TRUE(evidence);
  EXPECT_EQ(evidence->position, (event::Position{1, 2}));
  EXPECT_EQ(evidence->ordinal, 3u);
  EXPECT_EQ(evidence->hit, "hit");
  expect_only(bytes, [](std::string_view b) { return decode_evidence(b).has_value(); });

  bytes.clear();
  encode_answer({"key", {1, 2}, "answer", kEpoch}, bytes);
  const auto answer = decode_answer("key", bytes);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->key, "key");
  EXPECT_EQ(answer->body_hash, (Hash128{1, 2}));
  EXPECT_EQ(answer->answer, "answer");
  EXPECT_EQ(answer->received_time, kEpoch);
  expect_only(bytes, [](std::string_view b) { return decode_answer("key", b).has_value(); });

  bytes.clear();
  encode_checkpoint(9, "state", bytes);
  const auto checkpoint = decode_checkpoint(bytes);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->number, 9u);
  EXPECT_EQ(checkpoint->state, "state");
  expect_only(bytes, [](std::string_view b) { return decode_checkpoint(b).has_value(); });

  bytes.clear();
  encode_timeline({{1, 2}, 3, kEpoch, "anna", "analyst", "note", "text"}, bytes);
  const auto entry = decode_timeline({1, 2}, 3, bytes);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->index, 3u);
  EXPECT_EQ(entry->at, kEpoch);
  EXPECT_EQ(entry->actor, "anna");
  EXPECT_EQ(entry->kind, "note");
  EXPECT_EQ(entry->text, "text");
  expect_only(bytes, [](std::string_view b) { return decode_timeline({}, 0, b).has_value(); });
}

void expect_events(const BlockReader& reader, const event::Batch& batch, std::size_t from,
                   const std::vector<std::string>& listeners) {
  ASSERT_GE(reader.events().size(), from + batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const BlockEvent& got = reader.events()[from + i];
    const event::Event& want = batch.events()[i];
    EXPECT_EQ(got.raw, want.raw);
    EXPECT_EQ(got.event_time, want.event_time);
    EXPECT_EQ(got.received_time, want.received_time);
    EXPECT_EQ(got.flags, want.flags);
    EXPECT_EQ(got.listener, want.listener < listeners.size() ? listeners[want.listener] : "");
    EXPECT_EQ(got.source, batch.sources()[want.source].name);
  }
}

TEST(Block, KeepsEveryByteOfItsBatches) {
  BlockWriter writer;
  event::Batch first(1 << 16, 100);
  fill_batch(first, 0, 50, kEpoch, 20);
  event::Batch second(1 << 16, 100);
  for (const std::string_view raw : {std::string_view(), std::string_view("\n"),
                                     std::string_view("a\nb\0c\n", 6), std::string_view("\xff")}) {
    event::Event& e = second.add(raw);
    e.event_time = second.size() % 2 == 0 ? kTimeMin : kTimeMax;
    e.received_time = second.size() % 2 == 0 ? kTimeMax : kTimeMin;
    e.flags = 0xFFFF;
    e.listener = 9;
    e.source = second.add_source("", false);
  }
  const std::vector<std::string> listeners{"syslog", "http"};
  writer.add(first, listeners);
  writer.add(second, {});
  const BlockHead head = writer.head();
  EXPECT_EQ(head.event_count, 54u);
  EXPECT_EQ(head.raw_bytes, first.raw().size() + second.raw().size());
  const std::string* block = writer.finish();
  ASSERT_NE(block, nullptr);
  EXPECT_TRUE(writer.empty());

  BlockReader reader;
  ASSERT_TRUE(reader.decode(*block));
  ASSERT_EQ(reader.events().size(), 54u);
  expect_events(reader, first, 0, listeners);
  expect_events(reader, second, 50, {});
  const auto again = read_block_head(*block);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->event_count, head.event_count);
  EXPECT_EQ(again->raw_bytes, head.raw_bytes);
  EXPECT_EQ(again->event_min, kTimeMin);
  EXPECT_EQ(again->received_max, kTimeMax);
}

TEST(Block, DamageIsRefused) {
  BlockWriter writer;
  event::Batch batch(1 << 16, 100);
  fill_batch(batch, 0, 20, kEpoch, 5);
  const std::vector<std::string> listeners{"syslog", "http"};
  writer.add(batch, listeners);
  const std::string block = *writer.finish();
  BlockReader reader;
  expect_only(block, [&](std::string_view b) { return reader.decode(b); });
  expect_only(block, [](std::string_view b) { return read_block_head(b).has_value(); });
  ASSERT_FALSE(reader.decode(block.substr(1)));
  EXPECT_TRUE(reader.events().empty());
}

// A checksum does not make bytes true: whatever is behind it must be checked as well.
TEST(Block, ForgedChecksumsDoNotHelp) {
  BlockWriter writer;
  event::Batch batch(1 << 16, 100);
  fill_batch(batch, 0, 8, kEpoch, 3);
  const std::vector<std::string> listeners{"syslog", "http"};
  writer.add(batch, listeners);
  const std::string block = *writer.finish();
  BlockReader reader;
  for (std::size_t at = 12; at < block.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string forged = block;
      forged[at] = static_cast<char>(forged[at] ^ (1 << bit));
      std::string checksum;
      ByteWriter(checksum).be64(hash64(std::string_view(forged).substr(12)));
      forged.replace(4, 8, checksum);
      // Refused, or at least consistent with itself; never a crash.
      if (accepts([&](std::string_view b) { return reader.decode(b); }, forged)) {
        EXPECT_LE(reader.events().size(), 64u * 1024);
      } else {
        EXPECT_TRUE(reader.events().empty());
      }
    }
}

}  // namespace
}  // namespace vakt::store
