#include "api/access_book.h"

#include <algorithm>
#include <string>
#include <utility>

namespace vakt::api {
namespace {

template <class Record>
using Name = std::string Record::*;

template <class Record>
auto place_of(const std::vector<Record>& records, Name<Record> name, std::string_view wanted) {
  return std::lower_bound(
      records.begin(), records.end(), wanted,
      [&](const Record& record, std::string_view text) { return record.*name < text; });
}

template <class Record>
const Record* find(const std::vector<Record>& records, Name<Record> name, std::string_view wanted) {
  const auto place = place_of(records, name, wanted);
  return place != records.end() && (*place).*name == wanted ? &*place : nullptr;
}

template <class Record>
void change_rows(std::vector<Record>& records, Name<Record> name,
                 const std::vector<std::string>& removed, const std::vector<Record>& put) {
  std::erase_if(records, [&](const Record& record) {
    return std::find(removed.begin(), removed.end(), record.*name) != removed.end();
  });
  for (const Record& record : put) {
    const auto place = records.begin() + (place_of(records, name, record.*name) - records.cbegin());
    if (place != records.end() && (*place).*name == record.*name)
      *place = record;
    else
      records.insert(place, record);
  }
}

}  // namespace

const access::User* AccessBook::Contents::user(std::string_view name) const {
  return find(users, &access::User::name, name);
}

const access::Token* AccessBook::Contents::token(std::string_view id) const {
  return find(tokens, &access::Token::id, id);
}

Result<void> AccessBook::load(const store::Store& store) {
  auto users = store.users();
  if (!users) return tl::make_unexpected(users.error());
  auto tokens = store.tokens();
  if (!tokens) return tl::make_unexpected(tokens.error());
  auto loaded = std::make_shared<const Contents>(Contents{std::move(*users), std::move(*tokens)});
  const std::lock_guard lock(mutex_);
  contents_ = std::move(loaded);
  return {};
}

std::shared_ptr<const AccessBook::Contents> AccessBook::contents() const {
  const std::lock_guard lock(mutex_);
  return contents_;
}

void AccessBook::change(Decide decide, std::optional<store::AuditNote> note, Done done) {
  {
    std::unique_lock lock(mutex_);
    if (waiting_.size() >= kWaitingMax) {
      lock.unlock();
      return done(fail(Errc::unavailable, "too many changes of users and tokens wait: try again"));
    }
    waiting_.push_back({std::move(decide), std::move(note), std::move(done)});
    if (std::exchange(busy_, true)) return;
  }
  next();
}

void AccessBook::note_use(std::string_view token_id, Time now) {
  {
    const std::lock_guard lock(mutex_);
    if (busy_) return;
    const access::Token* known = contents_->token(token_id);
    if (known == nullptr) return;
    access::Token token = *known;
    if (!access::note_use(token, now)) return;
  }
  const auto note = [id = std::string(token_id),
                     now](const Contents& contents) -> Result<store::AccessChanges> {
    store::AccessChanges changes;
    const access::Token* known = contents.token(id);
    if (known == nullptr) return changes;
    access::Token token = *known;
    if (access::note_use(token, now)) changes.tokens.push_back(std::move(token));
    return changes;
  };
  change(note, std::nullopt, [](const Result<void>&) {});
}

// Where a commit is refused at once this calls itself, at most as deep as changes wait.
void AccessBook::next() {
  while (true) {
    Change change;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) {
        busy_ = false;
        return;
      }
      change = std::move(waiting_.front());
      waiting_.pop_front();
    }
    auto changes = change.decide(*contents());
    if (changes) changes->note = std::move(change.note);
    if (changes && !changes->empty())
      return commit_(*changes, [this, changes = *changes,
                                done = std::move(change.done)](const Result<void>& committed) {
        if (committed) apply(changes);
        done(committed);
        next();
      });
    change.done(changes ? Result<void>{} : tl::make_unexpected(changes.error()));
  }
}

void AccessBook::apply(const store::AccessChanges& changes) {
  Contents next = *contents();
  change_rows(next.users, &access::User::name, changes.removed_users, changes.users);
  change_rows(next.tokens, &access::Token::id, changes.removed_tokens, changes.tokens);
  auto made = std::make_shared<const Contents>(std::move(next));
  const std::lock_guard lock(mutex_);
  contents_ = std::move(made);
}

}  // namespace vakt::api
