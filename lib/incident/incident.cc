#include "incident/incident.h"

#include <array>
#include <charconv>

namespace vakt::incident {
namespace {

// Indexed by the enumeration; these words are in the API, the console and exports.
constexpr std::array<std::string_view, kStates> kStateNames{
    "new", "acknowledged", "investigating", "contained", "restored", "closed"};
constexpr std::array<std::string_view, 6> kDispositionNames{
    "none", "true_positive", "benign", "false_positive", "duplicate", "test"};
static_assert(kDispositionNames.size() == static_cast<std::size_t>(Disposition::test) + 1);

template <class Enum, std::size_t Size>
std::optional<Enum> parse(const std::array<std::string_view, Size>& names, std::string_view text) {
  for (std::size_t i = 0; i < Size; ++i)
    if (names[i] == text) return static_cast<Enum>(i);
  return std::nullopt;
}

}  // namespace

std::optional<IncidentId> parse_id(std::string_view text) {
  if (text.size() != 32 || text.find_first_not_of("0123456789abcdef") != text.npos)
    return std::nullopt;
  IncidentId id;
  std::from_chars(text.data(), text.data() + 16, id.high, 16);
  std::from_chars(text.data() + 16, text.data() + 32, id.low, 16);
  return id;
}

std::string_view to_string(State state) { return kStateNames.at(static_cast<std::size_t>(state)); }

std::optional<State> parse_state(std::string_view text) { return parse<State>(kStateNames, text); }

std::string_view to_string(Disposition disposition) {
  return kDispositionNames.at(static_cast<std::size_t>(disposition));
}

std::optional<Disposition> parse_disposition(std::string_view text) {
  return parse<Disposition>(kDispositionNames, text);
}

}  // namespace vakt::incident
