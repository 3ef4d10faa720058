#include "schedule/ending.hpp"

#include <fmt/format.h>

namespace ablate {

namespace {

std::string with_log_line(std::string text, const std::string& log_line) {
  return log_line.empty() ? text : text + ": " + log_line;
}

AttemptEnd end_by_own_word(const Ending& ending) {
  AttemptEnd end{.state = AttemptState::failed,
                 .exit = ending.exit,
                 .failure = to_name(*ending.failure),
                 .message = ending.message,
                 .job_state = JobState::failed};
  if (end.message.empty()) end.message = ending.log_line;
  if (*ending.failure == FailureKind::out_of_memory && ending.halvings < kMaxHalvings) {
    end.job_state = ending.stop == StopReason::cancel ? JobState::cancelled : JobState::waiting;
    end.halve_micro_batch = end.job_state == JobState::waiting;
  }
  return end;
}

AttemptEnd end_without_word(const Ending& ending, std::int64_t retries) {
  AttemptEnd end{.state = AttemptState::lost, .exit = ending.exit, .job_state = JobState::waiting};
  switch (ending.stop) {
    case StopReason::timeout:
      end.failure = "timeout";
      break;
    case StopReason::heartbeat:
      end.failure = "no-heartbeat";
      break;
    default:
      end.failure = "crashed";
  }
  if (ending.stop != StopReason::none)
    end.message = with_log_line(ending.stop_message, ending.log_line);
  else if (!ending.exit)
    end.message = with_log_line("ended unseen, without a last word in its journal", ending.log_line);
  else if (ending.exit->code == 0)
    end.message = with_log_line("exit code 0 without a 'finished' event", ending.log_line);
  else
    end.message = with_log_line(describe(*ending.exit), ending.log_line);
  if (!ending.progressed && ending.fruitless + 1 > retries) end.job_state = JobState::failed;
  return end;
}

}  // namespace

AttemptEnd decide_end(const Ending& ending, std::int64_t retries) {
  const bool exit_is_2 = ending.exit && ending.exit->code == 2;
  if (ending.stop == StopReason::flood)
    return {.state = AttemptState::lost,
            .exit = ending.exit,
            .failure = "flood",
            .message = ending.stop_message,
            .job_state = JobState::failed};
  if (ending.failure) return end_by_own_word(ending);
  if (ending.finished) {
    const bool is_clean = !ending.exit || ending.exit->code == 0;
    return {.state = AttemptState::finished,
            .exit = ending.exit,
            .failure = {},
            .message = is_clean ? "" : describe(*ending.exit) + " after it had finished",
            .job_state = JobState::finished};
  }
  if (ending.stop == StopReason::cancel)
    return {.state = AttemptState::cancelled,
            .exit = ending.exit,
            .failure = "cancelled",
            .message = ending.stop_message,
            .job_state = JobState::cancelled};
  if (ending.stop == StopReason::interrupt)
    return {.state = AttemptState::cancelled,
            .exit = ending.exit,
            .failure = "interrupted",
            .message = ending.stop_message,
            .job_state = JobState::waiting};
  if (exit_is_2 && !ending.has_journal)
    return {.state = AttemptState::failed,
            .exit = ending.exit,
            .failure = "config",
            .message = with_log_line("exit code 2 without a journal", ending.log_line),
            .job_state = JobState::failed};
  return end_without_word(ending, retries);
}

bool is_fruitless(const Ending& ending, const AttemptEnd& end) {
  return end.state == AttemptState::lost && !ending.progressed;
}

}  // namespace ablate
