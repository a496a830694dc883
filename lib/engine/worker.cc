#include "engine/worker.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "base/hash.h"
#include "base/text.h"
#include "parse/syslog.h"
#include "parse/timestamp.h"
#include "parse/utf8.h"

namespace vakt::engine {
namespace {

using event::Field;
using event::ValueKind;

// Times outside are no times of events; inside, window arithmetic cannot overflow.
constexpr Time kEarliest{};                                 // 1970
constexpr Time kLatest = from_unix_seconds(7'258'118'400);  // 2200
constexpr Duration kFutureMax = std::chrono::hours(24);
constexpr Duration kHistoryAfter = std::chrono::hours(24);
constexpr std::size_t kSourceHostBytesMax = 255;
constexpr Duration kMarkAhead = std::chrono::seconds(60);

// "0" to "191": the text of a priority, facility or severity.
constexpr std::size_t kNumbers = 192;
const std::array<std::string, kNumbers>& number_texts() {
  static const auto texts = [] {
    std::array<std::string, kNumbers> t;
    for (std::size_t i = 0; i < kNumbers; ++i) t[i] = std::to_string(i);
    return t;
  }();
  return texts;
}

// The parsed view of a text: itself where it is clean, else a sanitised copy.
std::string_view clean(event::Batch& batch, std::string_view text, std::uint16_t& flags) {
  if (!parse::needs_sanitising(text)) return text;
  if (text.find('\0') != std::string_view::npos) flags |= event::kHadNul;
  if (!is_valid_utf8(text)) flags |= event::kBadUtf8;
  std::string copy;
  append_sanitised(copy, text);
  return batch.text().copy(copy);
}

// Of its size and its first and last eight bytes: enough for a guess.
std::size_t guess_hash(std::string_view host) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;  // 2^64 divided by the golden ratio
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  if (host.size() >= sizeof first) {
    std::memcpy(&first, host.data(), sizeof first);
    std::memcpy(&last, host.data() + host.size() - sizeof last, sizeof last);
  } else if (!host.empty()) {
    std::memcpy(&first, host.data(), host.size());
  }
  // The highest bits depend on all of them.
  return static_cast<std::size_t>(((first ^ host.size()) * kOdd ^ last) * kOdd >> 48);
}

// Is `name` peer/host, or the peer alone where there is no host?
bool is_source(std::string_view name, std::string_view peer, std::string_view host) {
  if (host.empty()) return name == peer;
  return name.size() == peer.size() + 1 + host.size() && name.ends_with(host) &&
         name.starts_with(peer) && name[peer.size()] == '/';
}

void add_if(event::Batch& batch, event::FieldId id, ValueKind kind, std::string_view text) {
  if (!text.empty()) batch.add_field(id, kind, text);
}

void add_header_fields(event::Batch& batch, const parse::SyslogHeader& header) {
  add_if(batch, event::kHostName, ValueKind::string, header.hostname);
  add_if(batch, event::kProcessName, ValueKind::string, header.app_name);
  add_if(batch, event::kProcessPid, ValueKind::number, header.proc_id);
  add_if(batch, event::kSyslogMsgId, ValueKind::string, header.msg_id);
  add_if(batch, event::kSyslogStructured, ValueKind::string, header.structured_data);
  add_if(batch, event::kTimestamp, ValueKind::string, header.timestamp);
  if (!header.has_priority) return;
  const auto& numbers = number_texts();
  batch.add_field(event::kSyslogPriority, ValueKind::number, numbers[header.priority]);
  batch.add_field(event::kSyslogFacility, ValueKind::number, numbers[header.priority / 8]);
  batch.add_field(event::kSyslogSeverity, ValueKind::number, numbers[header.priority % 8]);
}

}  // namespace

Worker::Worker(std::shared_ptr<const Pipeline> pipeline)
    : pipeline_(std::move(pipeline)),
      json_(kFrameBytesMax),
      text_records_(pipeline_->names),
      matcher_(pipeline_->program, pipeline_->carried) {}

void Worker::add(event::Batch& batch, std::string_view frame, bool truncated,
                 const Origin& origin) {
  const Listener& listener = pipeline_->listeners[origin.listener];
  event::Event& e = batch.add(frame);
  e.received_time = origin.received;
  e.listener = origin.listener;
  if (truncated) e.flags |= event::kTruncated;
  const Format format = listener.settings.format;
  const bool json =
      format == Format::json || (format == Format::automatic && parse::looks_like_json(frame));
  bool own_fields = true;  // others than a header's, which no field map reads
  if (!json || !add_json(batch, listener, origin)) {
    const std::string_view text = clean(batch, e.raw, e.flags);
    if (json) {
      e.flags |= event::kUnparsed;
      batch.add_field(event::kMessage, ValueKind::string, text);
      set_time(e, false, {}, origin.received);
    } else {
      own_fields = add_syslog(batch, text, listener, origin);
    }
  }
  const bool historic =
      listener.settings.imported || e.event_time < origin.received - kHistoryAfter;
  if (historic) e.flags |= event::kHistoric;
  set_source(batch, origin);
  if (own_fields && !origin.route && pipeline_->field_maps->apply(batch, listener.route)) return;
  pipeline_->decoders->decode(batch, listener.route);
  if (origin.route) batch.events().back().route = *origin.route;
}

bool Worker::add_syslog(event::Batch& batch, std::string_view text, const Listener& listener,
                        const Origin& origin) {
  const parse::SyslogHeader header = parse::parse_syslog(text, context_of(listener, origin));
  event::Event& e = batch.events().back();
  if (header.year_guessed) e.flags |= event::kYearGuessed;
  batch.add_field(event::kMessage, ValueKind::string, header.message);
  add_header_fields(batch, header);
  // A header with mistakes is one: it names a program.
  const bool has_header = !header.unparsed || !header.app_name.empty();
  // Without a header, `unparsed` is right for anything but a record that needs none.
  const auto own_time =
      text_records_.add(batch, header.message, has_header, header.app_name, listener.settings.zone);
  if (header.unparsed && !own_time) e.flags |= event::kUnparsed;
  set_time(e, own_time || header.has_time, own_time.value_or(header.time), origin.received);
  return own_time.has_value();
}

// False: not a JSON record.
bool Worker::add_json(event::Batch& batch, const Listener& listener, const Origin& origin) {
  const auto error = json_.parse(batch, pipeline_->names, pipeline_->program->wants_keywords(),
                                 !origin.route.has_value());
  if (error != parse::JsonError::none) return false;
  event::Event& e = batch.events().back();
  const Field* stamp = batch.find(e, event::kTimestamp);
  if (stamp != nullptr) {
    const auto time = parse::parse_timestamp(stamp->text, listener.settings.zone);
    set_time(e, time.has_value(), time.value_or(Time{}), origin.received);
    return true;
  }
  // A record that only wraps a log line, as many shippers send it, is that line.
  Field* message = nullptr;
  for (Field& f : batch.mutable_fields(e))
    if (f.id == event::kMessage && f.kind == ValueKind::string) message = &f;
  if (message == nullptr) {
    set_mapped_time(batch, listener, origin);
    return true;
  }
  const parse::SyslogHeader header =
      parse::parse_syslog(message->text, context_of(listener, origin));
  if (header.has_time) {
    const bool has_host = batch.find(e, event::kHostName) != nullptr;
    const bool has_process = batch.find(e, event::kProcessName) != nullptr;
    message->text = header.message;
    parse::SyslogHeader missing = header;
    if (has_host) missing.hostname = {};
    if (has_process) missing.app_name = missing.proc_id = {};
    if (header.year_guessed) e.flags |= event::kYearGuessed;
    add_header_fields(batch, missing);
  }
  if (header.has_time)
    set_time(e, true, header.time, origin.received);
  else
    set_mapped_time(batch, listener, origin);
  return true;
}

// The time of a JSON record that calls it in its own way.
void Worker::set_mapped_time(event::Batch& batch, const Listener& listener, const Origin& origin) {
  const Field* stamp = pipeline_->field_maps->time_of(batch);
  const auto time =
      stamp == nullptr ? std::nullopt : parse::parse_timestamp(stamp->text, listener.settings.zone);
  set_time(batch.events().back(), time.has_value(), time.value_or(Time{}), origin.received);
}

void Worker::set_time(event::Event& event, bool found, Time time, Time received) {
  const bool usable =
      found && time >= kEarliest && time <= kLatest && time <= received + kFutureMax;
  event.event_time = usable ? time : received;
  if (!usable) event.flags |= event::kTimeSuspect;
}

void Worker::set_source(event::Batch& batch, const Origin& origin) {
  event::Event& e = batch.events().back();
  const bool historic = (e.flags & event::kHistoric) != 0;
  std::string_view host;
  if (const Field* f = batch.find(e, event::kHostName); f != nullptr && !origin.peer_is_source)
    host = f->text.substr(0, kSourceHostBytesMax);
  // Hosts come again and again; where this one was seen last is mostly still right.
  std::uint32_t& guess = source_guesses_[guess_hash(host) % source_guesses_.size()];
  const auto sources = batch.sources();
  if (guess >= sources.size() || sources[guess].historic != historic ||
      !is_source(sources[guess].name, origin.peer, host)) {
    source_.assign(origin.peer);
    if (!host.empty()) source_.append("/").append(host);
    guess = batch.add_source(source_, historic);
  }
  e.source = guess;
  event::SourceMark& mark = batch.sources()[guess];
  mark.received_time_max = std::max(mark.received_time_max, e.received_time);
  // A time we made up says nothing about how far the source has come.
  if ((e.flags & event::kTimeSuspect) != 0) return;
  mark.event_time_max =
      std::max(mark.event_time_max, std::min(e.event_time, e.received_time + kMarkAhead));
}

void Worker::match(const event::Batch& batch, std::vector<event::Hit>& hits) {
  matches_.clear();
  matcher_.match(batch, matches_);
  for (const match::Match& m : matches_) {
    const event::Event& e = batch.events()[m.event];
    const bool same_event = !hits.empty() && hits.back().event_index == m.event;
    const std::uint32_t ordinal = same_event ? hits.back().ordinal + 1 : 0;
    event::Hit& hit = hits.emplace_back();
    hit.ordinal = ordinal;
    hit.rule = m.rule;
    hit.event_index = m.event;
    hit.event_time = e.event_time;
    hit.received_time = e.received_time;
    hit.flags = e.flags;
    hit.source = batch.sources()[e.source].name;
    hit.raw = e.raw.substr(0, event::kHitRawBytesMax);
    hit.fields = batch.fields(e);
  }
}

}  // namespace vakt::engine
