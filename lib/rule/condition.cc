#include "rule/condition.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "rule/expr.h"
#include "yaml/suggest.h"

namespace vakt::rule {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

struct Word {
  std::string_view text;
  std::size_t offset = 0;
  std::string lower;  // operators are written in any case
};

std::vector<Word> split(std::string_view text) {
  std::vector<Word> words;
  std::size_t i = 0;
  while ((i = text.find_first_not_of(kSpace, i)) != std::string_view::npos) {
    std::size_t end = i + 1;
    if (text[i] != '(' && text[i] != ')') end = text.find_first_of(" \t\r\n()", i);
    const std::string_view word = text.substr(i, end == std::string_view::npos ? end : end - i);
    words.push_back({word, i, to_lower(word)});
    i += word.size();
  }
  return words;
}

bool is_operator(const Word& word) {
  return word.lower == "and" || word.lower == "or" || word.lower == "not";
}

// `*` stands for any text. Greedy with one point to return to: linear for one star.
bool glob_matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t mark = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

class ConditionParser {
 public:
  ConditionParser(const yaml::Node& node, ConditionScope& scope, Reporter& reporter)
      : node_(node), scope_(scope), reporter_(reporter), words_(split(node.text)) {}

  std::optional<Expr> parse() {
    if (words_.empty()) return fail("the condition is empty", "name a detection");
    if (const auto bar = node_.text.find('|'); bar != std::string::npos) {
      at_offset_ = bar;
      return fail("aggregations after '|' are not supported",
                  "write a correlation rule (type: event_count or value_count) instead");
    }
    auto out = parse_or(0);
    if (out && at_ < words_.size()) return unexpected();
    return out;
  }

 private:
  const Word* peek(std::size_t ahead = 0) const {
    return at_ + ahead < words_.size() ? &words_[at_ + ahead] : nullptr;
  }

  // Reports at the current word, where the YAML says where the text lies.
  std::nullopt_t fail(std::string message, std::string hint = {}) {
    Place at = place(node_);
    const Word* word = peek();
    const std::size_t offset = at_offset_ != 0   ? at_offset_
                               : word != nullptr ? word->offset
                                                 : node_.text.size();
    if (!node_.quoted) at.column += static_cast<int>(offset);
    reporter_.error(at, std::move(message), std::move(hint));
    return std::nullopt;
  }
  std::nullopt_t unexpected() {
    const Word* word = peek();
    if (word == nullptr)
      return fail("the condition ends too early", "a detection's name is missing");
    return fail(fmt::format("'{}' is not expected here", word->text),
                "between names there must be 'and' or 'or'");
  }

  bool count_nodes(std::size_t nodes) {
    scope_.nodes += nodes;
    return scope_.nodes <= kConditionNodesMax;
  }
  std::nullopt_t fail_size() {
    return fail(fmt::format("the condition has more than {} parts", kConditionNodesMax));
  }

  std::optional<Expr> parse_chain(std::size_t depth, std::string_view op, Expr::Kind kind) {
    std::vector<Expr> children;
    while (true) {
      auto child =
          kind == Expr::Kind::any ? parse_chain(depth, "and", Expr::Kind::all) : parse_not(depth);
      if (!child) return std::nullopt;
      children.push_back(std::move(*child));
      const Word* word = peek();
      if (word == nullptr || word->lower != op) return link(kind, std::move(children));
      ++at_;
    }
  }
  std::optional<Expr> parse_or(std::size_t depth) {
    return parse_chain(depth, "or", Expr::Kind::any);
  }

  std::optional<Expr> parse_not(std::size_t depth) {
    if (depth > kConditionDepthMax)
      return fail(fmt::format("the condition is nested more than {} deep", kConditionDepthMax));
    const Word* word = peek();
    if (word == nullptr) return unexpected();
    if (word->lower == "not") {
      ++at_;
      auto child = parse_not(depth + 1);
      if (!child) return std::nullopt;
      if (!count_nodes(1)) return fail_size();
      return negate(std::move(*child));
    }
    if (word->text == "(") {
      ++at_;
      auto inner = parse_or(depth + 1);
      if (!inner) return std::nullopt;
      if (peek() == nullptr) return fail("a ')' is missing");
      if (peek()->text != ")") return unexpected();
      ++at_;
      return inner;
    }
    const Word* next = peek(1);
    if (next != nullptr && next->lower == "of") return parse_of();
    return parse_name();
  }

