#include "program/law_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/resolved.hpp"
#include "plan/cost.hpp"
#include "plan/job_name.hpp"
#include "store/law_runs.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr const char* kHeldOut = "heldout-loss/text";

/// The length of the sequences of a file, where all rows tell the same; else 0.
std::int64_t common_length(const TextTable& table, const std::string& column) {
  if (column.empty()) return 0;
  const std::size_t place = table.column(column);
  const auto length = [&](const TableRow& row) { return parse_amount(row.cells[place]).value_or(0); };
  const double first = length(table.rows.front());
  const bool same = std::all_of(table.rows.begin(), table.rows.end(),
                                [&](const TableRow& row) { return length(row) == first; });
  return same ? std::llround(first) : 0;
}

/// The value that counts as a run's loss; nothing when it has none.
std::optional<double> loss_of(const TrainedJob& job, const std::string& value) {
  for (const auto* values : {&job.scores, &job.metrics})
    if (const auto found = values->find(value); found != values->end()) return found->second;
  return std::nullopt;
}

Experiment recipe_of(const TrainedJob& job) {
  Experiment experiment;
  apply_resolved(
      job.config, [](const std::string& hash) { return hash; }, experiment);
  return experiment;
}

/// data.seq_len of all jobs; 0 where they differ.
std::int64_t common_seq_len(const std::vector<TrainedJob>& jobs) {
  const std::int64_t first = recipe_of(jobs.front()).data.seq_len;
  const bool same = std::all_of(jobs.begin(), jobs.end(),
                                [&](const TrainedJob& job) { return recipe_of(job).data.seq_len == first; });
  return same ? first : 0;
}

/// The evaluation of the job that was to give `value`; null: there is none that has not given it.
const EvaluationJob* evaluation_of(const TrainedJob& job, const std::string& value) {
  const auto gives = [&](const EvaluationJob& one) {
    return value.starts_with(one.task) && value.find_first_of("/-", one.task.size()) == one.task.size();
  };
  const auto found = std::find_if(job.unscored.begin(), job.unscored.end(), gives);
  return found == job.unscored.end() ? nullptr : &*found;
}

/// A finished job without its loss: why it has none.
void count_without_loss(const EvaluationJob* evaluation, SweepTally& tally) {
  if (evaluation == nullptr)
    ++tally.no_loss;
  else if (evaluation->state == JobState::failed)
    ++tally.evaluation_failed;
  else if (evaluation->state == JobState::cancelled)
    ++tally.evaluation_cancelled;
  else
    ++tally.not_evaluated;
}

/// What a job has computed, with its evaluations.
double flops_spent(const TrainedJob& job) {
  const double share = job.state == JobState::finished
                           ? 1
                           : static_cast<double>(job.last_step) / static_cast<double>(job.steps);
  return share * job.flops + job.evaluation_flops;
}

void add_job(const TrainedJob& job, Stage stage, const std::string& value, LawInput& input) {
  SweepTally& tally = input.tally;
  input.flops += flops_spent(job);
  const auto has_diverged = [](JobState state, const std::string& failure) {
    return state == JobState::failed && failure == "diverged";
  };
  bool diverged = has_diverged(job.state, job.failure);
  if (job.state == JobState::failed && !diverged) return void(++tally.failed);
  LawRun run = settings_of(job, stage);
  if (job.state == JobState::stopped_early) return void(++tally.stopped);
  if (job.state == JobState::cancelled) return void(++tally.cancelled);
  if (!diverged && job.state != JobState::finished) return void(++tally.unfinished);
  const auto loss = diverged ? std::nullopt : loss_of(job, value);
  if (!diverged && !loss) {
    const EvaluationJob* evaluation = evaluation_of(job, value);
    diverged = evaluation != nullptr && has_diverged(evaluation->state, evaluation->failure);
    if (!diverged) return count_without_loss(evaluation, tally);
  }

  run.loss = loss.value_or(std::numeric_limits<double>::quiet_NaN());
  run.diverged = diverged || std::isnan(run.loss);
  input.runs.push_back(std::move(run));
}

void tell_tally(const std::string& value, LawInput& input) {
  const auto tell = [&](std::size_t count, const std::string& why) {
    if (count > 0)
      input.left_out.push_back(
          fmt::format("{} left out: {}", count_of(static_cast<std::int64_t>(count), "run"), why));
  };
  const SweepTally& tally = input.tally;
  const std::string loss = one_line(value);
  tell(tally.unfinished, "not finished yet");
  tell(tally.cancelled, "cancelled by `ablate cancel`");
  tell(tally.stopped, "stopped early, since others of the same size were better");
  tell(tally.failed, "failed for another reason than divergence; `ablate jobs --state failed`");
  tell(tally.not_evaluated, fmt::format("trained, but {} is not evaluated yet", loss));
  tell(tally.evaluation_failed,
       fmt::format("the evaluation that gives {} failed; `ablate jobs --state failed`", loss));
  tell(tally.evaluation_cancelled,
       fmt::format("the evaluation that gives {} was cancelled; `ablate jobs --state cancelled`", loss));
  tell(tally.no_loss, "without " + loss);
}

}  // namespace

