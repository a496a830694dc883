#include "app/audit_keeper.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "api/random.h"
#include "app/secret_file.h"
#include "audit/checkpoint.h"
#include "source/clock.h"
#include "source/named_thread.h"

namespace vakt::app {

namespace {

constexpr std::chrono::hours kEvery{1};
constexpr std::size_t kAskedMax = 4;

// "gate.example.com/vakt"; of a host without a name, "vakt".
std::string key_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return "vakt";
  std::string name(host.data());
  std::erase_if(name, [](char c) { return c <= ' ' || c >= '\x7f' || c == '+' || c == '/'; });
  return name.empty() ? "vakt" : name + "/vakt";
}

Result<std::string> new_key() {
  const auto key = audit::SigningKey::make(
      key_name(), *audit::to_digest(api::random_bytes(sizeof(audit::Seed))));
  if (!key) return tl::make_unexpected(key.error());
  return key->text();
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Whole or not at all.
bool write_file(const std::string& path, const std::string& text) {
  const std::string part = path + ".new";
  std::ofstream(part, std::ios::binary) << text;
  std::error_code error;
  if (read_file(part) != text) return false;
  std::filesystem::rename(part, path, error);
  return !error;
}

}  // namespace

Result<audit::SigningKey> audit_key_of(const std::string& data_dir) {
  const auto text =
      read_or_create_secret(data_dir + "/audit.key", "the key of the audit log", new_key);
  if (!text) return tl::make_unexpected(text.error());
  return audit::parse_signing_key(*text);
}

AuditKeeper::AuditKeeper(const StoreSlot& slot, metrics::Counters& counters, audit::SigningKey key,
                         std::string file)
    : slot_(slot), counters_(counters), key_(std::move(key)), file_(std::move(file)) {}

AuditKeeper::~AuditKeeper() { finish(); }

void AuditKeeper::start() {
  spdlog::info("audit log: checkpoints are verified with the key {}", verifier().text());
  thread_ = source::named_thread("vakt-audit", [this] { run(); });
}

void AuditKeeper::finish() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  for (Asked& asked : std::exchange(asked_, {}))
    asked.done(fail(Errc::unavailable, "the daemon is stopping"));
  leave_checkpoint();
}

void AuditKeeper::run() {
  auto next = std::chrono::steady_clock::now();
  while (true) {
    std::optional<Asked> asked;
    {
      std::unique_lock lock(mutex_);
      woken_.wait_until(lock, next, [this] { return stopping_ || !asked_.empty(); });
      if (stopping_) return;
      if (!asked_.empty()) {
        asked = std::move(asked_.front());
        asked_.pop_front();
      }
    }
    if (asked) asked->done(verify_now(std::move(asked->checkpoints)));
    if (std::chrono::steady_clock::now() < next) continue;
    next += kEvery;
    leave_checkpoint();
  }
}

Result<std::string> AuditKeeper::checkpoint() const {
  const auto store = slot_.get();
  if (!store) return fail(Errc::unavailable, "the store is being reopened: try again in a moment");
  const auto head = store->audit_head();
  if (!head) return tl::make_unexpected(head.error());
  return audit::sign_checkpoint(*head, source::wall_clock(), key_);
}

// Is the log a continuation of what was signed here last? Else nothing is signed over it: that
// checkpoint is the proof.
bool AuditKeeper::continues_newest(const store::Store& store) const {
  const std::string newest = read_file(file_);
  if (newest.empty()) return true;
  const auto before = audit::open_checkpoint(newest, verifier());
  if (!before) {
    spdlog::error("{}: {}", file_, before.error().message);
    return false;
  }
  const auto now = store.audit_head();
  if (!now) return false;
  const auto proof = store.audit_consistency(before->head.size, now->size);
  if (proof && audit::verify_consistency(*proof, before->head, *now)) return true;
  spdlog::error(
      "the audit log is not what was signed at {} ({} entries, now {}): it was cut off or "
      "rewritten, or an older copy of the store was put back; {} stays as it is",
      format_rfc3339(before->at), before->head.size, now->size, file_);
  return false;
}

void AuditKeeper::leave_checkpoint() {
  const auto store = slot_.get();
  if (!store) return;
  if (!continues_newest(*store)) return counters_.audit_verified.store(0);
  const auto note = checkpoint();
  if (!note) return spdlog::error("no checkpoint of the audit log: {}", note.error().message);
  std::string line = *note;
  std::replace(line.begin(), line.end(), '\n', ' ');
  spdlog::info("audit checkpoint: {}", line);
  if (!write_file(file_, *note)) spdlog::error("cannot write the audit checkpoint {}", file_);
}

void AuditKeeper::verify(std::vector<std::string> checkpoints, Verified done) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_ && asked_.size() < kAskedMax) {
      asked_.push_back({std::move(checkpoints), std::move(done)});
      woken_.notify_all();
      return;
    }
  }
  done(fail(Errc::unavailable, "other verifications are under way: try again in a moment"));
}

Result<audit::Verification> AuditKeeper::verify_now(std::vector<std::string> checkpoints) {
  const auto store = slot_.get();
  if (!store) return fail(Errc::unavailable, "the store is being reopened: try again in a moment");
  if (std::string newest = read_file(file_); !newest.empty())
    checkpoints.push_back(std::move(newest));
  auto verified = store->verify_audit(audit::SignedHeads{verifier(), std::move(checkpoints)});
  if (!verified) return verified;
  // A checkpoint that is none says nothing of the log; what was found stays found.
  if (!verified->finding || verified->finding->problem == audit::Problem::checkpoint_refused)
    return verified;
  counters_.audit_verified.store(0);
  spdlog::error("the audit log does not verify: {}", verified->finding->message);
  return verified;
}

}  // namespace vakt::app
