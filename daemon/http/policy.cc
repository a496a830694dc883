#include "http/policy.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "base/text.h"

namespace vakt::http {
namespace {

bool is_ip_address(const std::string& name) {
  boost::system::error_code error;
  boost::asio::ip::make_address(name, error);
  return !error;
}

bool listed(const std::string& name, const std::vector<std::string>& hosts) {
  return std::any_of(hosts.begin(), hosts.end(),
                     [&](const std::string& host) { return to_lower(host) == name; });
}

std::size_t count(const Request& request, std::string_view header) {
  return static_cast<std::size_t>(
      std::count_if(request.headers.begin(), request.headers.end(),
                    [&](const auto& field) { return field.first == header; }));
}

}  // namespace

std::string host_name(std::string_view authority) {
  if (!authority.empty() && authority[0] == '[') {
    const std::size_t end = authority.find(']');
    return to_lower(authority.substr(1, end == std::string_view::npos ? end : end - 1));
  }
  std::string name = to_lower(authority.substr(0, authority.find(':')));
  if (!name.empty() && name.back() == '.') name.pop_back();
  return name;
}

std::optional<Response> refuse(const Request& request, bool http_1_0, const Options& options) {
  const std::size_t hosts = count(request, "host");
  if (hosts > 1 || (hosts == 0 && !http_1_0))
    return error_response(400, "bad_host", "exactly one Host header is needed");
  const std::string_view host = request.header("host");
  const std::string name = host_name(host);
  if (hosts == 1 && name != "localhost" && name != to_lower(options.address) &&
      !is_ip_address(name) && !listed(name, options.hosts))
    return error_response(
        421, "unknown_host",
        "this server is not known as '" + name + "': ask for it by its IP address or as localhost");
  if (count(request, "origin") == 0) return std::nullopt;
  const std::string_view origin = request.header("origin");
  const std::size_t scheme = origin.find("://");
  const std::string_view authority =
      scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
  if (count(request, "origin") == 1 && !authority.empty() &&
      (iequals(authority, host) || listed(host_name(authority), options.hosts)))
    return std::nullopt;
  return error_response(403, "foreign_origin", "requests from pages of another origin are refused");
}

}  // namespace vakt::http
