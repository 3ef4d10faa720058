// Runs attempts as processes of this machine.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <vector>

#include "schedule/runner.hpp"
#include "util/file.hpp"

namespace ablate {

/// `WORKER JOB_FOLDER --attempt N`, each in a process group of its own, with ATTEMPT/lock locked through its
/// descriptor 3. All of them start at once: none is queued. A handle is the process id. The scheduler lets go
/// of the lock once the worker has it: it is held for exactly as long as the worker, or something that it
/// started, lives, whatever becomes of the scheduler. Process ids are reused, locks are not: a lock says
/// whether an attempt lives, a process id only where to send signals.
class LocalRunner final : public AttemptRunner {
 public:
  /// As RunnerOptions has them.
  explicit LocalRunner(std::filesystem::path worker = {}, int wake_fd = -1);

  std::vector<StartResult> start(std::span<const AttemptRequest> bundle) override;
  WorkerState adopt(const AttemptRequest& request) override;
  bool is_alive(const AttemptRequest& request) const override;
  WorkerNews wait(double seconds) override;
  void terminate(std::int64_t attempt_id) override;
  void kill(std::int64_t attempt_id) override;

 private:
  struct Process {
    std::int64_t attempt_id = 0;
    pid_t group = 0;    ///< Its process group, and for a child its process id; 0: not known.
    Fd pidfd;           ///< Of the worker; empty: its end is found by asking again and again.
    bool child = true;  ///< Ours: its exit status can be read.
    std::filesystem::path lock;
  };
  StartResult start_one(const AttemptRequest& request);
  bool collect(Process& process, std::vector<WorkerEnd>& ends);
  void signal(std::int64_t attempt_id, int signal);

  std::filesystem::path worker_;
  int wake_fd_;
  std::vector<Process> processes_;
};

}  // namespace ablate
