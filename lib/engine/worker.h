// Worker: frames to events to hits. The data plane of one thread; plain loops, no locks, and no
// allocation per event once its buffers have grown.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/pipeline.h"
#include "engine/text_records.h"
#include "event/batch.h"
#include "event/hit.h"
#include "parse/json.h"
#include "parse/syslog.h"

namespace vakt::engine {

// Where a frame comes from.
struct Origin {
  std::uint16_t listener = 0;
  std::string_view peer;        // authenticated name, or peer address, or file name
  bool peer_is_source = false;  // an authenticated name is the source, whatever the header says
  Time received;
  // Log sources given with the record: its content is not asked for them, and no field map applies.
  std::optional<event::RouteId> route = {};
};

inline constexpr std::size_t kFrameBytesMax = 256 * 1024;

class Worker {
 public:
  explicit Worker(std::shared_ptr<const Pipeline> pipeline);

  // Parses and decodes a frame into a new event of `batch`, which must have room for it.
  void add(event::Batch& batch, std::string_view frame, bool truncated, const Origin& origin);

  // Is this frame a record that cannot be read in its listener's format? (A JSON listener's or
  // request's malformed lines are counted and reported; they are stored all the same.)
  bool malformed(const event::Batch& batch) const {
    return (batch.events().back().flags & event::kUnparsed) != 0;
  }

  // Matches all events of the batch. The hits' texts point into the batch.
  void match(const event::Batch& batch, std::vector<event::Hit>& hits);

  // What the last match() left out, and where it gave up.
  const match::Matcher& matcher() const { return matcher_; }
  const Pipeline& pipeline() const { return *pipeline_; }

 private:
  parse::SyslogContext context_of(const Listener& listener, const Origin& origin) {
    return {origin.received, listener.settings.year, listener.settings.zone, &bsd_memo_};
  }
  // True: the message is a record with fields of its own.
  bool add_syslog(event::Batch& batch, std::string_view text, const Listener& listener,
                  const Origin& origin);
  bool add_json(event::Batch& batch, const Listener& listener, const Origin& origin);
  void set_mapped_time(event::Batch& batch, const Listener& listener, const Origin& origin);
  void set_time(event::Event& event, bool found, Time time, Time received);
  void set_source(event::Batch& batch, const Origin& origin);

  std::shared_ptr<const Pipeline> pipeline_;
  parse::JsonParser json_;
  parse::BsdMemo bsd_memo_;
  TextRecords text_records_;
  match::Matcher matcher_;
  std::vector<match::Match> matches_;
  std::string source_;                                // scratch
  std::array<std::uint32_t, 4096> source_guesses_{};  // by hash of the host: index in the batch
};

}  // namespace vakt::engine
