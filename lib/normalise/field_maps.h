// FieldMaps: which Sigma log sources a structured record belongs to, and its fields under the names
// that Sigma rules use, decided by what the record holds (data in rules/field_maps/*.yaml).
//
// Most of a map is spelling ("Event.EventData.Image" is Image) and costs nothing here: parsers look
// it up. What is left is to choose a route (by Channel, then EventID: one hash look-up each) and to
// add the few fields that the route names otherwise. A record without any field that a map asks
// for costs one pass over its fields.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "event/batch.h"
#include "event/log_source.h"
#include "normalise/normaliser.h"

namespace vakt::normalise {

// Loaded field maps. Immutable; shared by all threads.
class FieldMaps {
 public:
  // Adds the names, spellings and routes of all maps. Broken ones, and those that do not do what
  // their examples say, are left out and reported. Never null. `bases`: the routes below it are
  // those that may be passed to apply(). Spellings count once names.resolve_spellings() was called.
  static std::shared_ptr<const FieldMaps> load(const std::vector<std::string>& paths,
                                               std::size_t bases, event::FieldNames& names,
                                               event::Routes& routes, Diagnostics& diagnostics);
  static std::shared_ptr<const FieldMaps> load_texts(const std::vector<DecoderSource>& sources,
                                                     std::size_t bases, event::FieldNames& names,
                                                     event::Routes& routes,
                                                     Diagnostics& diagnostics);
  ~FieldMaps();

  // Is the batch's last event a record of some map? Then its route becomes `base` with the map's
  // labels, and fields that the map names otherwise are added; those that the event has already are
  // kept. Else it is left as it is. Allocates only in batch.text().
  bool apply(event::Batch& batch, event::RouteId base) const;

  // The field that holds the time of the batch's last event where it has no "@timestamp", or null.
  const event::Field* time_of(const event::Batch& batch) const;

 private:
  FieldMaps();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vakt::normalise