LawInput read_run_file(const RunFile& file) {
  LawInput input;
  input.name = one_line(file.path);
  input.is_optima = file.columns.optima;
  const TextTable table = read_table(file.path);
  const ChosenColumns chosen = choose_columns(file.columns, table);
  input.notes.push_back("columns: " + chosen.note);
  input.seq_len = common_length(table, chosen.columns.seq_len);
  const auto take = [&](auto found, auto& rows) {
    rows = std::move(found.rows);
    if (chosen.seq_len > 0)
      for (auto& row : rows) row.batch *= static_cast<double>(chosen.seq_len);
    input.left_out = left_out_lines(found.left_out);
  };
  if (input.is_optima)
    take(parse_law_optima(table, chosen.columns), input.optima);
  else
    take(parse_law_runs(table, chosen.columns), input.runs);
  // MM1's 0.1 lr, written as what a step takes off, is lambda = 0.1.
  if (file.independent_decay)
    for (LawRun& run : input.runs)  // Six digits: one rule is one value, whatever its rounding in the file.
      run.weight_decay = std::stod(fmt::format("{:.6g}", run.weight_decay / run.lr));
  if (file.columns.flops)
    for (LawRun& run : input.runs) run.tokens /= 6 * run.params;
  return input;
}

void settle_batch(std::optional<BatchUnit> unit, std::optional<std::int64_t> said, const LawInput& input,
                  LawTarget& target) {
  if (!target.batch) return;
  const std::int64_t seq_len = said.value_or(input.seq_len);
  const bool sequences = unit == BatchUnit::sequences;
  if (sequences && seq_len == 0)
    throw Error("--batch is a number of sequences; expected --seq-len, the tokens in each of them");
  if (sequences) target.batch = *target.batch * static_cast<double>(seq_len);
  check_batch("--batch", *target.batch, seq_len);
}

void check_batch(const std::string& what, double batch, std::int64_t seq_len) {
  if (batch == 0 || batch >= static_cast<double>(seq_len)) return;
  throw Error(fmt::format(
      "{} is {} tokens, less than one sequence of {}; --batch-unit sequences says that sequences are meant",
      what, shortest(batch), seq_len));
}

LawRun settings_of(const TrainedJob& job, Stage stage) {
  const Experiment experiment = recipe_of(job);
  const Train& train = train_of(experiment, stage);
  LawRun run;
  run.params = llm_body_params(experiment.llm).active;
  run.batch = static_cast<double>(train.batch * experiment.data.seq_len);
  run.tokens = run.batch * static_cast<double>(train.steps);
  run.lr = train.peak_lr;
  run.weight_decay = train.weight_decay;
  run.schedule = to_name(train.schedule);
  run.seed = fmt::format("{}", job.seed);
  run.where = "job " + short_key(job.key);
  return run;
}

LawInput read_sweeps(Database& database, const std::vector<std::string>& sweeps, Stage stage,
                     const std::string& asked) {
  LawInput input;
  std::vector<TrainedJob> jobs;
  std::vector<std::string> names, keys;
  for (const std::string& sweep : sweeps) {
    const SweepRecord record = get_sweep(database, sweep);
    names.push_back(one_line(record.name));
    for (TrainedJob& job : load_trained_jobs(database, record.id, stage)) {
      // Sweeps share jobs: each counts once.
      if (std::find(keys.begin(), keys.end(), job.key) != keys.end()) continue;
      keys.push_back(job.key);
      jobs.push_back(std::move(job));
    }
  }
  input.name = fmt::format("sweep{} {}", names.size() == 1 ? "" : "s", join(names, ", "));
  if (jobs.empty())
    throw Error(fmt::format("{}: no job of stage {}; --stage says which stage's rates were searched",
                            input.name, to_name(stage)));

  std::string value = asked;
  if (value.empty()) {
    const bool scored = std::any_of(jobs.begin(), jobs.end(),
                                    [](const TrainedJob& job) { return job.scores.contains(kHeldOut); });
    value = scored ? kHeldOut : "loss";
  }
  input.seq_len = common_seq_len(jobs);
  for (const TrainedJob& job : jobs) add_job(job, stage, value, input);
  input.notes.push_back(fmt::format(
      "N counts the decoder's matrices without embeddings, D is steps x batch x data.seq_len, the loss is {}",
      value == "loss" ? std::string("the last training loss") : one_line(value)));
  tell_tally(value, input);
  if (input.runs.empty()) {
    std::string text = input.name + ": no run of stage " + to_name(stage) + " has ended with a loss";
    for (const std::string& line : input.left_out) text += "; " + line;
    throw Error(text);
  }
  return input;
}

LawFit fit_input(LawInput& input, const LawOptions& options) {
  return input.is_optima ? fit_law(std::move(input.optima), options)
                         : fit_law(std::move(input.runs), options);
}

void require_law(const LawFit& fit, const LawInput& input) {
  try {
    throw_if_refused(fit.findings);
  } catch (const Error& error) {
    std::vector<std::string> parts = {error.what()};
    parts.insert(parts.end(), input.left_out.begin(), input.left_out.end());
    throw Error(join(parts, "; "));
  }
}

std::vector<std::string> all_notes(const LawInput& input) {
  std::vector<std::string> notes = input.notes;
  notes.insert(notes.end(), input.left_out.begin(), input.left_out.end());
  return notes;
}

}  // namespace ablate