  std::optional<Expr> parse_of() {
    const std::string& quantity = peek()->lower;
    if (quantity != "1" && quantity != "any" && quantity != "all")
      return fail(fmt::format("'{} of' is not supported", peek()->text), "use 1, any or all");
    const auto kind = quantity == "all" ? Expr::Kind::all : Expr::Kind::any;
    at_ += 2;
    const Word* what = peek();
    if (what == nullptr || what->text == "(" || what->text == ")")
      return fail("'of' needs 'them' or a pattern of detection names",
                  "for example: 1 of filter_*");
    const std::string_view pattern = what->lower == "them" ? "*" : what->text;
    std::vector<Expr> children;
    for (std::size_t i = 0; i < scope_.detections.size(); ++i) {
      const std::string& name = scope_.detections[i].name;
      if (name.starts_with('_') && !pattern.starts_with('_')) continue;
      if (!glob_matches(pattern, name)) continue;
      children.push_back(reference(i));
    }
    if (children.empty())
      return fail(fmt::format("'{}' names no {}", what->text, scope_.kind), suggestion(what->text));
    if (!count_nodes(children.size())) return fail_size();
    ++at_;
    return link(kind, std::move(children));
  }

  std::optional<Expr> parse_name() {
    const Word& word = *peek();
    if (is_operator(word) || word.text == ")") return unexpected();
    for (std::size_t i = 0; i < scope_.detections.size(); ++i) {
      if (scope_.detections[i].name != word.text) continue;
      if (!count_nodes(1)) return fail_size();
      ++at_;
      return reference(i);
    }
    if (word.text.find('*') != std::string_view::npos)
      return fail(fmt::format("the pattern '{}' stands alone", word.text),
                  fmt::format("write '1 of {0}' or 'all of {0}'", word.text));
    return fail(fmt::format("'{}' names no {}", word.text, scope_.kind), suggestion(word.text));
  }

  Expr reference(std::size_t detection) {
    scope_.used[detection] = true;
    Expr out;
    out.kind = Expr::Kind::detection;
    out.detection = static_cast<std::uint32_t>(detection);
    return out;
  }

  std::string suggestion(std::string_view word) const {
    std::vector<std::string_view> names;
    for (const Detection& detection : scope_.detections) names.push_back(detection.name);
    return yaml::did_you_mean(word, names);
  }

  const yaml::Node& node_;
  ConditionScope& scope_;
  Reporter& reporter_;
  std::vector<Word> words_;
  std::size_t at_ = 0;
  std::size_t at_offset_ = 0;
};

}  // namespace

std::optional<Expr> read_condition(const yaml::Node& node, ConditionScope& scope,
                                   Reporter& reporter) {
  if (node.is_sequence() && !node.items.empty()) {
    std::vector<Expr> children;
    for (const yaml::Node& item : node.items) {
      if (item.is_sequence()) {
        reporter.error(place(item), "a condition must be a text");
        return std::nullopt;
      }
      auto child = read_condition(item, scope, reporter);
      if (!child) return std::nullopt;
      children.push_back(std::move(*child));
    }
    return link(Expr::Kind::any, std::move(children));
  }
  if (!node.is_scalar()) {
    reporter.error(place(node), "the condition must be a text or a list of texts");
    return std::nullopt;
  }
  if (node.text.size() > kConditionBytesMax) {
    reporter.error(place(node),
                   fmt::format("the condition is longer than {} bytes", kConditionBytesMax));
    return std::nullopt;
  }
  return ConditionParser(node, scope, reporter).parse();
}

}  // namespace vakt::rule
