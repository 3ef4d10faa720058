// `ablate law run`: searches until the rate of a larger model is known well enough.
#include <algorithm>
#include <cmath>
#include <memory>

#include "cli/common.hpp"
#include "cli/early_stop.hpp"
#include "cli/law_columns.hpp"
#include "cli/law_input.hpp"
#include "cli/law_proposal.hpp"
#include "cli/law_report.hpp"
#include "cli/law_view.hpp"
#include "cli/output.hpp"
#include "cli/sweep_run.hpp"
#include "store/jobs.hpp"
#include "store/law_runs.hpp"
#include "store/sweeps.hpp"
#include "util/clock.hpp"
#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr double kDefaultRegret = 0.1;  ///< Percent of loss.

/// What the command line asks for.
struct Search {
  std::filesystem::path sweep;
  Stage stage = Stage::llm;
  std::string loss;
  LawTarget target;
  double budget = 0;
  std::optional<double> interval;  ///< 95 % of the rate within this factor each way.
  double regret = kDefaultRegret;  ///< Percent.
  std::size_t runs_a_round = 0;
  bool stop_early = false;
  LawOptions options;
};

/// What is known behind a round.
struct Standing {
  LawTarget target;  ///< With its batch in tokens.
  LawFit fit;
  std::optional<LawPrediction> prediction;  ///< Nothing while no law can be fitted.
  double spent = 0;                         ///< FLOPs of the rounds, 6 N D a run.
  std::size_t failed = 0;     ///< Runs without a loss, since a job did so for another reason than divergence.
  std::size_t cancelled = 0;  ///< By the user.

  double factor() const { return std::sqrt(prediction->lr.p95.high / prediction->lr.p95.low); }
};

double positive_number(const Arguments& arguments, const std::string& option, const std::string& expected) {
  std::string text = arguments.text(option);
  if (text.ends_with('%')) text.pop_back();
  if (const auto number = parse_amount(text)) return *number;
  throw Error(fmt::format("{} is '{}'; expected {}", option, arguments.text(option), expected));
}

Search search_of(const Arguments& arguments) {
  Search search;
  search.sweep = real_path(arguments.text("SWEEP"));
  search.stage = law_stage(arguments);
  search.loss = arguments.find_text("--loss").value_or("");
  search.target = law_target(arguments, "--target");
  for (const char* option : {"--tokens", "--batch"})
    if (const auto text = arguments.find_text(option); text && !parse_amount(*text))
      throw Error(fmt::format("{} is '{}'; expected a number above zero such as 600e9", option, *text));
  search.budget = amount_of(arguments, "--budget");
  if (arguments.has("--interval")) {
    search.interval = positive_number(arguments, "--interval", "a factor above 1, such as 1.5");
    if (*search.interval <= 1)
      throw Error(fmt::format("--interval is '{}'; expected a factor above 1, such as 1.5",
                              arguments.text("--interval")));
  }
  search.regret = positive_number(arguments, "--regret", "per cent of the loss, such as 0.1");
  search.runs_a_round = static_cast<std::size_t>(arguments.find_integer("--runs").value_or(12));
  search.stop_early = arguments.flag("--stop-early");
  search.options = law_options(arguments);
  return search;
}

Standing look(const Arguments& arguments, const Search& search, const std::vector<std::string>& sweeps) {
  Database database = open_for_reading(arguments);
  Standing standing;
  LawInput input = read_sweeps(database, sweeps, search.stage, search.loss);
  // When a round has ended, what was not evaluated waits for something that failed.
  standing.failed = input.tally.failed + input.tally.evaluation_failed + input.tally.not_evaluated;
  standing.cancelled = input.tally.cancelled + input.tally.evaluation_cancelled;
  standing.spent = input.flops - read_sweeps(database, {sweeps.front()}, search.stage, search.loss).flops;
  standing.target = search.target;
  settle_batch(arguments, input, standing.target);
  standing.fit = fit_input(input, search.options);
  if (!standing.fit.refused()) standing.prediction = predict(standing.fit, standing.target);
  return standing;
}

bool is_good_enough(const Search& search, const Standing& standing, const Arguments& arguments) {
  if (!standing.prediction) return false;
  const bool by_interval = search.interval && standing.factor() <= *search.interval;
  const bool use_regret = !search.interval || arguments.has("--regret");
  return by_interval || (use_regret && 100 * standing.prediction->expected_regret <= search.regret);
}

