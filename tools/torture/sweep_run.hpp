// `ablate run` as a process that can be killed and started again.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "util/process.hpp"

namespace ablate {

class SweepRun {
 public:
  /// `folder` gets the database ("ablate.db") and what the runs print ("run.log"). `step_seconds` slows the
  /// training down.
  SweepRun(std::filesystem::path ablate, std::filesystem::path sweep, std::filesystem::path folder,
           double step_seconds);
  ~SweepRun();  ///< Kills scheduler and workers.
  SweepRun(const SweepRun&) = delete;
  SweepRun& operator=(const SweepRun&) = delete;

  void start();
  /// Its exit status when it ends within `seconds`.
  std::optional<ExitStatus> wait(double seconds);
  /// SIGKILL for the scheduler alone; its workers live on.
  void kill_scheduler();
  /// The workers that live now.
  std::vector<pid_t> find_workers() const;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path ablate_, sweep_, folder_;
  double step_seconds_;
  pid_t scheduler_ = 0;
};

}  // namespace ablate
