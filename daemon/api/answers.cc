#include "api/answers.h"

#include <boost/json/serialize.hpp>

namespace vakt::api {

namespace json = boost::json;
using http::Response;

Response error_of(const Error& error) {
  switch (error.code) {
    case Errc::invalid:
      return http::error_response(400, "invalid", error.message);
    case Errc::not_found:
      return http::error_response(404, "not_found", error.message);
    case Errc::conflict:
      return http::error_response(409, "conflict", error.message);
    case Errc::too_large:
      return http::error_response(413, "too_large", error.message);
    case Errc::unavailable: {
      Response response = http::error_response(503, "unavailable", error.message);
      response.headers.emplace_back("Retry-After", "1");
      return response;
    }
    case Errc::io:
      return http::error_response(500, "io", error.message);
    case Errc::corrupt:
      return http::error_response(500, "corrupt", error.message);
  }
  return http::error_response(500, "unknown", error.message);
}

Response store_away() {
  return error_of({Errc::unavailable, "the store is being reopened: try again in a moment"});
}

Response json_response(const json::object& object) {
  Response response;
  response.body = json::serialize(object) + "\n";
  return response;
}

}  // namespace vakt::api
