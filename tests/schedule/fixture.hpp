// A sweep in a real database, run by a runner and a clock that tests drive.
#pragma once

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>

#include "journal/attempt_folder.hpp"
#include "journal/event.hpp"
#include "schedule/scheduler.hpp"
#include "scratch.hpp"
#include "store/jobs.hpp"
#include "store/sweeps.hpp"
#include "util/hash.hpp"

namespace ablate {

struct FakeClock final : Clock {
  double now() const override { return 1.7e9 + seconds; }
  double monotonic() const override { return seconds; }
  double seconds = 1000;
};

/// Writes a journal line by line, without waiting for the disk.
class TextJournal {
 public:
  /// `seq`: how many lines the journal has.
  explicit TextJournal(const std::filesystem::path& folder, std::int64_t seq = 0)
      : file_(AttemptFolder{folder}.journal(), std::ios::app), seq_(seq) {}
  TextJournal& write(Event event) {
    event.seq = ++seq_;
    event.time = 1.7e9;
    file_ << format_event(event) << "\n" << std::flush;
    return *this;
  }
  TextJournal& started(std::int64_t attempt, std::int64_t step = 0) {
    return write({.what = StartedEvent{attempt, step, 100}});
  }
  TextJournal& metric(std::int64_t step, double value) {
    return write({.what = MetricEvent{step, {{"loss", value}}}});
  }
  TextJournal& checkpoint(std::int64_t step, const std::string& path) {
    return write({.what = CheckpointEvent{step, path}});
  }
  TextJournal& finished() { return write({.what = FinishedEvent{100}}); }
  TextJournal& failed(FailureKind kind, const std::string& message) {
    return write({.what = FailedEvent{0, kind, message}});
  }

 private:
  std::ofstream file_;
  std::int64_t seq_;
};

/// What a worker of the fake runner does: `at_start` and `at_end` get its attempt's folder.
struct Act {
  double seconds = 1;
  ExitStatus exit = {.code = 0, .signal = {}};
  std::function<void(const std::filesystem::path&)> at_start, at_end;
  bool heeds_sigterm = true;  ///< It then leaves with code 130.
  double queued = 0;          ///< Seconds before it begins.
  bool tells_start = true;    ///< The runner sees it begin.
};

inline Act finishing(double seconds = 1) {
  return {.seconds = seconds,
          .at_end = [](const std::filesystem::path& folder) { TextJournal(folder).started(1).finished(); }};
}
inline Act crashing(int signal = SIGSEGV) {
  return {.exit = {.code = {}, .signal = signal},
          .at_start = [](const std::filesystem::path& folder) { TextJournal(folder).started(1); }};
}
inline Act failing(FailureKind kind, const std::string& message) {
  return {.exit = {.code = kind == FailureKind::config ? 2 : 1, .signal = {}},
          .at_start = [=](const std::filesystem::path& folder) {
            TextJournal(folder).started(1).failed(kind, message);
          }};
}

struct FakeRunner final : AttemptRunner {
  explicit FakeRunner(FakeClock& fake_clock) : clock(fake_clock) {}

