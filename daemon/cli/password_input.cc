#include "cli/password_input.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>

#include "access/digest.h"
#include "base/text.h"

namespace vakt::cli {
namespace {

// Grown text would leave copies behind.
constexpr std::size_t kLineBytes = 4 * 1024;

std::string first_line(std::istream& in) {
  std::string line;
  line.reserve(kLineBytes);
  std::getline(in, line);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

// The terminal does not show what is typed while this lives.
class Silence {
 public:
  Silence() {
    silent_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent_ = silent_ && ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~Silence() {
    if (silent_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  bool silent() const { return silent_; }

 private:
  termios before_{};
  bool silent_ = false;
};

std::string ask_for(const std::string& prompt) {
  std::fputs(prompt.c_str(), stderr);
  std::string line = first_line(std::cin);
  std::fputs("\n", stderr);
  return line;
}

Result<std::string> from_terminal(const std::string& user) {
  const Silence silence;
  if (!silence.silent())
    return fail(Errc::io, "the terminal would show the password: use --password-file");
  std::string password = ask_for(fmt::format("New password of {}: ", escape_terminal(user)));
  std::string again = ask_for("Once more: ");
  const access::WipeAtEnd wipe(again);
  if (password.empty()) return fail(Errc::invalid, "no password was given");
  if (password == again) return password;
  const access::WipeAtEnd wipe_first(password);
  return fail(Errc::invalid, "these were two different passwords: nothing is changed");
}

}  // namespace

void add_password_options(CLI::App& command, std::string& file) {
  command.add_option("--password-file", file,
                     "File with the password in its first line; - is standard input");
}

Result<std::string> read_password(const std::string& file, const std::string& user) {
  if (file.empty() && ::isatty(STDIN_FILENO) != 0) return from_terminal(user);
  std::string password;
  if (file.empty() || file == "-") {
    password = first_line(std::cin);
  } else {
    std::ifstream in(file);
    if (!in) return fail(Errc::io, fmt::format("{} cannot be read", file));
    password = first_line(in);
  }
  if (password.empty()) return fail(Errc::invalid, "no password was given");
  return password;
}

}  // namespace vakt::cli
