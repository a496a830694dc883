#include "scan/scratch.h"

#include <hs/hs.h>

#include <limits>

#include "base/check.h"

namespace vakt::scan {

void Scratch::Free::operator()(hs_scratch* scratch) const { hs_free_scratch(scratch); }

Result<void> Scratch::fit(const Database& database) {
  hs_scratch_t* scratch = scratch_.release();
  const hs_error_t error = hs_alloc_scratch(database.database_.get(), &scratch);
  scratch_.reset(scratch);
  if (error != HS_SUCCESS) return fail(Errc::unavailable, "no memory for pattern scans");
  return {};
}

Result<Scratch> Scratch::clone() const {
  Scratch out;
  if (scratch_ == nullptr) return out;
  hs_scratch_t* scratch = nullptr;
  if (hs_clone_scratch(scratch_.get(), &scratch) != HS_SUCCESS) {
    return fail(Errc::unavailable, "no memory for pattern scans");
  }
  out.scratch_.reset(scratch);
  return out;
}

void Scratch::run(const Database& database, std::string_view text, Trampoline trampoline,
                  void* context) {
  check(text.size() <= std::numeric_limits<unsigned>::max(), "a scan is below 4 GiB");
  // Hyperscan refuses a null pointer even for an empty text.
  const char* data = text.data() == nullptr ? "" : text.data();
  const hs_error_t error =
      hs_scan(database.database_.get(), data, static_cast<unsigned>(text.size()), 0, scratch_.get(),
              trampoline, context);
  check(error == HS_SUCCESS, "a scan with fitting scratch succeeds");
}

}  // namespace vakt::scan
