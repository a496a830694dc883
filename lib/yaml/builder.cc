#include "yaml/builder.h"

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>

#include <algorithm>

namespace vakt::yaml {
namespace {

[[noreturn]] void refuse(const YAML::Mark& mark, const std::string& message) {
  throw YAML::ParserException(mark, message);
}

Node node_at(Node::Kind kind, const YAML::Mark& mark) {
  Node node;
  node.kind = kind;
  node.line = mark.line + 1;
  node.column = mark.column + 1;
  return node;
}

}  // namespace

void Builder::saw(const YAML::Mark& mark) {
  ++events;
  last_mark = mark;
}

void Builder::charge(const YAML::Mark& mark, const Cost& cost) {
  total_.nodes += cost.nodes;
  total_.scalar_bytes += cost.scalar_bytes;
  if (total_.nodes > kNodesMax)
    refuse(mark, fmt::format("more than {} nodes, aliases expanded", kNodesMax));
  if (total_.scalar_bytes > kScalarBytesMax)
    refuse(mark, fmt::format("more than {} bytes of scalars, aliases expanded", kScalarBytesMax));
  if (stack_.size() + cost.depth > kDepthMax)
    refuse(mark, fmt::format("nested more than {} deep", kDepthMax));
}

bool Builder::key_expected() const {
  return !stack_.empty() && stack_.back().built.node.is_map() && !stack_.back().has_key;
}

void Builder::OnDocumentStart(const YAML::Mark& mark) {
  saw(mark);
  stack_.clear();
  anchors_.clear();
  root_ = Node{};
  // What is left over after a document, yaml-cpp 0.7 offers as the next one, some of it forever.
  const bool ours = mark.line >= lines_;
  const auto at = static_cast<std::size_t>(mark.pos);
  if (started_ && !ours && !text_.substr(std::min(at, text_.size())).starts_with("---")) {
    drop_last();
    refuse(mark, "unexpected text after the end of the document");
  }
  started_ = true;
  in_document_ = true;
  left_out_ = ours;
}

void Builder::OnDocumentEnd() {
  ++events;
  in_document_ = false;
  if (!left_out_) documents.push_back(std::move(root_));
  root_ = Node{};
}

void Builder::drop_last() {
  if (!left_out_ && !documents.empty()) documents.pop_back();
  left_out_ = true;
}

void Builder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  saw(mark);
  if (key_expected()) refuse(mark, "a key must be a text, not empty or null");
  const Cost cost{1, 0, 0};
  charge(mark, cost);
  Node node = node_at(Node::Kind::null, mark);
  // yaml-cpp places an absent value at whatever follows it; the key is what a person looks for.
  if (!stack_.empty() && stack_.back().has_key && stack_.back().key.line != node.line) {
    node.line = stack_.back().key.line;
    node.column = stack_.back().key.column;
  }
  attach({std::move(node), cost}, anchor, mark);
}

void Builder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  saw(mark);
  if (key_expected()) refuse(mark, "a key must be a text, not an alias");
  const auto it = anchors_.find(anchor);
  if (it == anchors_.end()) refuse(mark, "an alias inside the node that it names");
  charge(mark, it->second.cost);
  attach(it->second, YAML::NullAnchor, mark);
}

void Builder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       const std::string& value) {
  saw(mark);
  const bool plain = tag == "?" || tag.empty();
  if (!plain && tag != "!" && tag != "tag:yaml.org,2002:str")
    refuse(mark, "the tag '" + tag + "' is not supported");
  const Cost cost{1, value.size(), 0};
  charge(mark, cost);
  if (key_expected()) {
    if (anchor != YAML::NullAnchor) refuse(mark, "a key must not have an anchor");
    Frame& frame = stack_.back();
    frame.has_key = true;
    frame.key = Entry{value, mark.line + 1, mark.column + 1, Node{}};
    frame.built.cost.scalar_bytes += value.size();
    return;
  }
  Node node = node_at(Node::Kind::scalar, mark);
  node.text = value;
  node.quoted = !plain;
  attach({std::move(node), cost}, anchor, mark);
}

void Builder::open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
                   YAML::anchor_t anchor) {
  saw(mark);
  const char* name = kind == Node::Kind::map ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq";
  if (!tag.empty() && tag != "?" && tag != "!" && tag != name)
    refuse(mark, "the tag '" + tag + "' is not supported");
  if (key_expected()) refuse(mark, "a key must be a text, not a list or a map");
  charge(mark, {1, 0, 1});
  Frame frame;
  frame.built = {node_at(kind, mark), {1, 0, 1}};
  frame.anchor = anchor;
  stack_.push_back(std::move(frame));
}

void Builder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                              YAML::EmitterStyle::value) {
  open(Node::Kind::sequence, mark, tag, anchor);
}

void Builder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) {
  open(Node::Kind::map, mark, tag, anchor);
}

void Builder::OnSequenceEnd() { close(); }

void Builder::OnMapEnd() {
  report_duplicates(stack_.back().built.node);
  close();
}

void Builder::close() {
  ++events;
  Frame frame = std::move(stack_.back());
  stack_.pop_back();
  attach(std::move(frame.built), frame.anchor, last_mark);
}

void Builder::attach(Built built, YAML::anchor_t anchor, const YAML::Mark& mark) {
  if (anchor != YAML::NullAnchor) {
    charge(mark, built.cost);  // the copy kept for later aliases costs memory as well
    anchors_.insert_or_assign(anchor, built);
  }
  if (stack_.empty()) {
    root_ = std::move(built.node);
    return;
  }
  Frame& frame = stack_.back();
  Cost& cost = frame.built.cost;
  cost.nodes += built.cost.nodes;
  cost.scalar_bytes += built.cost.scalar_bytes;
  cost.depth = std::max(cost.depth, built.cost.depth + 1);
  if (frame.built.node.is_map()) {
    frame.key.value = std::move(built.node);
    frame.built.node.entries.push_back(std::move(frame.key));
    frame.has_key = false;
  } else {
    frame.built.node.items.push_back(std::move(built.node));
  }
}

void Builder::report_duplicates(const Node& map) {
  std::vector<const Entry*> order;
  order.reserve(map.entries.size());
  for (const Entry& entry : map.entries) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(),
                   [](const Entry* a, const Entry* b) { return a->key < b->key; });
  const Entry* first = nullptr;
  for (const Entry* entry : order) {
    if (first == nullptr || entry->key != first->key) {
      first = entry;
      continue;
    }
    left_out_ = true;
    if (++duplicates_ > kDuplicatesReportedMax) return;
    diagnostics_.push_back({Severity::error, file_, entry->line, entry->column,
                            "the key '" + entry->key + "' is here twice",
                            fmt::format("first on line {}", first->line)});
  }
}

}  // namespace vakt::yaml
