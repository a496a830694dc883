// Keys of the store's rows. Numbers are big-endian, so that rows lie in the order of their numbers;
// one leading letter separates kinds of rows that share a column family. Layout: README.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/time.h"
#include "store/sortable_time.h"

namespace vakt::store {

inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kOriginKey = "origin";
inline constexpr std::string_view kStateKey = "state";
inline constexpr std::string_view kCheckpointKey = "newest";
inline constexpr std::string_view kStatisticsKey = "statistics";

// Kinds of rows within one family.
inline constexpr char kMinuteKind = 'm';    // meta: minute of `now` -> first sequence from then on
inline constexpr char kRecordKind = 'n';    // incidents: number -> record
inline constexpr char kIdKind = 'i';        // incidents: id -> number
inline constexpr char kOpenKind = 'o';      // incidents: number, while neither closed nor merged
                                            // nor left to a storm
inline constexpr char kMemberKind = 's';    // incidents: id of a storm, number of a member
inline constexpr char kAnswerKind = 'k';    // idempotency: key -> answer
inline constexpr char kReceivedKind = 't';  // idempotency: received time, key -> nothing
inline constexpr char kUserKind = 'u';      // access: user's name -> record
inline constexpr char kTokenKind = 't';     // access: token's id -> record

inline constexpr char kAuditEntryKind = 'e';    // audit: index -> entry
inline constexpr char kAuditNodeKind = 'n';     // audit: level, index -> digest
inline constexpr char kAuditSubjectKind = 's';  // audit: incident, index -> nothing
inline constexpr std::string_view kAuditFrontierKey = "f";

inline std::string number_key(std::uint64_t number) {
  std::string key;
  ByteWriter(key).be64(number);
  return key;
}

inline std::string number_key(char kind, std::uint64_t number) {
  std::string key(1, kind);
  ByteWriter(key).be64(number);
  return key;
}

inline std::string hit_key(std::uint64_t sequence, std::uint32_t ordinal) {
  std::string key = number_key(sequence);
  ByteWriter(key).be32(ordinal);
  return key;
}

inline void append_hash(std::string& out, Hash128 hash) {
  ByteWriter writer(out);
  writer.be64(hash.high);
  writer.be64(hash.low);
}

inline std::string id_key(char kind, Hash128 id) {
  std::string key(1, kind);
  append_hash(key, id);
  return key;
}

inline std::string member_key(Hash128 storm, std::uint64_t number) {
  std::string key = id_key(kMemberKind, storm);
  ByteWriter(key).be64(number);
  return key;
}

// Rows of one incident, in order of their index.
inline std::string incident_row_key(Hash128 id, std::uint32_t index) {
  std::string key;
  append_hash(key, id);
  ByteWriter(key).be32(index);
  return key;
}

inline std::string audit_node_key(std::uint32_t level, std::uint64_t index) {
  std::string key(1, kAuditNodeKind);
  ByteWriter writer(key);
  writer.u8(static_cast<std::uint8_t>(level));
  writer.be64(index);
  return key;
}

inline std::string audit_subject_key(Hash128 incident, std::uint64_t index) {
  std::string key = id_key(kAuditSubjectKind, incident);
  ByteWriter(key).be64(index);
  return key;
}

inline std::string text_key(char kind, std::string_view text) {
  std::string key(1, kind);
  key.append(text);
  return key;
}

inline std::string received_key(Time time, std::string_view text) {
  std::string key = number_key(kReceivedKind, sortable(time));
  key.append(text);
  return key;
}

// The smallest key behind all keys that begin with `kind`.
inline std::string after_kind(char kind) { return std::string(1, static_cast<char>(kind + 1)); }

}  // namespace vakt::store
