// Reporter: where the readers of one document put what is wrong with it. A document with an error
// is left out. Long messages and long lists of problems are cut, so that a hostile file costs
// little. Internal to this folder.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "yaml/node.h"

namespace vakt::rule {

struct Place {
  int line = 0;
  int column = 0;
};
inline Place place(const yaml::Node& node) { return {node.line, node.column}; }
inline Place place(const yaml::Entry& entry) { return {entry.line, entry.column}; }

class Reporter {
 public:
  Reporter(std::string file, Diagnostics& diagnostics)
      : file_(std::move(file)), diagnostics_(diagnostics) {}

  void error(Place at, std::string message, std::string hint = {}) {
    add(Severity::error, at, std::move(message), std::move(hint));
  }
  void warn(Place at, std::string message, std::string hint = {}) {
    add(Severity::warning, at, std::move(message), std::move(hint));
  }
  void refuse_unknown_keys(const yaml::Node& map, const std::vector<std::string_view>& known) {
    Diagnostics found;
    yaml::refuse_unknown_keys(file_, map, known, found);
    for (Diagnostic& d : found) error({d.line, d.column}, std::move(d.message), std::move(d.hint));
  }
  bool failed() const { return errors_ > 0; }
  const std::string& file() const { return file_; }

 private:
  static constexpr std::size_t kReportedMax = 25;  // of errors, and of warnings
  static constexpr std::size_t kMessageBytesMax = 400;

  static void cut(std::string& text) {
    if (text.size() <= kMessageBytesMax) return;
    std::size_t end = kMessageBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
    text += "...";
  }
  void add(Severity severity, Place at, std::string message, std::string hint) {
    std::size_t& count = severity == Severity::error ? errors_ : warnings_;
    if (++count > kReportedMax) return;
    if (count == kReportedMax) hint = "further problems of this rule are not listed";
    cut(message);
    cut(hint);
    diagnostics_.push_back(
        {severity, file_, at.line, at.column, std::move(message), std::move(hint)});
  }
  std::string file_;
  Diagnostics& diagnostics_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

}  // namespace vakt::rule
