// From a sweep's file to its plan and what the database knows of it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "config/sweep.hpp"
#include "plan/plan.hpp"
#include "program/seed_change.hpp"
#include "schedule/estimate.hpp"
#include "store/database.hpp"
#include "util/input_file.hpp"

namespace ablate {

/// A data source or init file of a sweep, and what is read from it.
struct PlannedSource {
  std::string path;                            ///< As the sweep names it.
  std::vector<std::filesystem::path> missing;  ///< What it names and is not there: then it has no content.
  InputContent content;
};

struct PlannedSweep {
  Sweep sweep;
  Plan plan;
  JobStates states;  ///< Of the plan's jobs.
  std::vector<JobTime> measured;
  std::optional<FormerFile> former;  ///< That the sweep's name is taken over from.
  std::vector<PlannedSource> sources;
};

/// Told of each source that is read, which may take long; of none, "", when all have been.
using ReadingSource = std::function<void(const std::string& path)>;

struct PlanOptions {
  /// Content hashes of data are kept in the database, and what sources hold in the files that workers hold
  /// them against.
  bool remember = false;
  bool replace = false;  ///< See claim_name(), which is asked first.
  SeedChange seeds = {};
  ReadingSource reading = {};
};

/// Reads the data and asks the database. It may be null: nothing is known then.
PlannedSweep plan_sweep(Sweep sweep, Database* database, const PlanOptions& options);
/// The same, of data that are only listed: which are there, before a database is made and any is read. Keys
/// of jobs are void.
PlannedSweep list_sweep(const Sweep& sweep, const SeedChange& seeds = {});
/// "the sweep 'a' was that of OLD, which is gone; it is that of NEW now", or `saved`: what would become of
/// it. Empty when the name is taken from no file.
std::string former_line(const PlannedSweep& planned, bool saved);

/// For whoever asks for what the database has of a sweep by the name of its file: "FILE has changed since it
/// was planned ...", where the sweep's or the experiment's file gives another plan now; or the like of its
/// data, which "may have changed" where a large file, which is not read, has other times. Else empty, as for
/// a sweep that is asked for by its own name. Throws Error as get_sweep() does.
std::string changed_line(Database& database, const std::string& asked);

/// Throws Error naming the data that the plan lacks.
void require_data(const PlannedSweep& planned);

/// A source among Plan::missing_data, and what it lacks where it is there itself.
std::string describe_missing(const PlannedSweep& planned, const std::string& path);

/// "data/text reads 3 files, 1.20 MiB: a.txt, b.txt, c.txt"
std::string describe_source(const PlannedSource& source);

}  // namespace ablate
