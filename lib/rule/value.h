// Values of a detection: Sigma's wildcards and escapes, numbers, networks. Internal to this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rule/rule.h"
#include "yaml/node.h"

namespace vakt::rule {

// `*` and `?` are wildcards; `\*` `\?` `\\` stand for the second character; any other backslash,
// one at the end included, stands for itself (Sigma specification 2.1, "Escaping"). Neighbouring
// literals and `*` are joined.
std::vector<Token> parse_tokens(std::string_view text);
// Adds at the end, keeping literals and `*` joined.
void append_token(std::vector<Token>& tokens, Token token);

// The text by which an unquoted number is compared: integers in decimal, others as written.
// nullopt: the scalar is not a number, or has leading zeros, and so is a text as written.
std::optional<std::string> number_text(const yaml::Node& scalar);
// Unquoted and a text here, but a number or boolean to YAML 1.1 (and so to pySigma): 010, yes, off.
bool is_old_yaml(const yaml::Node& scalar);

// What is wrong with a network (an address, or address/prefix without host bits), or empty.
std::string check_network(std::string_view text);

}  // namespace vakt::rule
