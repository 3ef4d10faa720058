#include "program/run_lock.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "store/database.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"
#include "util/process.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

std::string read_owner(const std::filesystem::path& lock) {
  constexpr std::size_t kMaxOwnerBytes = 64 << 10;
  try {
    const std::string text = one_line(read_file(lock, kMaxOwnerBytes));
    return text.empty() ? "a process that has just started" : text;
  } catch (const Error&) {
    return "a process that does not say who it is";
  }
}

}  // namespace

std::filesystem::path run_lock_path(const std::filesystem::path& database) {
  return database_file(database).string() + ".lock";
}

std::optional<std::string> find_owner(const std::filesystem::path& database) {
  const auto path = run_lock_path(database);
  if (!FileLock::is_held(path)) return std::nullopt;
  return read_owner(path);
}

FileLock take_run_lock(const std::filesystem::path& database, const std::vector<std::string>& words) {
  const auto path = run_lock_path(database);
  refuse_second_name(database_file(database));
  if (auto lock = FileLock::try_take(path)) {
    lock->write_owner(fmt::format("pid {} on {}, user {}, since {} UTC: {}", ::getpid(), host_name(),
                                  user_name(), format_time(SystemClock().now()), command_line(words)));
    return std::move(*lock);
  }
  throw Error(fmt::format("{} is in use by another `ablate run`: {}", shown_path(database_file(database)),
                          read_owner(path)));
}

}  // namespace ablate
