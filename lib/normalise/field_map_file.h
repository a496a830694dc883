// Reads field map files (format: rules/field_maps/README.md) into checked descriptions. At load
// time only. Every problem becomes a Diagnostic; a broken map is left out, the others stay.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "normalise/label_set.h"
#include "normalise/normaliser.h"

namespace vakt::normalise {

// Limits on what files may ask for; beyond them a diagnostic says so.
inline constexpr std::size_t kFieldMapsMax = 256;
inline constexpr std::size_t kRouteDepthMax = 4;
inline constexpr std::size_t kExampleBytesMax = 64 * 1024;

struct Place {
  int line = 0;
  int column = 0;
};

using Pair = std::pair<std::string, std::string>;

// What a field is filled from: a template, or another field's value by table.
struct SourceText {
  struct Part {
    std::string field;  // empty: a literal
    std::string text;
  };
  std::vector<Part> parts;
  std::string table_field;
  std::vector<Pair> table;  // lower-case value to text
};

struct FillText {
  std::string target;
  std::vector<SourceText> alternatives;  // the first that can be made is taken
};

// A record goes down the tree as far as its values say; what all nodes on the way say, holds.
struct RouteText {
  std::vector<std::string> is;  // lower-case values that lead here
  LabelSet labels;
  std::vector<FillText> fills;
  std::vector<std::string> by;  // fields whose value chooses among `routes`, in this order
  std::vector<RouteText> routes;
};

struct ConditionText {
  std::string field;
  std::vector<std::string> values;  // lower case; "*" at the start or the end for any text
};

struct MapExample {
  std::string record;
  LabelSet labels;           // each must be satisfied
  std::vector<Pair> fields;  // each must be there
  Place place;
};

struct FieldMapText {
  std::string file;
  std::string name;
  Place place;
  std::vector<std::vector<ConditionText>> when;  // any of them, of each all conditions
  std::vector<std::string> prefixes;
  std::vector<Pair> spellings;  // spelling, name
  std::vector<std::string> time;
  RouteText root;
  std::vector<MapExample> examples;
};

std::vector<FieldMapText> read_field_maps(const DecoderSource& source, Diagnostics& diagnostics);

}  // namespace vakt::normalise
