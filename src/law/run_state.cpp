#include "law/run_state.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::array<std::string_view, 9> kFinished = {
    "finished", "finish", "complete", "completed", "done", "success", "succeeded", "successful", "ok"};
constexpr std::array<std::string_view, 6> kFailed = {"crashed", "failed", "fail",
                                                     "failure", "error",  "errored"};
constexpr std::array<std::string_view, 29> kUnfinished = {
    "running",  "pending",   "queued",      "waiting", "scheduled", "starting",
    "paused",   "suspended", "resuming",    "blocked", "preempted", "preempting",
    "requeued", "stopping",  "incomplete",  "killed",  "cancelled", "canceled",
    "aborted",  "stopped",   "interrupted", "lost",    "pruned",    "stoppedearly",
    "timeout",  "timedout",  "outofmemory", "oom",     "nodefail"};

/// "TrialState.NODE_FAIL" -> "nodefail".
std::string plain(std::string_view word) {
  std::string text = lower_case(word.substr(word.rfind('.') + 1));
  std::erase_if(text, [](char c) { return c == ' ' || c == '-' || c == '_'; });
  return text;
}

}  // namespace

std::optional<RunState> parse_run_state(std::string_view word) {
  const std::string text = plain(word);
  const auto is_one_of = [&](const auto& words) {
    return std::find(words.begin(), words.end(), text) != words.end();
  };
  if (is_one_of(kFinished)) return RunState::finished;
  if (is_one_of(kFailed)) return RunState::failed;
  if (is_one_of(kUnfinished)) return RunState::unfinished;
  if (text == "diverged") return RunState::diverged;
  return std::nullopt;
}

}  // namespace ablate
