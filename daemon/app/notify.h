// Tells systemd about the daemon's state (sd_notify(3)): a datagram to $NOTIFY_SOCKET, where there
// is one. Thread: main.
#pragma once

#include <string_view>

namespace vakt::app {

void notify(std::string_view state);  // "READY=1", "STOPPING=1"

}  // namespace vakt::app
