#include "scan/cache.h"

#include <hs/hs.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace vakt::scan {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "vaktdb1\n";
constexpr std::string_view kSuffix = ".hsdb";

// What the same patterns compile to depends on these.
std::string describe_machine() {
  std::string bytes;
  ByteWriter out(bytes);
  out.bytes(hs_version());
  hs_platform_info_t platform{};
  if (hs_populate_platform(&platform) != HS_SUCCESS) return bytes;
  out.varint(platform.tune);
  out.varint(platform.cpu_features);
  return bytes;
}

void put(ByteWriter& out, const Literal& l) {
  out.bytes(l.bytes);
  out.u8(l.caseless ? 1 : 0);
}

void put(ByteWriter& out, const Expression& e) {
  out.bytes(e.pattern);
  out.u8(static_cast<std::uint8_t>((e.caseless ? 1 : 0) | (e.multiline ? 2 : 0) |
                                   (e.dot_all ? 4 : 0) | (e.utf8 ? 8 : 0) |
                                   (e.prefilter ? 16 : 0)));
}

template <class Pattern>
Hash128 key_of(char kind, std::span<const Pattern> patterns) {
  static const std::string machine = describe_machine();
  std::string bytes = machine;
  ByteWriter out(bytes);
  out.u8(static_cast<std::uint8_t>(kind));
  for (const Pattern& pattern : patterns) put(out, pattern);
  return hash128(bytes);
}

// The file: magic, hash of the rest, the database as Hyperscan writes it.
std::string wrap(std::string_view payload) {
  std::string bytes(kMagic);
  ByteWriter out(bytes);
  const Hash128 hash = hash128(payload);
  out.be64(hash.high);
  out.be64(hash.low);
  bytes.append(payload);
  return bytes;
}

std::string_view unwrap(std::string_view bytes) {
  constexpr std::size_t kHead = kMagic.size() + 16;
  if (bytes.size() < kHead || !bytes.starts_with(kMagic)) return {};
  ByteReader in(bytes.substr(kMagic.size(), 16));
  const std::uint64_t high = in.be64();
  const Hash128 hash{high, in.be64()};
  const std::string_view payload = bytes.substr(kHead);
  return hash128(payload) == hash ? payload : std::string_view();
}

}  // namespace

Compiled<SharedDatabase> Cache::literals(std::span<const Literal> literals) {
  return get(key_of('l', literals), [&] { return compile_literals(literals); });
}

Compiled<SharedDatabase> Cache::expressions(std::span<const Expression> expressions) {
  return get(key_of('e', expressions), [&] { return compile_expressions(expressions); });
}

const std::optional<std::string>& Cache::objection(const Expression& expression) {
  const auto [it, is_new] = opinions_.try_emplace(key_of('o', std::span(&expression, 1)));
  if (is_new) {
    it->second.objection = scan::objection(expression);
    ++counts_.judged;
  }
  it->second.asked_for = true;
  return it->second.objection;
}

template <class Compile>
Compiled<SharedDatabase> Cache::get(Hash128 key, const Compile& compile) {
  std::weak_ptr<const Database>& held = held_[key];
  if (!directory_.empty()) asked_for_.insert(fs::path(path(key)).filename().string());
  if (SharedDatabase database = held.lock()) {
    ++counts_.shared;
    return database;
  }
  if (SharedDatabase database = read(key)) {
    ++counts_.read;
    held = database;
    return database;
  }
  auto compiled = compile();
  if (!compiled) return tl::make_unexpected(std::move(compiled.error()));
  ++counts_.compiled;
  auto database = std::make_shared<const Database>(std::move(*compiled));
  write(key, *database);
  held = database;
  return SharedDatabase(std::move(database));
}

std::string Cache::path(Hash128 key) const {
  return directory_ + "/" + to_hex(key) + std::string(kSuffix);
}

SharedDatabase Cache::read(Hash128 key) const {
  if (directory_.empty()) return nullptr;
  std::ifstream in(path(key), std::ios::binary);
  if (!in) return nullptr;
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  auto database = Database::deserialize(unwrap(bytes));
  return database ? std::make_shared<const Database>(std::move(*database)) : nullptr;
}

// Beside its place first, so that nobody ever reads half of it.
void Cache::write(Hash128 key, const Database& database) const {
  if (directory_.empty()) return;
  std::error_code error;
  if (fs::create_directories(directory_, error))
    fs::permissions(directory_, fs::perms::owner_all, error);
  const std::string place = path(key);
  const std::string draft = place + ".new";
  {
    std::ofstream out(draft, std::ios::binary | std::ios::trunc);
    const std::string bytes = wrap(database.serialize());
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) {
      fs::remove(draft, error);
      return;
    }
  }
  fs::rename(draft, place, error);
}

void Cache::prune(std::uint64_t bytes_max) {
  std::erase_if(held_, [](const auto& entry) { return entry.second.expired(); });
  for (auto it = opinions_.begin(); it != opinions_.end();)
    it = std::exchange(it->second.asked_for, false) ? std::next(it) : opinions_.erase(it);
  struct File {
    fs::file_time_type written;
    fs::path path;
    std::uint64_t bytes = 0;
  };
  std::vector<File> unused;
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory_, error)) {
    if (entry.path().extension() != kSuffix) continue;
    const File file{entry.last_write_time(error), entry.path(), entry.file_size(error)};
    if (error) continue;
    bytes += file.bytes;
    if (!asked_for_.contains(file.path.filename().string())) unused.push_back(file);
  }
  asked_for_.clear();
  std::sort(unused.begin(), unused.end(),
            [](const File& a, const File& b) { return a.written < b.written; });
  for (const File& file : unused) {
    if (bytes <= bytes_max) return;
    fs::remove(file.path, error);
    bytes -= file.bytes;
  }
}

}  // namespace vakt::scan
