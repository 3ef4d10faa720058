// The lock that keeps a second `ablate run` away from a database: FILE.lock beside the file, whichever path
// leads there.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "util/file.hpp"

namespace ablate {

std::filesystem::path run_lock_path(const std::filesystem::path& database);
/// Who runs jobs on this database now, as one line; nothing when nobody does.
std::optional<std::string> find_owner(const std::filesystem::path& database);
/// Throws Error that says who holds it.
FileLock take_run_lock(const std::filesystem::path& database, const std::vector<std::string>& words);

}  // namespace ablate
