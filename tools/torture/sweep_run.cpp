#include "sweep_run.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <charconv>
#include <cmath>

namespace ablate {

SweepRun::SweepRun(std::filesystem::path ablate, std::filesystem::path sweep, std::filesystem::path folder,
                   double step_seconds)
    : ablate_(std::move(ablate)),
      sweep_(std::move(sweep)),
      folder_(std::move(folder)),
      step_seconds_(step_seconds) {
  make_directories(folder_);
}

SweepRun::~SweepRun() {
  if (scheduler_ > 0) kill_scheduler();
  for (const pid_t worker : find_workers()) signal_group(worker, SIGKILL);
}

void SweepRun::start() {
  scheduler_ =
      spawn({.arguments = {ablate_.string(), "run", sweep_.string(), "--db", (folder_ / "ablate.db").string(),
                           "--slots", "2", "--threads", "1", "--keep-going", "--retries", "1000"},
             .environment = {fmt::format("ABLATE_DEMO_STEP_SECONDS={}", step_seconds_)},
             .output = folder_ / "run.log"});
}

std::optional<ExitStatus> SweepRun::wait(double seconds) {
  const Fd pidfd = open_pidfd(scheduler_);
  pollfd state{pidfd.get(), POLLIN, 0};
  ::poll(&state, 1, static_cast<int>(std::lround(seconds * 1000)));
  const auto exit = try_reap(scheduler_);
  if (exit) scheduler_ = 0;
  return exit;
}

void SweepRun::kill_scheduler() {
  ::kill(scheduler_, SIGKILL);
  while (!wait(1)) {
  }
}

std::vector<pid_t> SweepRun::find_workers() const {
  std::vector<pid_t> workers;
  const std::string jobs = (folder_ / "jobs").string() + "/";
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", failed)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
    // A worker keeps the lock of its attempt open as descriptor 3.
    const auto held = std::filesystem::read_symlink(entry.path() / "fd/3", failed);
    if (!failed && held.string().starts_with(jobs) && pid != scheduler_) workers.push_back(pid);
  }
  return workers;
}

}  // namespace ablate
