// What the API does with the audit log.
#include <fmt/format.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <charconv>
#include <utility>

#include "api/answers.h"
#include "api/audit_json.h"
#include "api/endpoint.h"

namespace vakt::api {
namespace {

namespace json = boost::json;
using access::Permission;
using http::Request;
using http::Respond;
using http::Response;

constexpr std::uint64_t kCheckpointsBytesMax = 1 << 20;
constexpr std::uint64_t kPageMax = 1'000;
constexpr std::uint64_t kPageBytes = 4 << 20;  // of payloads; then the page ends

Result<std::uint64_t> number(const Request& request, std::string_view name, std::uint64_t otherwise,
                             std::uint64_t max) {
  const auto text = request.query_value(name);
  if (!text) return otherwise;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value > max)
    return fail(Errc::invalid, fmt::format("'{}' is a number of at most {}", name, max));
  return value;
}

void entries(const Backend& backend, const Principal&, const Request& request, Respond respond) {
  const auto from = number(request, "from", 0, UINT64_MAX);
  const auto limit = number(request, "limit", 100, kPageMax);
  if (!from) return respond(error_of(from.error()));
  if (!limit) return respond(error_of(limit.error()));
  const auto store = store_of(backend);
  if (!store) return respond(store_away());
  json::array rows;
  std::uint64_t next = *from;
  std::uint64_t bytes = 0;
  bool full = false;
  const auto read = *limit == 0 ? Result<void>{} : store->read_audit(*from, [&](const auto& entry) {
    rows.push_back(to_json(entry));
    next = entry.index + 1;
    bytes += entry.content ? entry.content->payload.size() : 0;
    full = rows.size() == *limit || bytes >= kPageBytes;
    return !full;
  });
  if (!read) return respond(error_of(read.error()));
  respond(json_response({{"entries", std::move(rows)},
                         {"next_from", full ? json::value(next) : json::value(nullptr)}}));
}

void checkpoint(const Backend& backend, const Principal&, const Request&, Respond respond) {
  const auto note = backend.audit_checkpoint();
  if (!note) return respond(error_of(note.error()));
  respond(json_response({{"checkpoint", *note}}));
}

void key(const Backend& backend, const Principal&, const Request&, Respond respond) {
  respond(json_response({{"key", backend.audit_key}}));
}

// {"checkpoints": ["…"]}: those that were kept elsewhere; an empty body: none.
Result<std::vector<std::string>> read_checkpoints(std::string_view body) {
  if (body.empty()) return std::vector<std::string>{};
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  const json::object* object = error ? nullptr : value.if_object();
  const json::value* list = object != nullptr ? object->if_contains("checkpoints") : nullptr;
  if (list == nullptr || !list->is_array() || object->size() != 1)
    return fail(Errc::invalid, "the body is not {\"checkpoints\": [\"…\"]}");
  std::vector<std::string> out;
  for (const json::value& note : list->get_array()) {
    if (!note.is_string()) return fail(Errc::invalid, "a checkpoint is a text");
    out.emplace_back(note.get_string());
  }
  return out;
}

void verify(const Backend& backend, const Principal&, const Request& request, Respond respond) {
  auto checkpoints = read_checkpoints(request.body);
  if (!checkpoints) return respond(error_of(checkpoints.error()));
  backend.verify_audit(std::move(*checkpoints),
                       [respond = std::move(respond)](const Result<audit::Verification>& done) {
                         respond(done ? json_response(to_json(*done)) : error_of(done.error()));
                       });
}

constexpr std::array kEndpoints{
    Endpoint{"GET", "/api/v1/audit/entries", 0, Permission::read_audit, entries},
    Endpoint{"GET", "/api/v1/audit/checkpoint", 0, Permission::verify_audit, checkpoint},
    Endpoint{"GET", "/api/v1/audit/key", 0, Permission::verify_audit, key},
    Endpoint{"POST", "/api/v1/audit/verify", kCheckpointsBytesMax, Permission::verify_audit,
             verify},
};

}  // namespace

std::span<const Endpoint> audit_endpoints() { return kEndpoints; }

}  // namespace vakt::api
