#include "incident/incident.h"

#include <gtest/gtest.h>

namespace vakt::incident {
namespace {

TEST(Incident, StateNamesRoundTrip) {
  const std::pair<State, std::string_view> rows[] = {
      {State::fresh, "new"},
      {State::acknowledged, "acknowledged"},
      {State::investigating, "investigating"},
      {State::contained, "contained"},
      {State::restored, "restored"},
      {State::closed, "closed"},
  };
  EXPECT_EQ(std::size(rows), kStates);
  for (const auto& [state, name] : rows) {
    EXPECT_EQ(to_string(state), name);
    EXPECT_EQ(parse_state(name), state);
  }
  for (const std::string_view bad : {"", "fresh", "New", "closed ", "close"})
    EXPECT_EQ(parse_state(bad), std::nullopt) << bad;
}

TEST(Incident, DispositionNamesRoundTrip) {
  const std::pair<Disposition, std::string_view> rows[] = {
      {Disposition::none, "none"},           {Disposition::true_positive, "true_positive"},
      {Disposition::benign, "benign"},       {Disposition::false_positive, "false_positive"},
      {Disposition::duplicate, "duplicate"}, {Disposition::test, "test"},
  };
  for (const auto& [disposition, name] : rows) {
    EXPECT_EQ(to_string(disposition), name);
    EXPECT_EQ(parse_disposition(name), disposition);
  }
  for (const std::string_view bad : {"", "true positive", "None", "tests"})
    EXPECT_EQ(parse_disposition(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace vakt::incident
