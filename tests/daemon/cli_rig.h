// What the tests of the command line share: run it, and a folder for its files.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "cli/cli.h"
#include "folder.h"

namespace vakt::cli {

struct Ran {
  int status = 0;
  std::string out;
  std::string err;
};

inline Ran run_line(std::vector<std::string> words) {
  words.insert(words.begin(), "vakt");
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Ran ran;
  ran.status = run(static_cast<int>(argv.size()), argv.data());
  std::fflush(stdout);
  ran.out = testing::internal::GetCapturedStdout();
  ran.err = testing::internal::GetCapturedStderr();
  return ran;
}

using test::Folder;

}  // namespace vakt::cli
