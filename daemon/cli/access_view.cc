#include "cli/access_view.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "cli/incidents_view.h"
#include "cli/output.h"

namespace vakt::cli {

std::string joined(const boost::json::object& object, std::string_view name) {
  std::string out;
  for (const boost::json::value& value : array_at(object, name))
    if (value.is_string())
      out.append(out.empty() ? "" : ", ").append(std::string_view(value.get_string()));
  return out;
}

int print_json(const ApiReply& reply, bool json) {
  if (json && reply.exit == kOk) print(boost::json::serialize(reply.body) + "\n");
  return reply.exit;
}

}  // namespace vakt::cli
