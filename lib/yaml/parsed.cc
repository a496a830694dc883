#include "yaml/parsed.h"

namespace vakt::yaml {

Documents Parsed::get(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
  const Hash128 key = hash128(text);
  if (const auto it = kept_.find(key); it != kept_.end()) {
    it->second.used = true;
    return it->second.documents;
  }
  const std::size_t before = diagnostics.size();
  auto documents = std::make_shared<const std::vector<Node>>(parse(text, file, diagnostics));
  if (diagnostics.size() == before) kept_.emplace(key, Kept{documents});
  return documents;
}

void Parsed::forget_unused() {
  std::erase_if(kept_, [](const auto& entry) { return !entry.second.used; });
  for (auto& [key, kept] : kept_) kept.used = false;
}

}  // namespace vakt::yaml
