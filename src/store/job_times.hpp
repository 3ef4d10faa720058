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
  double flops = 0;          ///< Of one thread when the device is a CPU.
  double seconds = 0;        ///< That its worker says it took; where it says nothing, of its whole process.
  double start_seconds = 0;  ///< The rest: until its process had started, and its end was seen.
};

/// An attempt takes startup_seconds + flops / flops_per_second.
struct TimeFit {
  double startup_seconds = 0;
  double flops_per_second = 0;  ///< 0: larger attempts took hardly longer, so that the speed cannot be told.
  double largest_flops = 0;     ///< Of the attempts; what is said of larger jobs is extrapolated.

  double seconds(double flops, double jobs = 1) const {
    return jobs * startup_seconds + (flops_per_second > 0 ? flops / flops_per_second : 0);
  }
  /// Of the largest attempt, its start included: no attempt shows more. 0: there is none.
  double proven_flops_per_second() const {
    return largest_flops > 0 ? largest_flops / seconds(largest_flops) : 0;
  }
};

/// The line through the attempts, by Theil and Sen: the median slope of pairs of two sizes, then the median
/// intercept, so that a few odd attempts do not matter; on top of it, the median start. Neither is negative.
/// Where the attempts are of about one size, all that their workers took is in proportion to the FLOPs. Where
/// the work is less than a fifth of the largest attempt's time, no speed is told. Of no attempts: all 0.
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
