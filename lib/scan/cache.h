// Cache of compiled databases by content: two requests for the same patterns get the same database,
// as long as somebody holds it; with a directory, also after a restart.
//
// The key is a hash of the patterns, their flags, Hyperscan's version and the CPU features it
// compiles for, so nothing in the directory ever has to be invalidated. A file that is damaged or
// of another machine is compiled anew and replaced; that the directory cannot be written only costs
// time. Hyperscan trusts what it reads back: the directory must be its owner's alone.
//
// Not for several threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "base/hash.h"
#include "scan/database.h"

namespace vakt::scan {

using SharedDatabase = std::shared_ptr<const Database>;

// Where databases came from since the cache was made.
struct CacheCounts {
  std::uint64_t shared = 0;    // somebody held it
  std::uint64_t read = 0;      // from the directory
  std::uint64_t compiled = 0;  // refused ones not counted
  std::uint64_t judged = 0;    // expressions Hyperscan was asked about
};

class Cache {
 public:
  // Without a directory: memory alone. One that is not there is made at the first write.
  explicit Cache(std::string directory = {}) : directory_(std::move(directory)) {}

  // As compile_literals() and compile_expressions().
  Compiled<SharedDatabase> literals(std::span<const Literal> literals);
  Compiled<SharedDatabase> expressions(std::span<const Expression> expressions);

  // As scan::objection(), asked once.
  const std::optional<std::string>& objection(const Expression& expression);

  // Forgets what was not asked for since the last call; of such files, the oldest first, only until
  // `bytes_max` are left. Call it when a rule set is complete.
  void prune(std::uint64_t bytes_max);

  const CacheCounts& counts() const { return counts_; }

 private:
  template <class Compile>
  Compiled<SharedDatabase> get(Hash128 key, const Compile& compile);
  std::string path(Hash128 key) const;
  SharedDatabase read(Hash128 key) const;
  void write(Hash128 key, const Database& database) const;

  struct Opinion {
    std::optional<std::string> objection;
    bool asked_for = false;  // since the last prune()
  };

  std::string directory_;
  std::map<Hash128, std::weak_ptr<const Database>> held_;
  std::map<Hash128, Opinion> opinions_;
  std::set<std::string> asked_for_;  // file names since the last prune()
  CacheCounts counts_;
};

}  // namespace vakt::scan
