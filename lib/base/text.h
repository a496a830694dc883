// Text that attackers may have written, made safe for where it goes. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace vakt {

// For a terminal or a log line: control characters (C0, DEL, C1) and invalid UTF-8 become \xHH, a
// backslash stays as it is. No escape sequence survives.
std::string escape_terminal(std::string_view text);

// Appends `text` as a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD; also escapes
// U+2028/2029 and '<' so that the result is inert inside HTML and scripts.
void append_json(std::string& out, std::string_view text);
std::string json_string(std::string_view text);

// Appends `text` with every invalid UTF-8 sequence and every NUL replaced by U+FFFD.
void append_sanitised(std::string& out, std::string_view text);
bool is_valid_utf8(std::string_view text);

// First `bytes_max` bytes as "66 6f 6f", for log lines about bad input.
std::string hex_prefix(std::string_view bytes, std::size_t bytes_max);

// ASCII only; other bytes unchanged.
std::string to_lower(std::string_view text);
bool iequals(std::string_view a, std::string_view b);

}  // namespace vakt
