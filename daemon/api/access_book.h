// AccessBook: the users and API tokens of the store in memory, as of the last commit that changed
// them, and the one way to change them.
//
// Changes are decided one after the other, each on what the one before left in the store: two
// administrators who disable each other at the same moment cannot both be right. So a decision sees
// nothing that may still be lost, and nobody needs to know how to take one back. They are rare: a
// commit's time between two of them is no loss.
//
// Threads: any. `decide` and `done` run on the caller's thread or on the one that ended the change
// before (the committer's): they are quick, and hash no password.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "access/token.h"
#include "access/user.h"
#include "base/result.h"
#include "store/store.h"

namespace vakt::api {

class AccessBook {
 public:
  struct Contents {
    std::vector<access::User> users;    // by name
    std::vector<access::Token> tokens;  // by id
    // Null: none of this name. Valid as long as the contents.
    const access::User* user(std::string_view name) const;
    const access::Token* token(std::string_view id) const;
  };
  using Done = std::function<void(Result<void>)>;
  // What changes, given what there is; nothing at all is fine too. Or why not.
  using Decide = std::function<Result<store::AccessChanges>(const Contents&)>;
  // Has the changes committed; its `done` once, on any thread.
  using Commit = std::function<void(store::AccessChanges, Done)>;

  static constexpr std::size_t kWaitingMax = 64;

  explicit AccessBook(Commit commit) : commit_(std::move(commit)) {}

  // Forgets all and reads the store: at its opening, and after it was opened again.
  Result<void> load(const store::Store& store);
  std::shared_ptr<const Contents> contents() const;

  // `done` after the commit, which carries `note` for the audit log. Errors: what `decide` says,
  // Errc::unavailable.
  void change(Decide decide, std::optional<store::AuditNote> note, Done done);
  // That the token was used, at most once a minute; left out where other changes are under way.
  void note_use(std::string_view token_id, Time now);

 private:
  struct Change {
    Decide decide;
    std::optional<store::AuditNote> note;
    Done done;
  };
  void next();
  void apply(const store::AccessChanges& changes);

  const Commit commit_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Contents> contents_ = std::make_shared<Contents>();  // guarded by mutex_
  std::deque<Change> waiting_;                                               // guarded by mutex_
  bool busy_ = false;                                                        // guarded by mutex_
};

}  // namespace vakt::api
