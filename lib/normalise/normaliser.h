// Normaliser: what a record means. Message decoders (data in rules/decoders/*.yaml) take user,
// address, action and outcome out of messages and give them ECS names, and label the event's log
// source by program. A line costs nothing but one hash look-up unless its program has decoders, and
// no expression runs unless its literal is in the message.
//
// Decoders are RE2 named groups over the whole message: linear time whatever an attacker writes,
// and no forged text in the middle of a message can pass for one. The first that matches wins.
// Format of the files: rules/decoders/README.md; decisions: README.md here.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "event/batch.h"
#include "event/log_source.h"

namespace vakt::normalise {

struct DecoderSource {
  std::string file;
  std::string text;
};

// Loaded decoders. Immutable; shared by all threads.
class Decoders {
 public:
  // Adds the field names and routes that decoders produce. Broken decoders are left out and
  // reported. Never null. `routes` must already hold every route that is passed to decode() as
  // `base`: the routes added here are combinations of those with the decoders' labels.
  static std::shared_ptr<const Decoders> load(const std::vector<std::string>& paths,
                                              event::FieldNames& names, event::Routes& routes,
                                              Diagnostics& diagnostics);
  static std::shared_ptr<const Decoders> load_texts(const std::vector<DecoderSource>& sources,
                                                    event::FieldNames& names, event::Routes& routes,
                                                    Diagnostics& diagnostics);
  ~Decoders();

  // Decodes the batch's last event: looks at its process.name (kProcessName) and message
  // (kMessage), adds fields, sets its route. `base` labels come from the listener. Values already
  // present in the event (a JSON record's own source.ip) are not overwritten. Allocates only in
  // batch.text(), and in RE2 for patterns outside its one-pass form (README.md).
  void decode(event::Batch& batch, event::RouteId base) const;

 private:
  Decoders();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vakt::normalise
