// What the commands that run sweeps have in common.
#pragma once

#include <filesystem>
#include <vector>

#include "cli/arguments.hpp"
#include "program/sweep_run.hpp"

namespace ablate {

/// Where jobs run, what they may take, when to stop, --worker, --quiet, --db.
std::vector<OptionSpec> run_options();
/// What was chosen by those; --worker and --quiet are for get_worker() and finish_run().
RunOptions chosen_run_options(const Arguments& arguments);

/// Runs what is left, by `worker`, shows how far it is, and says how it ended. `policy` may end jobs early.
/// Returns an ExitCode.
int finish_run(SweepRun& run, const std::filesystem::path& worker, bool quiet, StopPolicy* policy = nullptr);

}  // namespace ablate