  std::vector<StartResult> start(std::span<const AttemptRequest> bundle) override {
    using enum StartResult::Outcome;
    bundles.push_back(bundle.size());
    std::vector<StartResult> results;
    for (const AttemptRequest& request : bundle) {
      try {
        results.push_back(start_one(request));
      } catch (const RunnerError& error) {
        results.push_back({.outcome = unavailable, .message = error.what()});
      } catch (const Error& error) {
        results.push_back({.outcome = refused, .message = error.what()});
      }
    }
    return results;
  }
  StartResult start_one(const AttemptRequest& request) {
    if (on_start) on_start(request);
    const Act act = behave(request);
    Process process{request, request.folder().path, act, clock.seconds + act.queued, act.queued == 0, 0,
                    act.exit};
    process.ends_at = process.begins_at + act.seconds;
    if (process.begun && act.at_start) act.at_start(process.folder);
    processes.push_back(std::move(process));
    started.push_back(request);
    most_at_once = std::max(most_at_once, processes.size());
    return {.outcome = act.queued > 0 ? StartResult::Outcome::queued : StartResult::Outcome::running,
            .handle = fmt::format("fake job {}", request.attempt_id)};
  }
  WorkerState adopt(const AttemptRequest& request) override {
    adopted.push_back(request);
    if (!alive) return WorkerState::gone;
    processes.push_back({request, request.folder().path, *alive, clock.seconds + alive->queued,
                         alive->queued == 0, clock.seconds + alive->queued + alive->seconds, std::nullopt});
    return alive->queued > 0 ? WorkerState::queued : WorkerState::running;
  }
  bool is_alive(const AttemptRequest& request) const override {
    return FileLock::is_held(request.folder().lock());
  }
  WorkerNews wait(double seconds) override {
    const double until = clock.seconds + seconds;
    const auto next =
        std::min_element(processes.begin(), processes.end(),
                         [](const Process& a, const Process& b) { return a.next_at() < b.next_at(); });
    if (next == processes.end() || next->next_at() > until) {
      clock.seconds = until;
      if (on_wait) on_wait();
      return {};
    }
    clock.seconds = std::max(clock.seconds, next->next_at());
    WorkerNews news;
    if (!next->begun && next->begins_at < next->ends_at) {
      next->begun = true;
      if (next->act.at_start) next->act.at_start(next->folder);
      if (next->act.tells_start) news.begun.push_back(next->request.attempt_id);
    } else {
      if (next->begun && next->act.at_end) next->act.at_end(next->folder);
      news.ended.push_back({.attempt_id = next->request.attempt_id, .exit = next->exit});
      processes.erase(next);
    }
    if (on_wait) on_wait();
    return news;
  }
  void terminate(std::int64_t attempt_id) override { signal(attempt_id, SIGTERM); }
  void kill(std::int64_t attempt_id) override { signal(attempt_id, SIGKILL); }

  struct Process {
    AttemptRequest request;
    std::filesystem::path folder;
    Act act;
    double begins_at;
    bool begun;
    double ends_at;
    std::optional<ExitStatus> exit;
    double next_at() const { return begun ? ends_at : std::min(begins_at, ends_at); }
  };
  void signal(std::int64_t attempt_id, int number) {
    signals.push_back(number);
    for (Process& process : processes) {
      if (process.request.attempt_id != attempt_id || (number == SIGTERM && !process.act.heeds_sigterm))
        continue;
      process.ends_at = clock.seconds;
      if (process.exit && number == SIGTERM) process.exit = ExitStatus{.code = 130, .signal = {}};
      if (process.exit && number == SIGKILL) process.exit = ExitStatus{.code = {}, .signal = SIGKILL};
      if (number == SIGKILL) process.act.at_end = nullptr;
    }
  }

