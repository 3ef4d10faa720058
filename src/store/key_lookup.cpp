#include "store/key_lookup.hpp"

#include <fmt/format.h>

#include <charconv>
#include <unordered_map>

namespace ablate {

namespace {

Hash128 read_hash(std::string_view hex) {
  Hash128 hash;
  if (hex.size() != 32) return hash;
  std::from_chars(hex.data(), hex.data() + 16, hash.high, 16);
  std::from_chars(hex.data() + 16, hex.data() + 32, hash.low, 16);
  return hash;
}

}  // namespace

const KeyedTable kJobTable = {"SELECT coalesce(max(id), 0) FROM job", "SELECT id, key, shown_state FROM job",
                              "SELECT id, key, shown_state FROM job WHERE key = ?"};
const KeyedTable kPartTable = {"SELECT coalesce(max(id), 0) FROM part", "SELECT id, hash FROM part",
                               "SELECT id, hash FROM part WHERE hash = ?"};

void find_rows(Database& database, const KeyedTable& table, std::span<const Hash128> keys,
               const std::function<void(std::size_t index, const Query& row)>& found) {
  Query last(database, table.last_id);
  last.step();
  const std::int64_t rows = last.integer(0);
  if (rows == 0) return;
  // A look-up takes about as long as reading eight rows.
  if (rows / 8 > static_cast<std::int64_t>(keys.size())) {
    Query query(database, table.lookup);
    for (std::size_t i = 0; i < keys.size(); ++i)
      if (query.bind(keys[i].hex()).step()) found(i, query);
    return;
  }
  std::unordered_map<Hash128, std::size_t> index;
  index.reserve(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) index.emplace(keys[i], i);
  Query query(database, table.scan);
  while (query.step())
    if (const auto at = index.find(read_hash(query.view(1))); at != index.end()) found(at->second, query);
}

DeferredIndex::DeferredIndex(Database& database, const char* name) : database_(database) {
  {
    Query query(database_, "SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?", name);
    if (query.step()) sql_ = query.text(0);
  }
  if (!sql_.empty()) Query(database_, fmt::format("DROP INDEX {}", name).c_str()).run();
}

void DeferredIndex::restore() {
  if (!sql_.empty()) Query(database_, sql_.c_str()).run();
}

}  // namespace ablate
