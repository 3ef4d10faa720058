#include "schedule/local_runner.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>

#include "journal/attempt_folder.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

/// How often an end is asked for that no descriptor tells of.
constexpr double kAskSeconds = 0.1;
constexpr int kLockFd = 3;  ///< Where spawn() puts the inherited descriptor.

std::optional<pid_t> find_pid(std::string_view text) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  return error == std::errc() && pid > 1 ? std::optional(pid) : std::nullopt;
}

/// Whether the process has this very file open as its descriptor 3: then it is the worker that was given the
/// lock, and not another one to which its id has passed on.
bool holds_lock(pid_t pid, const std::filesystem::path& lock) {
  struct stat held {
  }, wanted{};
  return ::stat(fmt::format("/proc/{}/fd/{}", pid, kLockFd).c_str(), &held) == 0 &&
         ::stat(lock.c_str(), &wanted) == 0 && held.st_dev == wanted.st_dev && held.st_ino == wanted.st_ino;
}

/// The process group of whoever holds a lock, by looking at every process: for a scheduler that was killed
/// between starting a worker and writing down its id, and for a worker that died and left something running.
std::optional<pid_t> find_holding_group(const std::filesystem::path& lock) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", failed)) {
    const auto pid = find_pid(entry.path().filename().string());
    if (!pid || !holds_lock(*pid, lock)) continue;
    const pid_t group = ::getpgid(*pid);
    if (group > 1 && group != ::getpgrp()) return group;
  }
  return std::nullopt;
}

std::string lock_text(const std::filesystem::path& lock) {
  constexpr std::size_t kMaxLockBytes = 4096;
  try {
    return read_file(lock, kMaxLockBytes);
  } catch (const Error&) {
    return "";
  }
}

std::vector<std::string> worker_environment(const AttemptRequest& request) {
  std::vector<std::string> environment;
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"})
    environment.push_back(fmt::format("{}={}", name, request.placement.threads));
  environment.push_back("OMP_WAIT_POLICY=PASSIVE");
  std::vector<std::string> cards;
  for (const std::int64_t card : request.placement.cards) cards.push_back(std::to_string(card));
  // A slice of a card has no number: its worker sees what this process sees.
  const bool is_slice = request.placement.kind == DeviceKind::cuda && cards.empty();
  if (!is_slice) environment.push_back("CUDA_VISIBLE_DEVICES=" + join(cards, ","));
  // nvidia-smi counts the cards in this order; CUDA's own default is another.
  if (!cards.empty()) environment.push_back("CUDA_DEVICE_ORDER=PCI_BUS_ID");
  return environment;
}

}  // namespace

LocalRunner::LocalRunner(std::filesystem::path worker, int wake_fd)
    : worker_(std::move(worker)), wake_fd_(wake_fd) {}

std::vector<StartResult> LocalRunner::start(std::span<const AttemptRequest> bundle) {
  using enum StartResult::Outcome;
  std::vector<StartResult> results;
  std::string unavailable_since;
  for (const AttemptRequest& request : bundle) {
    if (!unavailable_since.empty()) {
      results.push_back({.outcome = unavailable, .message = unavailable_since});
      continue;
    }
    try {
      results.push_back(start_one(request));
    } catch (const RunnerError& error) {
      unavailable_since = error.what();
      results.push_back({.outcome = unavailable, .message = unavailable_since});
    } catch (const Error& error) {
      results.push_back({.outcome = refused, .message = error.what()});
    }
  }
  return results;
}

