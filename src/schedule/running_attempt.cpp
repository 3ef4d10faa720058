#include "schedule/running_attempt.hpp"

#include "journal/attempt_folder.hpp"
#include "schedule/log_line.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

std::int64_t file_bytes(const std::filesystem::path& file) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(file, failed);
  return failed ? 0 : static_cast<std::int64_t>(size);
}

}  // namespace

bool read_journal_of(Database& database, RunningAttempt& running, bool ended, double monotonic) {
  try {
    do {
      running.said = take_in(database, running.attempt, ended);
    } while (ended && running.said.more);
  } catch (const Error& error) {
    // A journal that was cut short is that attempt's trouble; anything else (the database, the disk) is
    // everyone's.
    if (file_bytes(AttemptFolder{running.folder}.journal()) >= running.attempt.journal.offset) throw;
    running.said.finished = false;
    running.said.failure = FailureKind::error;
    running.said.message = error.what();
    return false;
  }
  if (running.watch.is_queued && running.attempt.state != AttemptState::queued)
    running.watch.start(monotonic);
  if (running.said.journal_bytes > running.watch.journal_bytes) running.watch.grew_at = monotonic;
  running.watch.journal_bytes = running.said.journal_bytes;
  return true;
}

Ending describe_ending(const RunningAttempt& running, const std::optional<ExitStatus>& exit,
                       std::int64_t fruitless, std::int64_t halvings) {
  Ending ending{.finished = running.said.finished,
                .failure = running.said.failure,
                .message = running.said.message,
                .exit = exit,
                .stop = running.watch.stop,
                .stop_message = running.watch.stop_message,
                .log_line = {},
                .has_journal = running.attempt.journal.last_seq > 0,
                .progressed = running.attempt.checkpoint_step.value_or(0) > running.attempt.resume_step,
                .fruitless = fruitless,
                .halvings = halvings};
  const std::filesystem::path log = AttemptFolder{running.folder}.log();
  if (!ending.finished) ending.log_line = ending.has_journal ? last_error_line(log) : first_line(log);
  return ending;
}

std::int64_t log_bytes_of(const RunningAttempt& running) {
  return file_bytes(AttemptFolder{running.folder}.log());
}

}  // namespace ablate
