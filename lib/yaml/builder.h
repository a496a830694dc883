// Builder: yaml-cpp's events to our nodes, with the bounds of yaml/node.h. Throws
// YAML::ParserException at the first breach; yaml/parse.cc catches it. Internal to this folder.
#pragma once

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "yaml/node.h"

namespace vakt::yaml {

inline constexpr std::size_t kTextBytesMax = 4 << 20;
inline constexpr std::size_t kDepthMax = 64;
inline constexpr std::size_t kNodesMax = 1'000'000;
inline constexpr std::size_t kScalarBytesMax = 16 << 20;  // of all scalars, aliases expanded
inline constexpr std::size_t kStallBytesMax = 256 << 10;  // read without completing a node
inline constexpr std::size_t kDuplicatesReportedMax = 20;

class Builder : public YAML::EventHandler {
 public:
  // `text` without byte order mark, and the number of its lines: what the parser finds after them
  // is not the text's.
  Builder(std::string_view text, int lines, const std::string& file, Diagnostics& diagnostics)
      : text_(text), lines_(lines), file_(file), diagnostics_(diagnostics) {}

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override;
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override;
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override;

  // A mistake after the end of the last document, without a line "---" between, is part of it.
  void drop_last();
  bool in_document() const { return in_document_; }

  std::vector<Node> documents;
  std::size_t events = 0;  // seen so far: does the parser make progress?
  YAML::Mark last_mark;    // of the last event

 private:
  struct Cost {
    std::size_t nodes = 0;
    std::size_t scalar_bytes = 0;
    std::size_t depth = 0;
  };
  struct Built {
    Node node;
    Cost cost;
  };
  struct Frame {  // an open collection
    Built built;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    Entry key;
  };

  void saw(const YAML::Mark& mark);
  void charge(const YAML::Mark& mark, const Cost& cost);
  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor);
  void close();
  void attach(Built built, YAML::anchor_t anchor, const YAML::Mark& mark);
  void report_duplicates(const Node& map);
  bool key_expected() const;

  const std::string_view text_;
  const int lines_;
  const std::string& file_;
  Diagnostics& diagnostics_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Built> anchors_;
  Node root_;
  Cost total_;
  bool started_ = false;  // some document has
  bool in_document_ = false;
  bool left_out_ = false;  // this document, or the last, is not in `documents`
  std::size_t duplicates_ = 0;
};

}  // namespace vakt::yaml
