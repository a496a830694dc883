#include "cli/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string_view>

#include "base/text.h"

namespace vakt::cli {
namespace {

std::string xml(std::string_view text) {
  std::string out;
  for (const char c : escape_terminal(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// Line by line, because escaping takes line ends for control characters.
std::string xml_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += xml(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

bool write_junit(const std::string& path, const std::string& suite,
                 const std::vector<JunitCase>& cases) {
  const auto failed = std::count_if(cases.begin(), cases.end(),
                                    [](const JunitCase& c) { return !c.failure.empty(); });
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      << fmt::format("<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n", xml(suite),
                     cases.size(), failed);
  for (const JunitCase& c : cases) {
    out << fmt::format("  <testcase classname=\"{}\" name=\"{}\"", xml(c.place), xml(c.name));
    if (c.failure.empty()) {
      out << "/>\n";
    } else {
      out << fmt::format(">\n    <failure message=\"{}\">\n", xml(c.failure))
          << xml_lines(c.details) << "    </failure>\n  </testcase>\n";
    }
  }
  out << "</testsuite>\n";
  out.close();
  return static_cast<bool>(out);
}

}  // namespace vakt::cli
