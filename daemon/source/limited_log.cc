#include "source/limited_log.h"

#include <spdlog/spdlog.h>

#include "base/text.h"

namespace vakt::source {

bool LimitedLog::report(const Trouble& trouble, Time now) {
  const Time minute = std::chrono::floor<std::chrono::minutes>(now);
  {
    const std::lock_guard lock(mutex_);
    if (minute != minute_) {
      minute_ = minute;
      reported_.clear();
    }
    std::string key(trouble.listener);
    key += ' ';
    key += trouble.peer;
    const auto found = reported_.find(key);
    if (found != reported_.end()) {
      ++found->second;
      return false;
    }
    // A flood of forged senders is one trouble, not ten thousand lines.
    if (reported_.size() >= kSourcesMax) return false;
    reported_.emplace(std::move(key), 1);
  }
  if (trouble.bytes.empty())
    spdlog::warn("listener {}: {} from {}", trouble.listener, trouble.reason,
                 escape_terminal(trouble.peer));
  else
    spdlog::warn("listener {}: {} from {}, first bytes {}", trouble.listener, trouble.reason,
                 escape_terminal(trouble.peer), hex_prefix(trouble.bytes, kHexBytes));
  return true;
}

}  // namespace vakt::source
