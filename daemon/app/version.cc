#include "app/version.h"

namespace vakt::app {

std::string_view version() { return VAKT_VERSION; }
std::string_view revision() { return VAKT_REVISION; }

}  // namespace vakt::app
