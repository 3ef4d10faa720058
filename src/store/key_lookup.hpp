// Rows by the hash that names them, one or hundreds of thousands at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "store/query.hpp"
#include "util/hash.hpp"

namespace ablate {

/// A table whose rows are named by a hash. Both statements give the same columns: id, hash, ...
struct KeyedTable {
  const char* last_id;  ///< The highest id, or 0.
  const char* scan;     ///< All rows.
  const char* lookup;   ///< The row of one hash.
};
extern const KeyedTable kJobTable;   ///< id, key, state
extern const KeyedTable kPartTable;  ///< id, hash

/// Calls `found` with the index of each of `keys` that is in the table, and its row. Reads the whole table
/// where many are asked for: a pass costs less than a look-up of each.
void find_rows(Database& database, const KeyedTable& table, std::span<const Hash128> keys,
               const std::function<void(std::size_t index, const Query& row)>& found);

/// While it lives, an index is away; it comes back by sorting, which is quicker than adding row by row. Only
/// within a write transaction: if that is rolled back, so is this.
class DeferredIndex {
 public:
  DeferredIndex(Database& database, const char* name);
  void restore();

 private:
  Database& database_;
  std::string sql_;
};

}  // namespace ablate
