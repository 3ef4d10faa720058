// Progress as lines of text: a bar for each stage, a line for each running job.
#pragma once

#include <string>
#include <vector>

#include "program/status.hpp"
#include "report/terminal.hpp"

namespace ablate {

/// "12 of 36 jobs finished, 2 running, 1 failed, 3 blocked"
std::string progress_line(const StageProgress& progress);
/// "  demo  [######>>!!----]  12/36  2 running  1 failed", one for each stage, aligned.
std::vector<std::string> stage_lines(const std::vector<StageProgress>& stages, const Terminal& terminal);

/// "  1a2b3c4d  demo  120/300  45.2 steps/s  4.0 s left  cpu", aligned.
std::vector<std::string> running_lines(const std::vector<RunningStatus>& running, double now);
/// "  1a2b3c4d  demo  seed 2  the message" for the first ten; where the log is on a line of its own.
std::vector<std::string> failed_lines(const Database& database, const std::vector<JobRow>& failed,
                                      bool with_logs);

}  // namespace ablate