std::string standing_text(const Search& search, const Standing& standing, std::size_t rounds) {
  std::string text = rounds == 1 ? "law after the sweep: " : fmt::format("law after round {}: ", rounds - 1);
  if (standing.prediction) {
    const LawPrediction& at = *standing.prediction;
    text +=
        fmt::format("lr {} at N = {}, 95 % {} (x{:.2f} each way), expected regret {}", rate_text(at.lr.value),
                    amount_text(at.params), rate_range(at.lr.p95.low, at.lr.p95.high), standing.factor(),
                    percent_text(at.expected_regret));
  } else {
    text += "none yet";
  }
  text += fmt::format("; {:.3g} of {:.3g} FLOPs spent\n", standing.spent, search.budget);
  if (!standing.prediction) text += findings_text(standing.fit.findings, terminal_of(1));
  return text;
}

/// Whether a round promises anything: a bracket, a new size, or an interval that is narrower by more than a
/// hundredth.
bool is_worth_it(const Proposal& proposal) {
  constexpr double kWorthwhile = 0.99;
  return proposal.log2_sd_after < kWorthwhile * proposal.log2_sd_before ||
         std::any_of(proposal.runs.begin(), proposal.runs.end(),
                     [](const ProposedRun& run) { return run.reason != ProposalReason::narrow; });
}

/// Proposes runs and writes them down. Returns what there is to say when there are none.
std::string write_round(const Search& search, const Standing& standing, const std::filesystem::path& file) {
  const SearchSpace space(load_sweep(search.sweep), search.stage);
  ProposeOptions asked;
  asked.target = standing.target;
  asked.budget_flops = search.budget - standing.spent;
  asked.candidates = space.candidates(search.target.params);
  asked.max_runs = search.runs_a_round;
  const Proposal proposal = propose_runs(standing.fit, asked);
  if (proposal.runs.empty()) return proposal.note;
  if (!is_worth_it(proposal))
    return "more runs of these sizes would hardly narrow the interval; a size nearer to the target would";
  write_file(
      file, space.sweep_text(proposal, file,
                             {fmt::format("A round of `ablate law run {}` for N = {}: {} runs, {:.3g} FLOPs",
                                          search.sweep.filename().string(), amount_text(search.target.params),
                                          proposal.runs.size(), proposal.flops)}));
  print("{}: {} runs, {:.3g} FLOPs\n", shown_path(file), proposal.runs.size(), proposal.flops);
  return "";
}

/// Runs the sweep of a round. `fresh`: it was proposed just now, so what it shares with earlier rounds and
/// was stopped early there is wanted after all.
int run_round(const Arguments& arguments, const Search& search, const std::filesystem::path& file,
              bool fresh) {
  std::unique_ptr<EarlyStop> early;
  SweepWatch watch{.keep_going = true, .planned = {}, .tick = {}};
  watch.planned = [&](Database& database, std::int64_t sweep_id) {
    std::vector<std::int64_t> wanted;
    for (const TrainedJob& job : load_trained_jobs(database, sweep_id, search.stage))
      if (fresh && stopped_early(job)) wanted.push_back(job.id);
    retry_jobs(database, wanted);
    if (search.stop_early) early = std::make_unique<EarlyStop>(database.path(), sweep_id, search.stage);
  };
  const SystemClock clock;
  watch.tick = [&] {
    if (early) early->look(clock.monotonic());
  };
  return run_sweep(arguments, file, watch);
}

/// A search does not go on over runs that it lacks, and starts none that failed or that the user cancelled.
void refuse_gaps(const Standing& standing, const std::string& sweep) {
  std::vector<std::string> gaps, states;
  const auto add = [&](std::size_t count, const char* what, const char* state) {
    if (count == 0) return;
    gaps.push_back(count_of(static_cast<std::int64_t>(count), "job") + " of the search " + what);
    states.push_back(state);
  };
  add(standing.failed, "failed without diverging", "failed");
  add(standing.cancelled,
      standing.cancelled == 1 ? "was cancelled by `ablate cancel`" : "were cancelled by `ablate cancel`",
      "cancelled");
  if (gaps.empty()) return;
  throw Error(
      fmt::format("{}; `ablate jobs {} --state {}` shows them; after `ablate retry --sweep {}` the "
                  "same command goes on",
                  join(gaps, ", "), sweep, join(states, ","), sweep));
}

