#include "law/run_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "law/runs.hpp"
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

/// Slurm's exit codes have the signal behind them: "1:0". Nothing for what is no whole number.
std::optional<bool> ended_well(std::string_view cell) {
  bool well = true;
  for (const std::string& part : split(std::string(cell), ':')) {
    const std::optional<double> code = plain_number_in_cell(part);
    if (!code || *code != std::floor(*code)) return std::nullopt;
    well = well && *code == 0;
  }
  return well;
}

bool is_absent(std::string_view cell) { return is_missing_cell(cell) || lower_case(cell) == "nan"; }

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

std::string plain_name(std::string_view name) {
  std::string plain;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool is_upper = std::isupper(static_cast<unsigned char>(name[i])) != 0;
    if (i > 1 && is_upper && std::islower(static_cast<unsigned char>(name[i - 1])) != 0) plain += '_';
    plain += name[i];
  }
  std::replace_if(
      plain.begin(), plain.end(), [](char c) { return c == ' ' || c == '-' || c == '/' || c == '.'; }, '_');
  return lower_case(plain);
}

std::optional<RunState> state_in_name(std::string_view column) {
  const std::string name = plain_name(column);
  std::string_view word = name;
  for (const std::string_view start : {"is_", "was_", "has_", "run_", "job_", "trial_"})
    if (word.starts_with(start)) word.remove_prefix(start.size());
  for (const std::string_view adverb : {"early_stopped", "early_stop", "stop_early"})
    if (word == adverb) word = "stopped_early";
  return parse_run_state(word);
}

bool is_exit_code_name(std::string_view column) {
  const std::string name = plain_name(column);
  for (const std::string_view ending : {"exit_code", "exitcode", "return_code", "returncode", "exit_status"})
    if (name == ending || name.ends_with("_" + std::string(ending))) return true;
  return false;
}

StateColumn::StateColumn(const TextTable& table, const std::string& column)
    : name_(column), place_(table.column(column)) {
  const auto all = [&](auto understood) {
    return std::all_of(table.rows.begin(), table.rows.end(), [&](const TableRow& row) {
      const std::string_view cell = trim_unseen(row.cells[place_]);
      return is_absent(cell) || understood(cell);
    });
  };
  if (is_exit_code_name(column) && all([](std::string_view cell) { return ended_well(cell).has_value(); }))
    form_ = Form::exit_code;
  const std::optional<RunState> state = state_in_name(column);
  if (!state || !all([](std::string_view cell) { return parse_flag(cell).has_value(); })) return;
  form_ = Form::flag;
  when_true_ = *state;
}

StateColumn::Reading StateColumn::read(const TableRow& row) const {
  const std::string_view cell = trim_unseen(row.cells[place_]);
  if (form_ == Form::flag) return read_flag(cell);
  if (form_ == Form::exit_code) {
    if (is_absent(cell)) return {std::nullopt, "no exit code", false};
    if (*ended_well(cell)) return {};
    return {RunState::failed, fmt::format("{} {}", one_line(name_), printable(cell)), true};
  }
  if (is_missing_cell(cell)) return {std::nullopt, "no state", false};
  const std::optional<RunState> state = parse_run_state(cell);
  if (!state)
    return {
        std::nullopt,
        fmt::format("state '{}', which is not known here; --state none counts all states", printable(cell)),
        false};
  return {state, "state " + lower_case(cell), true};
}

StateColumn::Reading StateColumn::read_flag(std::string_view cell) const {
  const bool tells_end = when_true_ == RunState::finished;
  if (is_absent(cell)) return tells_end ? Reading{std::nullopt, "no state", false} : Reading{};
  const bool value = *parse_flag(cell);
  if (!tells_end && !value) return {};
  const RunState state = value ? when_true_ : RunState::unfinished;
  return {state, fmt::format("{} {}", one_line(name_), printable(lower_case(cell))), true};
}

}  // namespace ablate
