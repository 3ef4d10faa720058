#include "program/law_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "config/resolved.hpp"
#include "plan/cost.hpp"
#include "plan/job_name.hpp"
#include "program/other_columns.hpp"
#include "program/search_jobs.hpp"
#include "store/jobs.hpp"
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

bool gives(const std::string& task, const std::string& value) {
  return value.starts_with(task) && value.find_first_of("/-", task.size()) == task.size();
}

/// The evaluation of the job that was to give `value`; null: there is none that has not given it.
const MissingEvaluation* evaluation_of(const TrainedJob& job, const std::string& value) {
  const auto found = std::find_if(job.unscored.begin(), job.unscored.end(),
                                  [&](const MissingEvaluation& one) { return gives(one.task, value); });
  return found == job.unscored.end() ? nullptr : &*found;
}

/// A finished job without its loss: why it has none.
void count_without_loss(const MissingEvaluation* evaluation, SweepTally& tally) {
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
    const MissingEvaluation* evaluation = evaluation_of(job, value);
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

std::vector<std::string> listed(const std::set<std::string>& words) { return {words.begin(), words.end()}; }

/// What counts as loss where nobody says.
std::string usual_loss(const std::vector<TrainedJob>& jobs) {
  const bool scored = std::any_of(jobs.begin(), jobs.end(),
                                  [](const TrainedJob& job) { return job.scores.contains(kHeldOut); });
  return scored ? kHeldOut : "loss";
}

/// A job of a search, and one of the evaluations that give its loss where there are any.
struct SearchRow {
  std::size_t job = 0;
  SettledRun settled;
  std::optional<double> score;
  /// The evaluation that is to give the loss; null: there is none.
  const JobContext::Evaluation* evaluation = nullptr;
};

std::vector<SearchRow> rows_of(Database& database, const SearchJobs& found, Stage stage,
                               const std::string& value) {
  const auto& [names, jobs, contexts] = found;
  std::vector<SearchRow> rows;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    SearchRow row{.job = i, .settled = {settings_of(jobs[i], stage), {}}, .score = {}};
    for (const Json* config : {&jobs[i].config, &contexts[i].upstream})
      add_settings(*config, load_sources(database, *config), row.settled.settings);
    const std::size_t before = rows.size();
    for (const JobContext::Evaluation& evaluation : contexts[i].evaluations) {
      if (!gives(evaluation.task, value)) continue;
      rows.push_back(row);
      rows.back().evaluation = &evaluation;
      add_settings(evaluation.config, load_sources(database, evaluation.config),
                   rows.back().settled.settings);
      if (const auto score = evaluation.scores.find(value); score != evaluation.scores.end())
        rows.back().score = score->second;
    }
    if (rows.size() == before) rows.push_back(std::move(row));
  }
  return rows;
}

/// Leaves the rows that have all of the values. Throws Error for a key that none has, and where none is left.
void choose_rows(std::span<const SettingChoice> where, const std::string& name,
                 std::vector<SearchRow>& rows) {
  for (const SettingChoice& choice : where) {
    std::set<std::string> keys, values;
    for (const SearchRow& row : rows)
      for (const auto& [key, text] : row.settled.settings) {
        keys.insert(key);
        if (key == choice.key) values.insert(text);
      }
    if (values.empty())
      throw Error(fmt::format("--where: no run of {} has a key '{}'{}", name, one_line(choice.key),
                              suggestion(choice.key, listed(keys))));
    std::erase_if(rows, [&](const SearchRow& row) {
      const auto place = row.settled.settings.find(choice.key);
      return place == row.settled.settings.end() || !choice.holds(place->second);
    });
    if (rows.empty())
      throw Error(fmt::format("--where: {} is '{}' in no run of {}; there are: {}", choice.key,
                              one_line(choice.value), name, one_line(join(listed(values), "; "))));
  }
}

/// Leaves one experiment: its jobs, each with the score of the evaluation that was chosen.
void keep_one_experiment(std::vector<SearchRow> rows, Stage stage, std::span<const SettingChoice> where,
                         const std::string& value, std::vector<TrainedJob>& jobs, LawInput& input) {
  choose_rows(where, input.name, rows);
  std::vector<SettledRun> settled;
  for (const SearchRow& row : rows) settled.push_back(row.settled);
  const SettingDifferences differences = find_differences(settled, stage);
  require_one_experiment(input.name, differences);
  if (!differences.between.empty())
    input.notes.push_back("runs of different sizes, token counts or batches differ in other settings, too: " +
                          join(differences.between, ", "));
  std::vector<TrainedJob> kept;
  for (const SearchRow& row : rows) {
    kept.push_back(std::move(jobs[row.job]));
    if (row.evaluation == nullptr) continue;
    TrainedJob& job = kept.back();
    job.scores.erase(value);
    if (row.score) job.scores[value] = *row.score;
    job.unscored.clear();
    if (row.evaluation->state != JobState::finished)
      job.unscored.push_back({row.evaluation->task, row.evaluation->state, row.evaluation->failure});
  }
  jobs = std::move(kept);
}

