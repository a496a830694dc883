// What the API asks of the rest of the daemon; the app wires it. Functions may be called from the
// API's thread; `done` is called on any thread, once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/gate.h"
#include "api/password_worker.h"
#include "base/diagnostic.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/pipeline.h"
#include "store/store.h"

namespace vakt::api {

// What became of reading the rules again.
struct ReloadReport {
  bool done = false;
  std::string error;        // why not
  Diagnostics diagnostics;  // refused: the new errors; done: all there is to say about the files
  std::uint64_t rules = 0;
  std::uint64_t correlations = 0;
  std::uint64_t added = 0;  // these three: rules and correlations, by id
  std::uint64_t changed = 0;
  std::uint64_t removed = 0;
  // Of the changed ones those whose detection, group key or window is another: what they counted so
  // far does not count any more. Ids, in order.
  std::vector<std::string> begin_anew;
  std::string ruleset_sha256;
  double seconds = 0;
};

struct Backend {
  const store::Store* store = nullptr;
  // Where the store can go away and come back: a share of it, null while it is being reopened. Used
  // instead of `store` where it is set.
  std::function<std::shared_ptr<const store::Store>()> current_store;
  // Runs a command through the engine; `done` after its commit (or its refusal).
  std::function<void(engine::Command, std::function<void(Result<incident::Incident>)> done)>
      command;
  std::function<void(std::function<void(ReloadReport)> done)> reload;
  std::function<std::string()> metrics;                               // Prometheus text exposition
  std::function<std::shared_ptr<const engine::Pipeline>()> pipeline;  // the rules in use
  std::function<bool(std::string& why)> ready;  // rules loaded, store healthy, recovery done
  Gate* gate = nullptr;                         // who asks; with the book of users and tokens
  PasswordWorker* passwords = nullptr;
  std::string version;
  std::function<void()> auth_failed;          // may be empty; counts
  std::uint32_t auth_failure_delay_ms = 500;  // before whoever is not known is answered
  // The head of the audit log, signed now; the key it verifies with; and the verdict on all of it,
  // against checkpoints that were kept elsewhere.
  std::function<Result<std::string>()> audit_checkpoint;
  std::string audit_key;
  std::function<void(std::vector<std::string> checkpoints,
                     std::function<void(Result<audit::Verification>)> done)>
      verify_audit;
};

// Held while it is read. Null: it is being reopened.
inline std::shared_ptr<const store::Store> store_of(const Backend& backend) {
  if (backend.current_store) return backend.current_store();
  return {backend.store, [](const store::Store*) {}};
}

}  // namespace vakt::api
