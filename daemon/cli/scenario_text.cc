// Scenario files as text: reading and writing.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "cli/scenario.h"

namespace vakt::cli {
namespace {

constexpr std::string_view kTitleMark = "=== ";
constexpr std::string_view kExpectMark = "--- expect";
constexpr std::string_view kSettingsMark = "settings:";
constexpr std::string_view kIncidentMark = "incident ";
constexpr std::array<std::string_view, 7> kKeys{"severity", "first", "last", "opened_by",
                                                "line",     "count", "peak"};

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

struct Word {
  std::string text;
  int column = 0;  // from 1
};

// Words apart by blanks; double quotes keep blanks together, \" and \\ inside them.
std::optional<std::vector<Word>> split_words(std::string_view line, int first_column) {
  std::vector<Word> words;
  bool quoted = false;
  bool inside = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (!quoted && (c == ' ' || c == '\t' || c == '\r')) {
      inside = false;
      continue;
    }
    if (!inside) words.push_back({"", first_column + static_cast<int>(i)});
    inside = true;
    if (c == '"') {
      quoted = !quoted;
    } else if (quoted && c == '\\' && i + 1 < line.size()) {
      words.back().text += line[++i];
    } else {
      words.back().text += c;
    }
  }
  if (quoted) return std::nullopt;
  return words;
}

std::string quote(std::string_view value) {
  if (!value.empty() && value.find_first_of(" \t\"\\#") == std::string_view::npos)
    return std::string(value);
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

class Reader {
 public:
  Reader(std::string_view text, ScenarioFile& file, Diagnostics& diagnostics)
      : rest_(text), file_(file), diagnostics_(diagnostics) {}

  void read() {
    while (!rest_.empty()) {
      const std::size_t end = std::min(rest_.find('\n'), rest_.size());
      const std::string_view line = rest_.substr(0, end);
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++line_;
      take(line);
    }
    if (current_ == nullptr) complain(0, "the file holds no scenario", "");
  }

 private:
  enum class Part { preamble, log, expectations };

  void take(std::string_view line) {
    const bool title = line.starts_with(kTitleMark);
    if (title || current_ == nullptr) begin(title ? trim(line.substr(kTitleMark.size())) : "");
    if (title) {
      current_->preamble += std::string(line) + "\n";
    } else if (part_ != Part::expectations && trim(line) == kExpectMark) {
      part_ = Part::expectations;
      current_->has_expectations = true;
    } else if (part_ == Part::preamble) {
      take_preamble(line);
    } else if (part_ == Part::log) {
      current_->log += std::string(line) + "\n";
    } else {
      take_expectation(line);
    }
  }

  void begin(std::string_view title) {
    // A comment above the first title belongs to the file, not to a scenario of its own.
    const bool only_comments = current_ != nullptr && part_ == Part::preamble;
    if (!only_comments) current_ = &file_.scenarios.emplace_back();
    current_->title = std::string(title);
    part_ = Part::preamble;
  }

  void take_preamble(std::string_view line) {
    if (line.starts_with(kSettingsMark)) {
      read_settings(line);
    } else if (!line.starts_with("#") && !trim(line).empty()) {
      part_ = Part::log;
      current_->log += std::string(line) + "\n";
      return;
    }
    current_->preamble += std::string(line) + "\n";
  }

  void read_settings(std::string_view line) {
    const auto words =
        split_words(line.substr(kSettingsMark.size()), static_cast<int>(kSettingsMark.size()) + 1);
    if (!words) return complain(1, "a quotation mark is not closed", "");
    for (const Word& word : *words) {
      const std::size_t equals = std::min(word.text.find('='), word.text.size());
      const std::string key = word.text.substr(0, equals);
      const std::string value = word.text.substr(std::min(equals + 1, word.text.size()));
      if (key == "zone" && !value.empty()) {
        current_->zone = value;
      } else if (key == "year") {
        const auto [end, error] =
            std::from_chars(value.data(), value.data() + value.size(), current_->year);
        if (error != std::errc() || end != value.data() + value.size() || current_->year < 1970 ||
            current_->year > 2261)
          complain(word.column, "'" + value + "' is not a year", "such as year=2026");
      } else {
        complain(word.column, "unknown setting '" + word.text + "'", "year=… and zone=… exist");
      }
    }
  }

  void take_expectation(std::string_view line) {
    const std::string_view trimmed = trim(line);
    if (trimmed.empty()) return;
    if (trimmed.starts_with("#")) {
      current_->comments.emplace_back(trimmed);
      return;
    }
    const auto words = split_words(line, 1);
    if (!words) return complain(1, "a quotation mark is not closed", "");
    if (words->front().text != "incident" || words->size() < 2)
      return complain(words->front().column, "an expectation starts with 'incident RULE'",
                      "such as: incident ssh-brute-force count=5");
    Expectation expectation{(*words)[1].text, {}, line_};
    for (std::size_t i = 2; i < words->size(); ++i) read_key((*words)[i], expectation);
    current_->expected.push_back(std::move(expectation));
  }

  void read_key(const Word& word, Expectation& expectation) {
    const std::size_t equals = word.text.find('=');
    const std::string key = word.text.substr(0, equals);
    const bool known = std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end() ||
                       (key.starts_with("group.") && key.size() > 6);
    if (equals == std::string::npos || !known)
      return complain(word.column, "unknown key in '" + word.text + "'",
                      "severity, first, last, opened_by, line, count, peak and group.FIELD exist");
    expectation.keys.emplace_back(key, word.text.substr(equals + 1));
  }

  void complain(int column, std::string what, std::string hint) {
    diagnostics_.push_back(
        {Severity::error, file_.path, line_, column, std::move(what), std::move(hint)});
  }

  std::string_view rest_;
  ScenarioFile& file_;
  Diagnostics& diagnostics_;
  Scenario* current_ = nullptr;
  Part part_ = Part::preamble;
  int line_ = 0;
};

}  // namespace

ScenarioFile parse_scenarios(std::string_view text, const std::string& path,
                             Diagnostics& diagnostics) {
  ScenarioFile file{path, {}};
  Reader(text, file, diagnostics).read();
  return file;
}

std::string to_text(const Expectation& expectation) {
  std::string out = std::string(kIncidentMark) + quote(expectation.rule);
  for (const auto& [key, value] : expectation.keys) out += fmt::format(" {}={}", key, quote(value));
  return out;
}

std::string to_text(const ScenarioFile& file) {
  std::string out;
  for (const Scenario& scenario : file.scenarios) {
    if (!out.empty()) out += '\n';
    out += scenario.preamble + scenario.log + std::string(kExpectMark) + "\n";
    for (const std::string& comment : scenario.comments) out += comment + "\n";
    for (const Expectation& expectation : scenario.expected) out += to_text(expectation) + "\n";
  }
  return out;
}

std::string slug(std::string_view title) {
  std::string out;
  for (char c : title) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (kept) {
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out;
}

}  // namespace vakt::cli