  FakeClock& clock;
  std::function<Act(const AttemptRequest&)> behave = [](const AttemptRequest&) { return finishing(); };
  std::function<void(const AttemptRequest&)> on_start;
  std::function<void()> on_wait;  ///< Called at the end of every wait.
  std::optional<Act> alive;       ///< What an adopted process does; nothing: it is gone.
  std::vector<Process> processes;
  std::vector<AttemptRequest> started, adopted;
  std::vector<std::size_t> bundles;  ///< The size of each.
  std::vector<int> signals;
  std::size_t most_at_once = 0;
};

struct RecordedProgress final : Progress {
  void queued(const JobRecord& job, const AttemptRecord&) override { queue.push_back(job.id); }
  void started(const JobRecord& job, const AttemptRecord&) override { order.push_back(job.id); }
  void adopted(const JobRecord&, const AttemptRecord&) override { ++num_adopted; }
  void ended(const JobRecord&, const AttemptRecord& attempt, JobState) override { ends.push_back(attempt); }
  void note(const std::string& text) override { notes += text + "\n"; }
  std::vector<std::int64_t> order, queue;
  std::vector<AttemptRecord> ends;
  std::int64_t num_adopted = 0;
  std::string notes;
};

/// A job of a test's sweep.
struct TestJob {
  std::string name;
  std::vector<std::uint32_t> parents = {};
  double memory_bytes = 0;
};

/// One replicate for each row of `replicates`, with those jobs.
inline Plan make_test_plan(const std::string& sweep, const std::vector<TestJob>& jobs,
                           const std::vector<std::vector<std::uint32_t>>& replicates) {
  Plan plan;
  plan.sweep = sweep;
  plan.seeds = {0};
  plan.parts = {{"demo", "{\"width\":4}", hash128("demo{}")}};
  for (const TestJob& job : jobs) {
    PlannedJob planned;
    planned.key = hash128(job.name);
    planned.stage = job.parents.empty() ? Stage::demo : Stage::eval;
    planned.task = job.parents.empty() ? "" : "demo-accuracy";
    planned.parts = {0};
    planned.parents = job.parents;
    planned.steps = 100;
    planned.cost.memory_bytes = job.memory_bytes;
    plan.jobs.push_back(planned);
  }
  PlanAxis axis{"demo.width", {}};
  for (const auto& replicate : replicates) {
    axis.levels.push_back(std::to_string(axis.levels.size()));
    plan.cells.push_back({.levels = {static_cast<std::int32_t>(plan.cells.size())}, .label = ""});
    for (const std::uint32_t job : replicate) {
      plan.replicate_jobs.push_back(job);
      ++plan.jobs[job].replicates;
    }
    plan.replicate_begin.push_back(plan.replicate_jobs.size());
  }
  plan.axes = {axis};
  return plan;
}

/// Everything that run_schedule needs, with one CPU slot.
struct TestSweep {
  /// All jobs in one replicate, unless `replicates` says otherwise.
  explicit TestSweep(const std::vector<TestJob>& jobs,
                     std::vector<std::vector<std::uint32_t>> replicates = {}) {
    if (replicates.empty()) {
      replicates.emplace_back();
      for (std::uint32_t i = 0; i < jobs.size(); ++i) replicates.front().push_back(i);
    }
    sweep_id = add(make_test_plan("test", jobs, replicates));
    for (const TestJob& job : jobs) ids.push_back(get_job(database, hash128(job.name).hex()).id);
    invocation = begin_invocation(database, {}, clock.now());
    options.devices = {Device{}};
  }
  std::int64_t add(const Plan& plan) {
    return save_plan(database, plan, scratch.path / (plan.sweep + ".toml"), Json::object(), clock.now())
        .sweep_id;
  }
  ScheduleResult run() {
    return run_schedule(database, sweep_id, invocation, runner, clock, progress, stop, options);
  }
  JobState state(std::size_t job) {
    for (const JobRecord& record : load_jobs(database, sweep_id))
      if (record.id == ids[job]) return record.state;
    throw std::logic_error("no such job");
  }
  std::vector<AttemptRecord> attempts(std::size_t job) { return load_attempts(database, ids[job]); }
  AttemptRecord last(std::size_t job) { return attempts(job).back(); }
  std::filesystem::path folder(const AttemptRecord& attempt) const {
    return database.folder() / attempt.folder;
  }
  /// An attempt that a scheduler has submitted, and started unless `is_queued`, and not ended.
  AttemptRecord leave_behind(std::size_t job, bool is_queued = false) {
    JobRecord record;
    record.id = ids[job];
    auto attempt = begin_attempt(database, record, invocation, {}, clock.now());
    record_submission(database, *attempt, "an earlier handle", !is_queued, clock.now());
    std::filesystem::create_directories(folder(*attempt));
    return *attempt;
  }

  Scratch scratch;
  Database database{scratch.path / "ablate.db", Database::Mode::read_write};
  FakeClock clock;
  FakeRunner runner{clock};
  RecordedProgress progress;
  StopRequests stop{0};
  ScheduleOptions options;
  std::int64_t sweep_id = 0, invocation = 0;
  std::vector<std::int64_t> ids;
};

}  // namespace ablate