int run_law_run(const Arguments& arguments) {
  const Search search = search_of(arguments);
  std::vector<std::string> sweeps;
  bool fresh = false;
  for (int round = 0;; ++round) {
    const std::filesystem::path file = round == 0 ? search.sweep : round_file(search.sweep, round);
    const int code = run_round(arguments, search, file, fresh);
    fresh = false;
    if (code == ExitCode::interrupted) return code;
    sweeps.push_back(load_sweep(file).name);
    const Standing standing = look(arguments, search, sweeps);
    print("{}", standing_text(search, standing, sweeps.size()));
    refuse_gaps(standing, one_line(sweeps.back()));
    std::error_code failed;
    const std::filesystem::path next = round_file(search.sweep, round + 1);
    if (std::filesystem::exists(next, failed)) continue;
    std::string end;
    if (is_good_enough(search, standing, arguments))
      end = "known well enough";
    else if (standing.spent >= search.budget)
      end = "the budget is spent";
    else
      end = write_round(search, standing, next);
    fresh = end.empty();
    if (fresh) continue;
    if (!standing.prediction) throw Error("no rate can be forecast from these runs: " + end);
    print("{}\nsee: ablate law predict --sweep {} --params {}{}\n", end, join(sweeps, ","),
          arguments.text("--target"), search.target.tokens ? " --tokens " + arguments.text("--tokens") : "");
    return ExitCode::done;
  }
}

}  // namespace

CommandSpec law_run_command() {
  const OptionSpec target =
      amount_option("--target", "N", "parameters of the model that is to be trained: 30e9, 30B");
  const OptionSpec budget =
      amount_option("--budget", "FLOPS", "that the runs beyond the sweep may take: 1e18");
  OptionSpec regret =
      value("--regret", ValueType::text, "PERCENT",
            "enough when this little loss is expected to be lost; with --interval only if given");
  regret.fallback = fmt::format("{}", kDefaultRegret);
  OptionSpec runs = value("--runs", ValueType::integer, "N", "propose at most so many a round [12]");
  runs.least = 1;
  CommandSpec command{
      .name = "law run",
      .group = Group::results,
      .summary = "Searches the learning rate of a larger model, round by round",
      .description =
          "Runs the sweep, fits the law, proposes the runs that narrow the target's interval most, runs "
          "those, "
          "and so on, until it is narrow enough or the budget is spent. Each round's sweep is kept beside "
          "the "
          "first as SWEEP-law-1.toml, -2, ...; after Ctrl-C the same command goes on. Runs that diverge are "
          "part of a search.",
      .example = "ablate law run sweeps/lr-search.toml --target 3M --tokens 150e3 --budget 1e14",
      .options = {positional("SWEEP", ValueType::sweep_file, "the sweep's TOML file"), target, budget,
                  value("--tokens", ValueType::text, "D", "tokens that it is to be trained on"),
                  value("--batch", ValueType::text, "B", "what a step is trained on, where that is given"),
                  choice("--batch-unit", known_names<BatchUnit>(), "", "what --batch counts [tokens]"),
                  value("--interval", ValueType::text, "FACTOR",
                        "enough when 95 % of the rate lies within so much each way: 1.5"),
                  regret, runs,
                  flag("--stop-early",
                       "end rates that are clearly worse than others of their size, seed and batch after a "
                       "quarter and after "
                       "half of a run; saves time, and may miss one that would have caught up"),
                  choice("--stage", {"llm", "vlm"}, "llm", "whose rate is searched"),
                  value("--loss", ValueType::text, "NAME",
                        "score or metric that counts [heldout-loss/text, else loss]")},
      .run = run_law_run};
  for (const OptionSpec& option : law_fit_options()) command.options.push_back(option);
  for (const OptionSpec& option : run_options())
    if (option.name != "--dry-run" && option.name != "--max-failures" && option.name != "--keep-going")
      command.options.push_back(option);
  return command;
}

}  // namespace ablate
