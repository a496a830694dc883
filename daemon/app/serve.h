// serve: runs the daemon in the foreground until SIGTERM or SIGINT; SIGHUP reloads. Thread: main.
#pragma once

#include "app/app.h"
#include "config/config.h"

namespace vakt::app {

// The exit status: 0 after an orderly stop, 1 when it could not start or could not keep what it had
// taken in. Says why in the log (standard error).
int serve(const config::Config& config, const AppOptions& options);

}  // namespace vakt::app
