#include "store/reading_guard.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "util/clock.hpp"

namespace ablate {

namespace {

constexpr int kInstructionsBetweenChecks = 10000;

/// Pragmas that only tell, whatever their argument.
constexpr std::array<std::string_view, 13> kTellingPragmas = {
    "collation_list", "compile_options", "database_list", "foreign_key_list", "function_list",
    "index_info",     "index_list",      "index_xinfo",   "integrity_check",  "quick_check",
    "table_info",     "table_list",      "table_xinfo"};
/// Pragmas that tell when they have no argument.
constexpr std::array<std::string_view, 7> kAskedPragmas = {"application_id", "data_version", "encoding",
                                                           "freelist_count", "page_count",   "page_size",
                                                           "user_version"};

bool is_reading_pragma(std::string_view name, const char* argument) {
  const auto in = [&](const auto& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return in(kTellingPragmas) || (argument == nullptr && in(kAskedPragmas));
}

const char* action_name(int action) {
  switch (action) {
    case SQLITE_INSERT:
      return "INSERT into";
    case SQLITE_UPDATE:
      return "UPDATE of";
    case SQLITE_DELETE:
      return "DELETE from";
    case SQLITE_ATTACH:
      return "ATTACH or VACUUM INTO";
    case SQLITE_DETACH:
      return "DETACH";
    case SQLITE_PRAGMA:
      return "PRAGMA";
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
      return "transaction";
    case SQLITE_FUNCTION:
      return "function";
    default:
      return "change of";
  }
}

}  // namespace

ReadingGuard::ReadingGuard(sqlite3* sqlite, double seconds)
    : sqlite_(sqlite), deadline_(seconds > 0 ? SystemClock().monotonic() + seconds : 0) {
  sqlite3_set_authorizer(sqlite_, authorize, this);
  sqlite3_progress_handler(sqlite_, kInstructionsBetweenChecks, check_time, this);
}

ReadingGuard::~ReadingGuard() {
  sqlite3_set_authorizer(sqlite_, nullptr, nullptr);
  sqlite3_progress_handler(sqlite_, 0, nullptr, nullptr);
}

int ReadingGuard::authorize(void* self, int action, const char* first, const char* second, const char*,
                            const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_UPDATE:
      // SQLite asks this for itself when json_each() or a pragma function is used first; a statement that
      // says it is refused by SQLite.
      if (first && std::string_view(first) == "sqlite_master") return SQLITE_OK;
      break;
    case SQLITE_FUNCTION:
      if (second && std::string_view(second) != "load_extension" &&
          std::string_view(second) != "fts3_tokenizer")
        return SQLITE_OK;
      first = second;
      break;
    case SQLITE_PRAGMA:
      if (first && is_reading_pragma(first, second)) return SQLITE_OK;
      break;
    default:
      break;
  }
  // The first is what the statement is about; what SQLite tells next is how it would do it.
  std::string& refused = static_cast<ReadingGuard*>(self)->refused_;
  if (refused.empty()) refused = fmt::format("{} {}", action_name(action), first ? first : "");
  while (refused.ends_with(' ')) refused.pop_back();
  return SQLITE_DENY;
}

int ReadingGuard::check_time(void* self) {
  auto* guard = static_cast<ReadingGuard*>(self);
  if (guard->deadline_ > 0 && SystemClock().monotonic() > guard->deadline_) guard->timed_out_ = true;
  return guard->timed_out_ ? 1 : 0;
}

}  // namespace ablate
