#include "views/job_explanation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "journal/attempt_folder.hpp"
#include "plan/job_name.hpp"
#include "program/job_rows.hpp"
#include "program/run_lock.hpp"
#include "store/jobs.hpp"
#include "util/clock.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

std::string reason(const Database& database, const std::vector<JobRow>& rows, const JobRow& row) {
  switch (row.state) {
    case JobState::finished:
      return "It is finished; it will not run again.";
    case JobState::queued:
      return find_owner(database.path())
                 ? "It is queued: it was submitted and begins when there is room for it."
                 : "It was queued when its `ablate run` ended; the next one goes on with it.";
    case JobState::running:
      return find_owner(database.path())
                 ? "It runs now."
                 : "It was running when its `ablate run` ended; the next one goes on with it.";
    case JobState::failed:
      return fmt::format("It failed and is not tried again by itself; `ablate retry {}` does.",
                         short_key(row.key));
    case JobState::cancelled:
      return fmt::format("It was {}; `ablate retry {}` takes that back.", cancel_words(row.state),
                         short_key(row.key));
    case JobState::stopped_early:
      return fmt::format(
          "It was {}; it goes on with `ablate run` of a sweep that needs it, or after `ablate retry {}`.",
          cancel_words(row.state), short_key(row.key));
    case JobState::waiting:
      break;
  }
  if (row.blocked_by) {
    const JobRow& cause = rows[*row.blocked_by];
    const std::string title = job_title(cause.stage, cause.task) + " " + short_key(cause.key);
    if (cause.state == JobState::stopped_early)
      return fmt::format(
          "It waits for {}, which was stopped early; `ablate run` of a sweep that needs it has it go on.",
          title);
    return fmt::format("It can never start: {} {}; `ablate retry {}` has that tried again.", title,
                       ended_words(cause.state), short_key(cause.key));
  }
  std::int64_t unfinished = 0;
  for (const JobRow& parent : rows)
    if (std::find(row.parents.begin(), row.parents.end(), parent.id) != row.parents.end() &&
        parent.state != JobState::finished)
      ++unfinished;
  if (unfinished > 0) return fmt::format("It waits for {} that it builds on.", count_of(unfinished, "job"));
  return find_owner(database.path()) ? "It is ready and waits for a free slot."
                                     : "It is ready, but nobody runs this database now: `ablate run SWEEP`.";
}

std::string attempt_line(const AttemptRecord& attempt) {
  std::string line = fmt::format("  attempt {}  {}  {} UTC on {}", attempt.number, to_name(attempt.state),
                                 format_time(attempt.started_at), attempt.placement.device());
  if (attempt.ended_at) line += ", " + human_duration(*attempt.ended_at - attempt.started_at);
  line += fmt::format(", step {}", with_commas(attempt.step));
  if (attempt.resume_step > 0) line += fmt::format(" (from {})", with_commas(attempt.resume_step));
  ExitStatus exit{attempt.exit_code, attempt.signal};
  if (attempt.signal || attempt.exit_code.value_or(0) != 0) line += ", " + describe(exit);
  if (!attempt.failure.empty()) line += ", " + one_line(attempt.failure);
  if (!attempt.message.empty()) line += "\n      " + one_line(attempt.message);
  return line + "\n";
}

}  // namespace

std::string explain_job(Database& database, const std::string& key_prefix) {
  const JobRecord job = get_job(database, key_prefix);
  const std::vector<JobRow> rows = load_job_rows(database, std::nullopt);
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const JobRow& row) { return row.id == job.id; });
  const JobRow& row = *found;
  std::string text = fmt::format("{}  {}  seed {}: {}\n{}\n", row.key, job_title(row.stage, row.task),
                                 row.seed, shown_state(row), reason(database, rows, row));
  const auto list = [&](const char* title, const auto& is_listed) {
    std::string lines;
    for (const JobRow& other : rows)
      if (is_listed(other))
        lines += fmt::format("  {}  {}  {}\n", short_key(other.key), shown_state(other),
                             job_title(other.stage, other.task));
    if (!lines.empty()) text += fmt::format("{}\n{}", title, lines);
  };
  list("builds on", [&](const JobRow& other) {
    return std::find(row.parents.begin(), row.parents.end(), other.id) != row.parents.end();
  });
  list("needed by", [&](const JobRow& other) {
    return std::find(other.parents.begin(), other.parents.end(), row.id) != other.parents.end();
  });
  const std::vector<AttemptRecord> attempts = load_attempts(database, job.id);
  if (!attempts.empty()) text += "attempts\n";
  for (const AttemptRecord& attempt : attempts) text += attempt_line(attempt);
  if (!attempts.empty())
    text +=
        fmt::format("log\n  {}\n", AttemptFolder{database.folder() / attempts.back().folder}.log().string());
  return text;
}

}  // namespace ablate
