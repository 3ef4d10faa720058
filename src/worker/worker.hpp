// Runs one job and journals it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "journal/placement.hpp"

namespace ablate {

/// Runs attempt `number` of the job in `job_folder` (journal/attempt_folder.hpp has the files and the exit
/// codes) and returns the exit code. Without a number, for a job that is run by hand, it makes the next
/// attempt's folder, with the placement `by_hand` and settings of an earlier one where there is any, and
/// locks it; parents are then looked for in the folders beside this one. SIGTERM lets the stage leave a
/// checkpoint. CUBLAS_WORKSPACE_CONFIG is set for the process unless it is set already. Never throws.
int run_worker(const std::filesystem::path& job_folder, std::optional<std::int64_t> number,
               const Placement& by_hand = {.kind = DeviceKind::automatic});

}  // namespace ablate
