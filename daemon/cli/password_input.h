// Where the command line takes a password from: a file, standard input, or the terminal without
// echo. Never an argument: every user of the machine sees those.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "base/result.h"

namespace vakt::cli {

// --password-file; "-" is standard input.
void add_password_options(CLI::App& command, std::string& file);

// The first line, without its end; the caller wipes it. At a terminal it is asked for twice.
Result<std::string> read_password(const std::string& file, const std::string& user);

}  // namespace vakt::cli
