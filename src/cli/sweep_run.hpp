// Brings one sweep to its end, as `ablate run` does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "cli/arguments.hpp"
#include "store/database.hpp"

namespace ablate {

/// Where jobs run, what they may take, when to stop, --worker, --quiet, --db.
std::vector<OptionSpec> run_options();

/// What a command that runs sweeps does beside them.
struct SweepWatch {
  bool keep_going = false;  ///< Failed jobs stop nothing.
  /// The sweep is saved, and nothing of it is started yet.
  std::function<void(Database&, std::int64_t sweep_id)> planned;
  std::function<void()> tick;  ///< At most a few times a second.
};

/// Plans the sweep, saves it and runs what is left, by the options of run_options() that are given. Returns
/// an ExitCode.
int run_sweep(const Arguments& arguments, const std::filesystem::path& file, const SweepWatch& watch = {});

}  // namespace ablate
