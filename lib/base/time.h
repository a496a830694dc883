// Time in Vakt: UTC nanoseconds since 1970, as standard chrono types. Nothing in lib reads a clock;
// `now` is always an argument.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace vakt {

using Duration = std::chrono::nanoseconds;
using Time = std::chrono::sys_time<Duration>;

inline constexpr Time kTimeMin = Time(Duration::min());
inline constexpr Time kTimeMax = Time(Duration::max());

inline constexpr Time from_unix_seconds(std::int64_t s) { return Time(std::chrono::seconds(s)); }
inline constexpr std::int64_t to_ns(Time t) { return t.time_since_epoch().count(); }
inline constexpr Time from_ns(std::int64_t ns) { return Time(Duration(ns)); }
inline constexpr double to_seconds(Duration d) { return static_cast<double>(d.count()) * 1e-9; }

// RFC 3339 in UTC: "2017-03-27T13:06:56Z", fraction only where there is one (no trailing zeros).
// kTimeMin and kTimeMax included.
std::string format_rfc3339(Time time);
// RFC 3339 with any offset; nullopt when malformed or outside 1678..2261.
std::optional<Time> parse_rfc3339(std::string_view text);

// "90s", "15m", "1h", "7d", "2w": a whole number and one unit (ns us ms s m h d w), else nullopt.
std::optional<Duration> parse_duration(std::string_view text);
// The shortest exact form: 300 s is "5m".
std::string format_duration(Duration duration);

}  // namespace vakt
