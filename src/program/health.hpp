// The checks of `ablate doctor`.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace ablate {

enum class Verdict {
  good,
  note,   ///< Worth knowing; nothing is wrong.
  fault,  ///< Has to be mended.
};

struct Finding {
  Verdict verdict = Verdict::good;
  std::string subject;  ///< "database", "worker", ...
  std::string text;
  std::string fix = {};  ///< What to do; empty when there is nothing to do.
};

/// The folder of the database: room, right to write, kind of filesystem.
std::vector<Finding> check_disk(const std::filesystem::path& database);
/// The worker program, and the GPUs.
std::vector<Finding> check_machine(const std::optional<std::string>& worker);
/// Integrity, size of the write-ahead log, who runs it.
std::vector<Finding> check_database(Database& database);
/// Attempts whose workers are gone, folders that belong to no job, finished jobs without theirs, journals
/// with faults.
std::vector<Finding> check_attempts(Database& database);

}  // namespace ablate