/// Throws RunnerError when no attempt can be started, Error when this one cannot.
StartResult LocalRunner::start_one(const AttemptRequest& request) {
  const AttemptFolder folder = request.folder();
  auto lock = FileLock::try_take(folder.lock());
  if (!lock)
    throw Error(fmt::format("{}: is held by another process ({})", folder.lock().string(),
                            printable(lock_text(folder.lock()), kWhole)));
  const auto program = find_program(worker_.string());
  if (!program) throw RunnerError(fmt::format("{}: no such program; expected the worker", worker_.string()));
  pid_t pid = 0;
  try {
    pid = spawn({.arguments = {program->string(), request.job_folder.string(), "--attempt",
                               std::to_string(request.attempt)},
                 .environment = worker_environment(request),
                 .output = folder.log(),
                 .inherit_fd = lock->fd()});
  } catch (const Error& error) {
    throw RunnerError(error.what());
  }
  processes_.push_back({.attempt_id = request.attempt_id,
                        .group = pid,
                        .pidfd = open_pidfd(pid),
                        .child = true,
                        .lock = folder.lock()});
  try {
    lock->write_owner(std::to_string(pid));
  } catch (const Error&) {
    // A full disk. The worker runs; adopt() finds it without this.
  }
  return {.outcome = StartResult::Outcome::running, .handle = std::to_string(pid)};
}

bool LocalRunner::is_alive(const AttemptRequest& request) const {
  return FileLock::is_held(request.folder().lock());
}

WorkerState LocalRunner::adopt(const AttemptRequest& request) {
  if (!is_alive(request)) return WorkerState::gone;
  const AttemptFolder folder = request.folder();
  Process process{
      .attempt_id = request.attempt_id, .group = 0, .pidfd = {}, .child = false, .lock = folder.lock()};
  auto known = find_pid(request.handle);
  if (!known) known = find_pid(lock_text(folder.lock()));
  const pid_t recorded = known.value_or(0);
  const bool is_worker = recorded > 1 && holds_lock(recorded, folder.lock());
  process.group = is_worker ? recorded : find_holding_group(folder.lock()).value_or(0);
  if (process.group > 0) process.pidfd = open_pidfd(process.group);
  // It may have ended, and its id passed on, before it was opened: then the lock alone is asked.
  if (process.pidfd && !holds_lock(process.group, folder.lock())) process.pidfd.reset();
  processes_.push_back(std::move(process));
  return WorkerState::running;
}

/// Appends the process to `ends` when it is gone.
bool LocalRunner::collect(Process& process, std::vector<WorkerEnd>& ends) {
  if (process.pidfd) {
    pollfd state{process.pidfd.get(), POLLIN, 0};
    if (::poll(&state, 1, 0) != 1) return false;
    // What it started and left running must not go on writing. Its id is still its own: it is not reaped yet.
    if (process.child) signal_group(process.group, SIGKILL);
  }
  if (!process.child) {
    if (!process.pidfd && FileLock::is_held(process.lock)) return false;
    ends.push_back({.attempt_id = process.attempt_id, .exit = {}});
    return true;
  }
  const auto exit = try_reap(process.group);
  if (exit) ends.push_back({.attempt_id = process.attempt_id, .exit = exit});
  return exit.has_value();
}

WorkerNews LocalRunner::wait(double seconds) {
  timespec now{};
  const auto monotonic = [&] {
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  };
  const double deadline = monotonic() + seconds;
  for (;;) {
    std::vector<pollfd> watched;
    if (wake_fd_ >= 0) watched.push_back({wake_fd_, POLLIN, 0});
    double longest = std::max(0.0, deadline - monotonic());
    for (const Process& process : processes_) {
      if (process.pidfd)
        watched.push_back({process.pidfd.get(), POLLIN, 0});
      else
        longest = std::min(longest, kAskSeconds);
    }
    ::poll(watched.data(), watched.size(), static_cast<int>(std::ceil(longest * 1000)));

    bool woken = false;
    char drained[64];
    while (wake_fd_ >= 0 && ::read(wake_fd_, drained, sizeof drained) > 0) woken = true;
    std::vector<WorkerEnd> ends;
    std::erase_if(processes_, [&](Process& process) { return collect(process, ends); });
    if (!ends.empty() || woken || monotonic() >= deadline) return {.begun = {}, .ended = std::move(ends)};
  }
}

void LocalRunner::signal(std::int64_t attempt_id, int signal) {
  for (const Process& process : processes_)
    if (process.attempt_id == attempt_id && process.group > 1) signal_group(process.group, signal);
}

void LocalRunner::terminate(std::int64_t attempt_id) { signal(attempt_id, SIGTERM); }
void LocalRunner::kill(std::int64_t attempt_id) { signal(attempt_id, SIGKILL); }

}  // namespace ablate
