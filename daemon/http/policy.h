// Whom the server answers: the Host and Origin checks that keep a web page from reaching a local
// daemon through its reader's browser (DNS rebinding, cross-site requests). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"

namespace vakt::http {

// The name in "name:port", "[v6]:port" or "name", lower case and without brackets.
std::string host_name(std::string_view authority);

// Why the request is not answered, or nullopt. A Host that is an IP address, "localhost", the
// listening address or one of `hosts` is right: rebinding needs a name of the attacker's. An Origin
// must be the very Host asked, or its name one of `hosts`.
std::optional<Response> refuse(const Request& request, bool http_1_0, const Options& options);

}  // namespace vakt::http
