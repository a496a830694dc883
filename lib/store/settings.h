// How RocksDB is set up: memory, column families, recovery. Reasons: README.md, "Decisions".
#pragma once

#include <rocksdb/options.h>

#include <memory>
#include <string>
#include <vector>

#include "store/database.h"

namespace vakt::store {

struct Settings {
  rocksdb::DBOptions db;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;  // in the order of Family
};

// `group_expiry` must live as long as the database.
Settings make_settings(const Options& options, const GroupExpiry& group_expiry);
std::string_view family_name(Family family);

}  // namespace vakt::store
