// Scratch: the working memory of one thread's scans, and the scan itself. One scratch serves every
// database it was fitted to. Scanning allocates nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>

#include "scan/database.h"

namespace vakt::scan {

class Scratch {
 public:
  Scratch() = default;
  Scratch(Scratch&&) noexcept = default;
  Scratch& operator=(Scratch&&) noexcept = default;

  // Makes room for scans of `database`.
  Result<void> fit(const Database& database);
  // The same room, for another thread.
  Result<Scratch> clone() const;

  // Calls on_match(id, end) for each match in `text`, in no promised order; `end` is the offset
  // behind its last byte. Literals report every occurrence, expressions once. `on_match` must not
  // throw nor scan with this scratch.
  template <class OnMatch>
  void scan(const Database& database, std::string_view text, OnMatch&& on_match) {
    using Callable = std::remove_reference_t<OnMatch>;
    run(
        database, text,
        [](unsigned id, unsigned long long, unsigned long long end, unsigned,
           void* context) noexcept -> int {
          (*static_cast<Callable*>(context))(std::uint32_t{id}, static_cast<std::size_t>(end));
          return 0;
        },
        const_cast<void*>(static_cast<const void*>(std::addressof(on_match))));
  }

 private:
  using Trampoline = int (*)(unsigned, unsigned long long, unsigned long long, unsigned, void*);
  struct Free {
    void operator()(hs_scratch* scratch) const;
  };
  void run(const Database& database, std::string_view text, Trampoline trampoline, void* context);

  std::unique_ptr<hs_scratch, Free> scratch_;
};

}  // namespace vakt::scan
