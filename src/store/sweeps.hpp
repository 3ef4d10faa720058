// Sweeps in the database: what was planned, and what was imported.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "store/database.hpp"
#include "store/states.hpp"
#include "util/json.hpp"

namespace ablate {

/// Content hash to absolute path of the plan's sources.
std::map<std::string, std::filesystem::path> absolute_sources(const Plan& plan);

struct SaveResult {
  std::int64_t sweep_id = 0;
  std::int64_t new_jobs = 0;  ///< Jobs whose key was not in the database.
  bool unchanged = false;     ///< The very same plan was there already: nothing was written.
};

/// A sweep is known by its file. Before `file` is planned under `name`: the file that the database has under
/// this name, when it gives the name up, because it is gone, calls itself otherwise now, or `replace` is set.
/// Nothing when the name is free or the file's own. Throws Error, naming both files and what to do, when the
/// name is that of another file, or of an imported sweep, whether or not its file is there.
struct FormerFile {
  std::filesystem::path path;
  std::string reason;    ///< "which is gone"; empty with `replace`.
  bool is_gone = false;  ///< The sweep's file may have been moved.
};
std::optional<FormerFile> claim_name(Database& database, const std::string& name,
                                     const std::filesystem::path& file, bool replace);

/// Adds the sweep and those of its jobs whose key is new, in one transaction. What the database has under the
/// sweep's name is replaced, if claim_name() allows it: its cells and replicates become those of the plan;
/// jobs stay, whoever needs them. Throws Error as claim_name() does, and on a full disk.
SaveResult save_plan(Database& database, const Plan& plan, const std::filesystem::path& sweep_file,
                     const Json& run, double now, bool replace = false);

/// Whether what save_plan() would write of the sweep's cells and jobs is what the database has of it.
bool has_plan(Database& database, std::int64_t sweep_id, const Plan& plan);

/// What is known of an imported sweep that its axes, runs and scores do not tell.
struct ImportRoles {
  std::string
      seed;  ///< The column; empty: no two runs share anything, and seeds number the repeats of a cell.
  std::vector<std::string> seed_names;  ///< Of the seeds 1, 2, ..., where the column has words.
  std::string cost;                     ///< The value that is what a run took, in any unit; empty: none is.
  std::vector<std::string> lower_is_better;  ///< Scores.
  std::vector<std::string> options;          ///< Of the command that imported it, as words.
  bool operator==(const ImportRoles&) const = default;
};

struct SweepRecord {
  std::int64_t id = 0;
  std::string name;
  std::string path;  ///< As real_path() had it when the sweep was planned or imported.
  std::vector<PlanAxis> axes;
  Json run;  ///< The [run] table.
  double planned_at = 0;
  std::optional<ImportRoles> imported;  ///< Nothing: the sweep was planned.
  /// No two runs share a seed: an imported sweep without a column of seeds, which number the repeats of a
  /// cell.
  bool has_own_seeds() const { return imported && imported->seed.empty(); }
};
/// All sweeps, by name.
std::vector<SweepRecord> load_sweeps(Database& database);
/// The sweep of a file or of a name. A text with a '/' or the ending ".toml" is a path: the sweep that was
/// planned last from that file, through whichever path or link; another text is a name first. Throws Error,
/// with what the database has instead, when it has no such sweep.
SweepRecord get_sweep(Database& database, const std::string& name_or_path);

/// The state of each job of a plan, in its order; nothing for a job that the database does not know.
std::vector<std::optional<JobState>> find_states(Database& database, const Plan& plan);

}  // namespace ablate
