// Finding an incident by what people type: "17", "INC-17", or the beginning of its id.
#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/text.h"
#include "store/impl.h"
#include "store/keys.h"

namespace vakt::store {
namespace {

constexpr std::size_t kHexDigitsMin = 6;
constexpr std::size_t kHexDigits = 32;
constexpr std::size_t kNamedMax = 3;  // candidates named in the error

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.size() > 4 && iequals(text.substr(0, 4), "INC-")) text.remove_prefix(4);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// The id whose hexadecimal digits are `prefix` and then only `fill`.
Hash128 padded(std::string_view prefix, char fill) {
  std::string digits(prefix);
  digits.resize(kHexDigits, fill);
  Hash128 id;
  std::from_chars(digits.data(), digits.data() + 16, id.high, 16);
  std::from_chars(digits.data() + 16, digits.data() + 32, id.low, 16);
  return id;
}

}  // namespace

Result<incident::Incident> Store::find_incident(std::string_view reference) const {
  const std::string shown = escape_terminal(reference.substr(0, kHexDigits + 8));
  const auto number = parse_number(reference);
  const bool maybe_id =
      reference.size() >= kHexDigitsMin && reference.size() <= kHexDigits && is_hex(reference);
  if (!number && !maybe_id)
    return fail(Errc::invalid,
                fmt::format("\"{}\" is neither an incident number (17, INC-17) nor the first {} or "
                            "more hexadecimal digits of an incident's id",
                            shown, kHexDigitsMin));
  const Database& database = *impl_->database;
  if (number) {
    const auto row = database.get(Family::incidents, number_key(kRecordKind, *number));
    if (!row) return tl::make_unexpected(row.error());
    if (*row) return impl_->load_incident(*number);
  }
  const auto none = fail(Errc::not_found, fmt::format("there is no incident \"{}\"", shown));
  if (!maybe_id) return none;

  std::vector<std::pair<Hash128, std::uint64_t>> found;
  Scan scan(database, Family::incidents, id_key(kIdKind, padded(reference, '0')),
            id_key(kIdKind, padded(reference, 'f')) + '\0');
  for (; scan.valid() && found.size() <= kNamedMax; scan.next()) {
    ByteReader key(scan.key().substr(1));
    Hash128 id;
    id.high = key.be64();
    id.low = key.be64();
    const auto of = decode_number(scan.value());
    if (!of) return fail(Errc::corrupt, "the index row of incident " + to_hex(id) + " is damaged");
    found.emplace_back(id, *of);
  }
  if (auto read = scan.status(); !scan.valid() && !read) return tl::make_unexpected(read.error());
  if (found.empty()) return none;
  if (found.size() == 1) return impl_->load_incident(found.front().second);
  std::string names;
  for (std::size_t i = 0; i < std::min(found.size(), kNamedMax); ++i)
    names +=
        fmt::format("{}INC-{} ({})", i == 0 ? "" : ", ", found[i].second, to_hex(found[i].first));
  if (found.size() > kNamedMax) names += " and more";
  return fail(
      Errc::conflict,
      fmt::format("\"{}\" is the beginning of several ids: {}: give more digits", shown, names));
}

}  // namespace vakt::store
