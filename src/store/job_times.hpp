// How long jobs take, from the attempts that have finished.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/experiment.hpp"
#include "journal/placement.hpp"
#include "store/database.hpp"

namespace ablate {

/// Work and duration of one attempt.
struct TimedAttempt {
  double flops = 0;    ///< Of one thread when the device is a CPU.
  double seconds = 0;  ///< From the start of its process to its end.
};

/// An attempt takes startup_seconds + flops / flops_per_second.
struct TimeFit {
  double startup_seconds = 0;
  double flops_per_second = 0;  ///< 0: larger attempts took no longer, so that the speed cannot be told.
};

/// The line through the attempts, by Theil and Sen: the median slope of pairs of two sizes, then the median
/// intercept, so that a few odd attempts do not matter. Neither is negative. Where the attempts are of about
/// one size, all of the time is taken to be in proportion to the FLOPs. Of no attempts: both 0.
TimeFit fit_times(std::span<const TimedAttempt> attempts);

/// Measured on finished attempts of a stage (of `eval`: of one task) on a kind of device.
struct JobTime {
  Stage stage = Stage::encoder;
  std::string task;
  DeviceKind kind = DeviceKind::cpu;
  TimeFit fit;
  std::int64_t attempts = 0;  ///< That it was measured on: the last kMaxTimedAttempts.
};
constexpr std::int64_t kMaxTimedAttempts = 200;
std::vector<JobTime> load_job_times(Database& database);

}  // namespace ablate
