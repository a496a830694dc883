#include "rule/value.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/text.h"

namespace vakt::rule {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t skip_digits(std::string_view text, std::size_t from) {
  while (from < text.size() && is_digit(text[from])) ++from;
  return from;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? (YAML 1.2.2, section 10.3.2)
bool is_float(std::string_view text) {
  std::size_t i = 0;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  const std::size_t whole = skip_digits(text, i);
  const bool has_whole = whole > i;
  i = whole;
  if (i < text.size() && text[i] == '.') {
    const std::size_t fraction = skip_digits(text, i + 1);
    if (!has_whole && fraction == i + 1) return false;
    i = fraction;
  } else if (!has_whole) {
    return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    const std::size_t exponent = skip_digits(text, i);
    if (exponent == i) return false;
    i = exponent;
  }
  return i == text.size();
}

bool has_leading_zero(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && is_digit(text[1]);
}

bool has_host_bits(const std::array<unsigned char, 16>& bytes, unsigned size, unsigned prefix) {
  for (unsigned bit = prefix; bit < size * 8; ++bit)
    if ((bytes[bit / 8] >> (7 - bit % 8)) & 1u) return true;
  return false;
}

}  // namespace

void append_token(std::vector<Token>& tokens, Token token) {
  using Kind = Token::Kind;
  if (token.kind == Kind::literal && token.text.empty()) return;
  if (!tokens.empty() && tokens.back().kind == token.kind) {
    if (token.kind == Kind::any) return;
    if (token.kind == Kind::literal) {
      tokens.back().text += token.text;
      return;
    }
  }
  tokens.push_back(std::move(token));
}

std::vector<Token> parse_tokens(std::string_view text) {
  std::vector<Token> tokens;
  std::string literal;
  const auto flush = [&] {
    append_token(tokens, {Token::Kind::literal, std::move(literal)});
    literal.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (c == '\\' && (next == '*' || next == '?' || next == '\\')) {
      literal += next;
      ++i;
    } else if (c == '*' || c == '?') {
      flush();
      append_token(tokens, {c == '*' ? Token::Kind::any : Token::Kind::one, {}});
    } else {
      literal += c;
    }
  }
  flush();
  return tokens;
}

std::optional<std::string> number_text(const yaml::Node& scalar) {
  if (!scalar.is_scalar() || scalar.quoted || has_leading_zero(scalar.text)) return std::nullopt;
  if (const auto integer = yaml::as_integer(scalar)) return fmt::format("{}", *integer);
  if (is_float(scalar.text)) return scalar.text;
  return std::nullopt;
}

bool is_old_yaml(const yaml::Node& scalar) {
  if (scalar.quoted) return false;
  const std::string text = to_lower(scalar.text);
  if (text == "yes" || text == "no" || text == "on" || text == "off") return true;
  return has_leading_zero(text) && text.find_first_not_of("01234567") == std::string::npos;
}

std::string check_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  std::array<unsigned char, 16> bytes{};
  unsigned size = 4;
  if (address.find('\0') != std::string::npos) return "not an IP address";
  if (inet_pton(AF_INET, address.c_str(), bytes.data()) != 1) {
    size = 16;
    if (inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1)
      return "'" + address + "' is not an IP address";
  }
  if (slash == std::string_view::npos) return {};
  const std::string_view digits = text.substr(slash + 1);
  unsigned prefix = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (error != std::errc() || end != digits.data() + digits.size() || prefix > size * 8)
    return fmt::format("the prefix length is not a number from 0 to {}", size * 8);
  if (has_host_bits(bytes, size, prefix))
    return fmt::format("the address has bits set after its first {}", prefix);
  return {};
}

}  // namespace vakt::rule
