#include "worker/worker.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>

#include "config/names.hpp"
#include "journal/reader.hpp"
#include "journal/writer.hpp"
#include "train/convergence.hpp"
#include "util/build_info.hpp"
#include "util/error.hpp"
#include "util/file.hpp"
#include "worker/source_watch.hpp"
#include "worker/stage.hpp"

namespace ablate {

namespace {

std::atomic<bool> g_stop_requested{false};

void on_sigterm(int) { g_stop_requested = true; }

void handle_stop_signals() {
  g_stop_requested = false;
  struct sigaction action {};
  action.sa_handler = on_sigterm;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGTERM, &action, nullptr);
  action.sa_flags = SA_RESETHAND;  // Run by hand, a second Ctrl-C ends it at once.
  ::sigaction(SIGINT, &action, nullptr);
}

/// The numbers of the attempts that a job's folder has, rising.
std::vector<std::int64_t> find_attempts(const std::filesystem::path& job_folder) {
  std::vector<std::int64_t> numbers;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(job_folder, failed)) {
    const std::string name = entry.path().filename().string();
    const bool is_number =
        !name.empty() && name.size() < 10 && name.find_first_not_of("0123456789") == std::string::npos;
    if (is_number) numbers.push_back(std::stoll(name));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

bool has_finished(const std::filesystem::path& attempt_folder) {
  JournalPosition position;
  for (;;) {
    const JournalChunk chunk =
        read_journal(AttemptFolder{attempt_folder}.journal(), position, /*ended=*/true);
    for (const Event& event : chunk.events)
      if (event.kind() == EventKind::finished) return true;
    if (!chunk.more) return false;
    position = chunk.position;
  }
}

AttemptSpec load_spec(const AttemptFolder& folder, std::int64_t number) {
  constexpr std::size_t kMaxSpecBytes = 1 << 20;
  AttemptSpec spec;
  try {
    spec = AttemptSpec::from_json(load_json(folder.spec(), kMaxSpecBytes));
  } catch (const Error& error) {
    const std::string text = error.what();
    throw Error(text.starts_with(folder.spec().string()) ? text : folder.spec().string() + ": " + text);
  }
  if (spec.attempt != number)
    throw Error(
        fmt::format("{}: 'attempt': found {}; expected {}", folder.spec().string(), spec.attempt, number));
  return spec;
}

/// An attempt that nobody has prepared: the next number, settings and paths of the newest attempt that has
/// been prepared (default ones where there is none), parents from the folders beside this one.
AttemptSpec make_spec_by_hand(const std::filesystem::path& job_folder, const Job& job,
                              const Placement& placement) {
  AttemptSpec spec;
  const std::vector<std::int64_t> earlier = find_attempts(job_folder);
  for (const std::int64_t number : earlier) {
    const AttemptFolder folder{JobFolder{job_folder}.attempt(number)};
    if (!std::filesystem::exists(folder.spec())) continue;
    const AttemptSpec prepared = load_spec(folder, number);
    spec.run = prepared.run;
    spec.sources = prepared.sources;
    spec.promises = prepared.promises;
  }
  spec.attempt = earlier.empty() ? 1 : earlier.back() + 1;
  spec.placement = placement;
  for (const auto& [stage, key] : job.parents) {
    const std::filesystem::path parent = std::filesystem::absolute(job_folder).parent_path() / key;
    std::vector<std::int64_t> attempts = find_attempts(parent);
    std::reverse(attempts.begin(), attempts.end());
    const auto finished = std::find_if(attempts.begin(), attempts.end(), [&](std::int64_t number) {
      return has_finished(JobFolder{parent}.attempt(number));
    });
    if (finished == attempts.end())
      throw Error(fmt::format("{}: no finished attempt of the {} stage that this job builds on",
                              parent.string(), stage));
    spec.parents[stage] = JobFolder{parent}.attempt(*finished);
  }
  make_directories(JobFolder{job_folder}.attempt(spec.attempt));
  write_file(AttemptFolder{JobFolder{job_folder}.attempt(spec.attempt)}.spec(),
             spec.to_json().dump(2) + "\n");
  return spec;
}

StartedEvent started_event(const Job& job, const AttemptSpec& spec) {
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  const BuildInfo build = build_info();
  Json detail = {
      {"pid", ::getpid()},
      {"host", host},
      {"device", to_name(spec.placement.kind)},
      {"threads", spec.placement.threads},
      {"versions", {{"ablate", build.version}, {"revision", build.revision}, {"compiler", build.compiler}}}};
  return {spec.attempt, spec.resume_step, job.steps, std::move(detail)};
}

int exit_code_of(FailureKind kind) { return kind == FailureKind::config ? user_error : jobs_failed; }

/// Runs the stage on data that are held against what was promised: at the start, before anything is written
/// down that others build on, and when it fails.
StageResult run_watched(const Job& job, const AttemptSpec& spec, const std::filesystem::path& folder,
                        const std::function<void(Event)>& record) {
  const StageFunction stage = get_stage(job);
  SourceWatch sources(job, spec);
  sources.check();
  bool has_scores = false;
  const StageContext context{.job = job,
                             .spec = spec,
                             .folder = folder,
                             .write =
                                 [&](Event event) {
                                   // After the first score nothing is read any more.
                                   if (event.kind() != EventKind::metric && !has_scores) sources.check();
                                   has_scores = has_scores || event.kind() == EventKind::score;
                                   record(std::move(event));
                                 },
                             .stop_requested = [] { return g_stop_requested.load(); }};
  try {
    StageResult result = stage(context);
    if (result && !has_scores) sources.check();
    return result;
  } catch (...) {
    // A failure is a finding about the recipe, the machine or this program only if the data were the
    // recipe's.
    if (!has_scores) sources.check();
    throw;
  }
}

/// Runs the stage between `started` and the last word.
int run_stage(const Job& job, const AttemptSpec& spec, const std::filesystem::path& folder,
              JournalWriter& journal) {
  using SteadyClock = std::chrono::steady_clock;
  const auto start = SteadyClock::now();
  journal.write({.what = started_event(job, spec)});
  std::int64_t step = spec.resume_step;
  const auto record = [&](Event event) {
    step = std::max(step, event.step().value_or(0));
    try {
      journal.write(std::move(event));
    } catch (const Error& error) {  // A full disk is no mistake in the job.
      throw std::runtime_error(error.what());
    }
  };
  const auto fail = [&](FailureKind kind, const std::string& message) {
    std::fprintf(stderr, "ablate-worker: %s\n", message.c_str());
    record({.what = FailedEvent{step, kind, message}});
    return exit_code_of(kind);
  };
  try {
    StageResult result = run_watched(job, spec, folder, record);
    if (!result) return interrupted;
    (*result)["seconds"] = std::chrono::duration<double>(SteadyClock::now() - start).count();
    record({.what = FinishedEvent{step, std::move(*result)}});
    return done;
  } catch (const StageFailure& failure) {
    return fail(failure.kind, failure.what());
  } catch (const Diverged& error) {
    return fail(FailureKind::diverged, error.what());
  } catch (const Error& error) {
    return fail(FailureKind::config, error.what());
  } catch (const std::bad_alloc&) {
    return fail(FailureKind::out_of_memory, "out of memory");
  } catch (const std::exception& error) {
    return fail(FailureKind::error, error.what());
  }
}

}  // namespace

int run_worker(const std::filesystem::path& job_folder, std::optional<std::int64_t> number,
               const Placement& placement) {
  try {
    handle_stop_signals();
    // Before CUDA starts: with a workspace of its own, cuBLAS gives the same bits each time.
    ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
    std::optional<Job> job;
    std::optional<AttemptSpec> spec;
    std::string problem;
    // With a folder to journal into, whatever is wrong with its files goes into the journal.
    if (number) {
      const AttemptFolder folder{JobFolder{job_folder}.attempt(*number)};
      if (!std::filesystem::is_directory(folder.path))
        throw Error(
            fmt::format("{}: no such folder; expected that of attempt {}", folder.path.string(), *number));
      JournalWriter journal(folder.path);
      try {
        job = load_job(JobFolder{job_folder}.job());
        spec = load_spec(folder, *number);
      } catch (const Error& error) {
        journal.write({.what = FailedEvent{0, FailureKind::config, error.what()}});
        throw;
      }
      return run_stage(*job, *spec, folder.path, journal);
    }
    job = load_job(JobFolder{job_folder}.job());
    spec = make_spec_by_hand(job_folder, *job, placement);
    const AttemptFolder folder{JobFolder{job_folder}.attempt(spec->attempt)};
    auto lock = FileLock::try_take(folder.lock());
    if (!lock) throw Error(fmt::format("{}: is held by another process", folder.lock().string()));
    lock->write_owner(std::to_string(::getpid()));
    std::fprintf(stderr, "attempt %lld in %s\n", static_cast<long long>(spec->attempt), folder.path.c_str());
    JournalWriter journal(folder.path);
    return run_stage(*job, *spec, folder.path, journal);
  } catch (const Error& error) {
    std::fprintf(stderr, "ablate-worker: %s\n", error.what());
    return user_error;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ablate-worker: %s\n", error.what());
    return jobs_failed;
  }
}

}  // namespace ablate
