// Sweeps that ran elsewhere: the rows of another tool's table, or of a published one, as runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "store/sweeps.hpp"

namespace ablate {

/// The task of the row of table `job` that stands for an imported run.
inline constexpr const char* kImportedTask = "imported";

struct ImportedScore {
  std::string name;
  double value = 0;                                                  ///< NaN: not a number.
  std::int64_t n = 0;                                                ///< Examples; 0: not known.
  double standard_error = std::numeric_limits<double>::quiet_NaN();  ///< NaN: not known.
};

struct ImportedRun {
  std::size_t cell = 0;  ///< Position in ImportedSweep::cells.
  std::uint64_t seed = 0;
  bool failed = false;
  std::vector<ImportedScore> scores;
};

struct ImportedSweep {
  std::string name;
  std::filesystem::path file;
  ImportRoles roles;
  std::vector<PlanAxis> axes;
  std::vector<std::vector<int>> cells;  ///< The level of each axis; -1: it does not apply.
  std::vector<ImportedRun> runs;        ///< No two of one cell and seed.
};

struct ImportResult {
  std::int64_t sweep_id = 0;
  bool unchanged = false;        ///< The very same was there already: nothing was written.
  bool replaced = false;         ///< Something else was imported under this name before,
  std::filesystem::path former;  ///< from this file.
};

/// Adds a sweep, or replaces the one that was imported under its name from this file, or from one that is
/// gone, all in one transaction. Throws Error, and writes nothing, when the name is that of a planned sweep,
/// or of one that was imported from another file, unless `replace` is set, which stands for the latter alone.
ImportResult save_import(Database& database, const ImportedSweep& sweep, double now, bool replace);

/// "'mm1' was imported from mm1.csv: it has runs and no jobs"; what else there is to say follows.
std::string imported_words(const SweepRecord& sweep);

/// Column sweep.imported. Throws Json::exception.
ImportRoles parse_roles(std::string_view json);
/// Removes the scores and rows of table `job` of an imported sweep's runs, within the caller's transaction;
/// of a planned one nothing.
void forget_imported_jobs(Database& database, std::int64_t sweep_id);

}  // namespace ablate
