#include "views/run_progress.hpp"

#include <fmt/format.h>

#include "journal/attempt_folder.hpp"
#include "plan/job_name.hpp"
#include "program/job_rows.hpp"
#include "report/output.hpp"
#include "store/jobs.hpp"
#include "store/results.hpp"
#include "util/text.hpp"
#include "views/progress_view.hpp"

namespace ablate {

namespace {

constexpr double kSecondsBetweenDrawings = 0.25;
constexpr double kSecondsBetweenMeasurements = 2;

std::string who(const JobRecord& job) {
  return fmt::format("{}  {}  seed {}", short_key(job.key), job_title(to_name(job.stage), job.task),
                     job.seed);
}

}  // namespace

RunProgress::RunProgress(Database& database, std::int64_t sweep_id, SlotSpeed speed, const Clock& clock,
                         bool quiet)
    : database_(database),
      sweep_id_(sweep_id),
      clock_(clock),
      quiet_(quiet),
      terminal_(terminal_of(1)),
      lines_(quiet ? Terminal{} : terminal_, try_write_out),
      start_(load_progress(database, sweep_id)),
      speed_(std::move(speed)) {
  const StageProgress total = total_progress(start_);
  jobs_ = total.total();
  finished_ = measured_finished_ = total.finished;
  began_ = measured_ = clock_.monotonic();
}

void RunProgress::queued(const JobRecord& job, const AttemptRecord& attempt) {
  if (!terminal_.live) say(fmt::format("queued   {}  for {}", who(job), attempt.placement.device()));
}

void RunProgress::started(const JobRecord& job, const AttemptRecord& attempt) {
  if (terminal_.live) return;
  std::string text = fmt::format("start    {}  on {}", who(job), attempt.placement.device());
  if (attempt.number > 1) text += fmt::format(", attempt {}", attempt.number);
  if (attempt.resume_step > 0) text += fmt::format(" from step {}", with_commas(attempt.resume_step));
  say(text);
}

void RunProgress::adopted(const JobRecord& job, const AttemptRecord& attempt) {
  say(fmt::format("adopted  {}  on {}: it outlived an earlier `ablate run`", who(job),
                  attempt.placement.device()));
}

void RunProgress::ended(const JobRecord& job, const AttemptRecord& attempt, JobState next) {
  if (next == JobState::finished) {
    ++finished_;
    if (!terminal_.live)
      say(fmt::format("done     {}  in {} ({}/{})", who(job),
                      human_duration(attempt.ended_at.value_or(clock_.now()) - attempt.started_at), finished_,
                      jobs_));
    return;
  }
  const std::string reason = one_line(attempt.message.empty() ? attempt.failure : attempt.message);
  switch (next) {
    case JobState::failed:
      say(paint(fmt::format("failed   {}: {}", who(job), reason), Style::red, terminal_));
      say("         " + shown_path(AttemptFolder{database_.folder() / attempt.folder}.log()));
      break;
    case JobState::cancelled:
    case JobState::stopped_early:
      say(fmt::format("stopped  {}: {}", who(job), cancel_words(next)));
      break;
    case JobState::waiting:
      say(paint(fmt::format("again    {}: attempt {} ended: {}", who(job), attempt.number, reason),
                Style::yellow, terminal_));
      break;
    default:
      break;
  }
}

void RunProgress::tick() {
  if (quiet_ || !terminal_.live || clock_.monotonic() - drawn_ < kSecondsBetweenDrawings) return;
  drawn_ = clock_.monotonic();
  lines_.show(view());
}

void RunProgress::note(const std::string& text) { say(one_line(text)); }

void RunProgress::say(const std::string& line) {
  if (!quiet_) lines_.print(line);
}

/// Takes in what finished jobs have taken, now and then.
void RunProgress::measure(std::int64_t num_finished) {
  const double now = clock_.monotonic();
  if (num_finished == measured_finished_ || now - measured_ < kSecondsBetweenMeasurements) return;
  speed_.measured = load_job_times(database_);
  measured_finished_ = num_finished;
  measured_ = now;
}

std::vector<std::string> RunProgress::view() {
  const auto stages = load_progress(database_, sweep_id_);
  const StageProgress total = total_progress(stages);
  const double elapsed = clock_.monotonic() - began_;
  std::string first = progress_line(total) + ", " + human_duration(elapsed);
  measure(total.finished);
  if (const auto left = run_seconds_left(start_, stages, elapsed, speed_))
    first += fmt::format(", {} left", human_duration(*left));
  std::vector<std::string> lines = {paint(first, Style::bold, terminal_)};
  for (std::string& line : stage_lines(stages, terminal_)) lines.push_back(std::move(line));
  std::vector<RunningStatus> running;
  for (RunningJob& job : load_running(database_, sweep_id_)) running.push_back({.job = std::move(job)});
  for (std::string& line : running_lines(running, clock_.now())) lines.push_back(std::move(line));
  return lines;
}

}  // namespace ablate
