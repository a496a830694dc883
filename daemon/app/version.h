// What was built.
#pragma once

#include <string_view>

namespace vakt::app {

std::string_view version();   // "0.1.0"
std::string_view revision();  // of the source, "unknown" where it was not built from a repository

}  // namespace vakt::app
