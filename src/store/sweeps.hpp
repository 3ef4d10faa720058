// Plans in the database: a sweep's cells, replicates and jobs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "store/database.hpp"
#include "store/states.hpp"
#include "util/json.hpp"

namespace ablate {

struct SaveResult {
  std::int64_t sweep_id = 0;
  std::int64_t new_jobs = 0;  ///< Jobs whose key was not in the database.
  bool unchanged = false;     ///< The very same plan was there already: nothing was written.
};

/// Adds the sweep and those of its jobs whose key is new, in one transaction. A sweep of that name is
/// replaced: its cells and replicates become those of the plan; jobs stay, whoever needs them. Throws Error
/// on a full disk.
SaveResult save_plan(Database& database, const Plan& plan, const std::filesystem::path& sweep_file,
                     const Json& run, double now);

struct SweepRecord {
  std::int64_t id = 0;
  std::string name;
  std::string path;
  std::vector<PlanAxis> axes;
  Json run;  ///< The [run] table.
  double planned_at = 0;
};
/// All sweeps, by name.
std::vector<SweepRecord> load_sweeps(Database& database);
/// The sweep of that name, or whose file has that path or stem. Throws Error with the nearest name when there
/// is none.
SweepRecord get_sweep(Database& database, const std::string& name_or_path);

/// The state of each job of a plan, in its order; nothing for a job that the database does not know.
std::vector<std::optional<JobState>> find_states(Database& database, const Plan& plan);

/// Measured speed: the median FLOP/s of finished attempts of a stage on a kind of device ("cpu", "cuda"), for
/// one thread when it is a CPU. Nothing when none has finished there.
struct Throughput {
  Stage stage;
  std::string device;
  double flops_per_second = 0;
  std::int64_t attempts = 0;
};
std::vector<Throughput> load_throughput(Database& database);

/// A Fingerprint (plan.hpp) that remembers files by path, size and time of change. It reads only, unless
/// `remember`.
std::string fingerprint(Database& database, const std::string& path, bool remember);

}  // namespace ablate