/// Leaves the rows of a file that have all of the values.
void choose_rows(std::span<const SettingChoice> where, TextTable& table) {
  for (const SettingChoice& choice : where) {
    const std::size_t place = table.column(choice.key);
    std::set<std::string> values;
    for (const TableRow& row : table.rows) values.insert(row.cells[place]);
    std::erase_if(table.rows, [&](const TableRow& row) { return !choice.holds(row.cells[place]); });
    if (table.rows.empty())
      throw Error(fmt::format("--where: {} is '{}' in no row of {}; there are: {}", one_line(choice.key),
                              one_line(choice.value), table.name, one_line(join(listed(values), ", "))));
  }
}

}  // namespace

LawInput read_run_file(const RunFile& file) {
  LawInput input;
  input.name = one_line(file.path);
  input.is_optima = file.columns.optima;
  TextTable table = read_table(file.path);
  choose_rows(file.where, table);
  const ChosenColumns chosen = choose_columns(file.columns, table);
  input.notes.push_back("columns: " + chosen.note);
  for (const std::string& sentence : chosen.passed_over)
    input.findings.push_back({FindingKind::passed_over_column, false, sentence});
  input.seq_len = common_length(table, chosen.columns.seq_len);
  for (const std::string& sentence : chosen.unclear_states)
    input.findings.push_back({FindingKind::unclear_states, false, sentence});
  if (!input.is_optima && !file.columns.loss_law)
    tell_other_columns(table, chosen.columns, input.notes, input.findings);
  const auto take = [&](auto found, auto& rows) {
    rows = std::move(found.rows);
    if (chosen.seq_len > 0)
      for (auto& row : rows) row.batch *= static_cast<double>(chosen.seq_len);
    input.left_out = left_out_lines(found.left_out);
    if (!found.repeated_names.empty())
      input.findings.push_back({FindingKind::repeated_names, false, found.repeated_names});
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
  run.tokens = run.batch * static_cast<double>(train.last_step());
  run.lr = train.peak_lr;
  run.weight_decay = train.weight_decay;
  run.schedule = to_name(train.schedule);
  run.seed = fmt::format("{}", job.seed);
  run.where = "job " + short_key(job.key);
  return run;
}

LawInput read_sweeps(Database& database, const std::vector<std::string>& sweeps, Stage stage,
                     const std::string& asked, std::span<const SettingChoice> where) {
  SearchJobs found = load_search(database, sweeps, stage);
  std::vector<TrainedJob>& jobs = found.jobs;
  LawInput input;
  input.name = found.name();
  if (jobs.empty())
    throw Error(fmt::format("{}: no job of stage {}; --stage says which stage's rates were searched",
                            input.name, to_name(stage)));

  const std::string value = asked.empty() ? usual_loss(jobs) : asked;
  keep_one_experiment(rows_of(database, found, stage, value), stage, where, value, jobs, input);
  input.seq_len = common_seq_len(jobs);
  for (const TrainedJob& job : jobs) add_job(job, stage, value, input);
  const bool sparse = std::any_of(
      jobs.begin(), jobs.end(), [](const TrainedJob& job) { return recipe_of(job).llm.sparse_layers() > 0; });
  input.notes.push_back(
      fmt::format("N counts the decoder's matrices without embeddings{}, D is steps x batch x data.seq_len, "
                  "the loss is {}",
                  sparse ? " (of experts those that a token goes to: activated parameters)" : "",
                  value == "loss" ? std::string("the last training loss") : one_line(value)));
  tell_tally(value, input);
  if (input.runs.empty()) {
    std::string text = input.name + ": no run of stage " + to_name(stage) + " has ended with a loss";
    for (const std::string& line : input.left_out) text += "; " + line;
    throw Error(text);
  }
  return input;
}

double flops_with(Database& database, const std::vector<std::string>& sweeps, const Plan& round, Stage stage,
                  const std::string& asked, std::span<const SettingChoice> where) {
  SearchJobs found = load_search(database, sweeps, stage);
  const std::size_t before = found.jobs.size();
  add_planned(round, stage, found);
  std::set<std::string> dropped;
  for (std::size_t i = before; i < found.jobs.size(); ++i) dropped.insert(found.jobs[i].key);
  LawInput input;
  input.name = found.name();
  const std::string value = asked.empty() ? usual_loss(found.jobs) : asked;
  keep_one_experiment(rows_of(database, found, stage, value), stage, where, value, found.jobs, input);
  double flops = 0;
  for (const TrainedJob& job : found.jobs) flops += flops_spent(job), dropped.erase(job.key);
  if (!dropped.empty())
    throw Error(fmt::format("sweep {}: {} of its {} not of the experiment that --where leaves",
                            one_line(round.sweep), dropped.size(),
                            dropped.size() == 1 ? "runs is" : "runs are"));
  return flops;
}

LawFit fit_input(LawInput& input, const LawOptions& options) {
  LawFit fit =
      input.is_optima ? fit_law(std::move(input.optima), options) : fit_law(std::move(input.runs), options);
  fit.findings.insert(fit.findings.begin(), input.findings.begin(), input.findings.end());
  return fit;
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
