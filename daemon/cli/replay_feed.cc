#include "cli/replay_feed.h"

#include <deque>
#include <optional>
#include <utility>

#include "cli/frame_reader.h"
#include "engine/worker.h"
#include "event/batch.h"

namespace vakt::cli {
namespace {

Result<LineMap> feed_one(const Feed& feed, LogFile file) {
  FrameReader reader(std::move(file));
  LineMap lines;
  std::uint64_t sequence = feed.offline.events();
  const std::string& path = reader.file().path();
  const auto sink = [&](const framing::Frame& frame, std::uint64_t line) {
    lines.add(sequence++, 0, line);
    feed.offline.add(frame.bytes, frame.truncated, 0, path);
  };
  while (true) {
    const auto more = reader.read_chunk(sink);
    if (!more) return tl::make_unexpected(more.error());
    if (feed.progress) feed.progress(reader.bytes(), reader.file().size());
    if (!*more) return lines;
  }
}

// Parses frames once ahead of the engine, for their time only.
class Clock {
 public:
  explicit Clock(const Feed& feed)
      : worker_(feed.pipeline), batch_(4 * engine::kFrameBytesMax, 1'024), now_(feed.now) {}

  // Nullopt: the record has no time of its own.
  std::optional<Time> time_of(const framing::Frame& frame) {
    if (!batch_.has_room(frame.bytes.size())) batch_.clear();
    worker_.add(batch_, frame.bytes, frame.truncated, {0, "", false, now_});
    const event::Event& event = batch_.events().back();
    if ((event.flags & event::kTimeSuspect) != 0) return std::nullopt;
    return event.event_time;
  }

 private:
  engine::Worker worker_;
  event::Batch batch_;
  Time now_;
};

class MergedFile {
 public:
  explicit MergedFile(LogFile file) : reader_(std::move(file)) {}

  struct Pending {
    Time time;
    std::uint64_t line = 0;
    bool truncated = false;
    std::string bytes;
  };

  // Makes front() valid, unless the file is at its end.
  Result<void> fill(Clock& clock) {
    while (pending_.empty() && !ended_) {
      const auto more = reader_.read_chunk([&](const framing::Frame& frame, std::uint64_t line) {
        // A line without a time goes with the line before it.
        if (const auto time = clock.time_of(frame)) last_time_ = *time;
        pending_.push_back({last_time_, line, frame.truncated, std::string(frame.bytes)});
      });
      if (!more) return tl::make_unexpected(more.error());
      ended_ = !*more;
    }
    return {};
  }
  bool empty() const { return pending_.empty(); }
  const Pending& front() const { return pending_.front(); }
  void pop() { pending_.pop_front(); }
  const FrameReader& reader() const { return reader_; }

 private:
  FrameReader reader_;
  std::deque<Pending> pending_;
  Time last_time_ = kTimeMin;
  bool ended_ = false;
};

void tell_progress(const Feed& feed, const std::vector<MergedFile>& files) {
  if (!feed.progress) return;
  std::uint64_t bytes = 0;
  std::uint64_t total = 0;
  for (const MergedFile& file : files) {
    bytes += file.reader().bytes();
    total += file.reader().file().size();
  }
  feed.progress(bytes, total);
}

Result<LineMap> feed_merged(const Feed& feed, std::vector<LogFile> opened) {
  std::vector<MergedFile> files;
  for (LogFile& file : opened) files.emplace_back(std::move(file));
  Clock clock(feed);
  LineMap lines;
  std::uint64_t sequence = feed.offline.events();
  while (true) {
    std::size_t next = files.size();
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (files[i].empty()) {
        if (const auto ok = files[i].fill(clock); !ok) return tl::make_unexpected(ok.error());
        tell_progress(feed, files);
      }
      if (files[i].empty()) continue;
      if (next == files.size() || files[i].front().time < files[next].front().time) next = i;
    }
    if (next == files.size()) return lines;
    const MergedFile::Pending& first = files[next].front();
    lines.add(sequence++, static_cast<std::uint32_t>(next), first.line);
    feed.offline.add(first.bytes, first.truncated, 0, files[next].reader().file().path());
    files[next].pop();
  }
}

}  // namespace

Result<LineMap> feed_files(const Feed& feed, const std::vector<std::string>& paths) {
  std::vector<LogFile> files;
  for (const std::string& path : paths) {
    auto file = LogFile::open(path);
    if (!file) return tl::make_unexpected(file.error());
    files.push_back(std::move(*file));
  }
  if (files.size() == 1) return feed_one(feed, std::move(files.front()));
  return feed_merged(feed, std::move(files));
}

}  // namespace vakt::cli
