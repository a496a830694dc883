// A JUnit report, as build servers read it.
#pragma once

#include <string>
#include <vector>

namespace vakt::cli {

struct JunitCase {
  std::string place;    // mostly a file
  std::string name;     //
  std::string failure;  // in one line; empty: passed
  std::string details;  // of a failure, may have lines
};

// Texts are escaped here. False: the file cannot be written.
bool write_junit(const std::string& path, const std::string& suite,
                 const std::vector<JunitCase>& cases);

}  // namespace vakt::cli
