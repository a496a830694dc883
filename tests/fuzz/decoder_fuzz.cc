// Arbitrary program and message through the shipped decoders. The first byte chooses the program:
// one that has decoders, or the text up to the first line break.
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "normalise/normaliser.h"

namespace {

using namespace vakt;

struct Shipped {
  event::FieldNames names;
  event::Routes routes;
  std::shared_ptr<const normalise::Decoders> decoders;

  Shipped() {
    Diagnostics diagnostics;
    decoders = normalise::Decoders::load({std::string(VAKT_SOURCE_DIR) + "/rules/decoders"}, names,
                                         routes, diagnostics);
    check(diagnostics.empty(), "the shipped decoders load");
  }
};

// A captured value lies in the message, a constant in the batch's text.
void check_fields(const event::Batch& batch, std::string_view message) {
  const event::Event& event = batch.events().front();
  for (const event::Field& f : batch.fields(event)) {
    const bool captured =
        f.id == event::kSourceIp || f.id == event::kSourcePort || f.id == event::kUserName;
    if (!captured) continue;
    check(f.text.data() >= message.data() &&
              f.text.data() + f.text.size() <= message.data() + message.size(),
          "a capture lies in the message");
    if (f.id == event::kSourcePort)
      check(f.text.find_first_not_of("0123456789") == std::string_view::npos, "a port is a number");
    if (f.id == event::kSourceIp)
      check(f.text.find_first_not_of("0123456789abcdefABCDEF.:") == std::string_view::npos,
            "an address has the letters of one");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Shipped shipped;
  constexpr std::array<std::string_view, 6> kPrograms{"sshd", "sudo",         "su",
                                                      "CRON", "sshd-session", ""};
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string_view program = kPrograms[data[0] % kPrograms.size()];
  if (program.empty()) {
    program = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(program.size());
  }
  const auto block = std::make_unique<char[]>(rest.size());
  if (!rest.empty()) std::memcpy(block.get(), rest.data(), rest.size());
  const std::string_view message(block.get(), rest.size());
  event::Batch batch(64, 1);
  batch.add("frame");
  batch.add_field(event::kProcessName, event::ValueKind::string, program);
  batch.add_field(event::kMessage, event::ValueKind::string, message);
  shipped.decoders->decode(batch, 0);
  check_fields(batch, message);
  return 0;
}
