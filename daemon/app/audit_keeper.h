// AuditKeeper: the audit log's key and thread. Signs the head of the log when asked, and once an
// hour by itself: into the daemon's log, which usually goes to another machine, and into a file.
// Verifies the whole log when asked. It signs nothing that does not continue what it signed before.
// What was found once stays so in the metric until a restart.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/store_slot.h"
#include "audit/note_key.h"
#include "audit/verify.h"
#include "metrics/counters.h"

namespace vakt::app {

// Reads data_dir/audit.key, or makes one: PRIVATE+KEY+… of the signed-note format.
Result<audit::SigningKey> audit_key_of(const std::string& data_dir);

class AuditKeeper {
 public:
  // `file`: of the newest checkpoint.
  AuditKeeper(const StoreSlot& slot, metrics::Counters& counters, audit::SigningKey key,
              std::string file);
  ~AuditKeeper();

  void start();
  // What waits is refused. A last checkpoint is left.
  void finish();

  const audit::VerifierKey& verifier() const { return key_.verifier(); }
  // Of the log as it is now. Any thread.
  Result<std::string> checkpoint() const;

  using Verified = std::function<void(Result<audit::Verification>)>;
  // Against checkpoints from elsewhere and the newest one here; one after the other, a few wait.
  // Any thread; `done` is called once.
  void verify(std::vector<std::string> checkpoints, Verified done);

 private:
  struct Asked {
    std::vector<std::string> checkpoints;
    Verified done;
  };

  void run();
  bool continues_newest(const store::Store& store) const;
  void leave_checkpoint();
  Result<audit::Verification> verify_now(std::vector<std::string> checkpoints);

  const StoreSlot& slot_;
  metrics::Counters& counters_;
  const audit::SigningKey key_;
  const std::string file_;
  std::mutex mutex_;
  std::condition_variable woken_;
  std::deque<Asked> asked_;  // guarded by mutex_
  bool stopping_ = false;    // guarded by mutex_
  std::thread thread_;
};

}  // namespace vakt::app
