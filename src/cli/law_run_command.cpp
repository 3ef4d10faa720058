// `ablate law run`: searches until the rate of a larger model is known well enough.
#include <cmath>
#include <optional>

#include "cli/common.hpp"
#include "cli/law_options.hpp"
#include "cli/run_options.hpp"
#include "program/early_stop.hpp"
#include "program/law_search.hpp"
#include "program/search_space.hpp"
#include "program/worker_program.hpp"
#include "report/output.hpp"
#include "store/jobs.hpp"
#include "util/file.hpp"
#include "util/text.hpp"
#include "views/law_report.hpp"
#include "views/law_view.hpp"

namespace ablate {

namespace {

constexpr double kDefaultRegret = 0.1;  ///< Percent of loss.

double positive_number(const Arguments& arguments, const std::string& option, const std::string& expected) {
  std::string text = arguments.text(option);
  if (text.ends_with('%')) text.pop_back();
  if (const auto number = parse_amount(text)) return *number;
  throw Error(fmt::format("{} is '{}'; expected {}", option, printable(arguments.text(option)), expected));
}

LawSearch search_of(const Arguments& arguments) {
  LawSearch search;
  search.sweep = real_path(arguments.text("SWEEP"));
  search.stage = law_stage(arguments);
  search.loss = arguments.find_text("--loss").value_or("");
  search.where = law_choices(arguments);
  search.target = law_target(arguments, "--target");
  search.batch_unit = batch_unit(arguments);
  for (const char* option : {"--tokens", "--batch"})
    if (const auto text = arguments.find_text(option); text && !parse_amount(*text))
      throw Error(
          fmt::format("{} is '{}'; expected a number above zero such as 600e9", option, printable(*text)));
  search.budget = amount_of(arguments, "--budget");
  if (arguments.has("--interval")) {
    search.interval = positive_number(arguments, "--interval", "a factor above 1, such as 1.5");
    if (*search.interval <= 1)
      throw Error(fmt::format("--interval is '{}'; expected a factor above 1, such as 1.5",
                              arguments.text("--interval")));
  }
  const double regret = positive_number(arguments, "--regret", "per cent of the loss, such as 0.1");
  if (!search.interval || arguments.has("--regret")) search.regret = regret / 100;
  if (const auto runs = arguments.find_integer("--runs"))
    search.runs_a_round = static_cast<std::size_t>(*runs);
  search.options = law_options(arguments);
  return search;
}

std::string standing_text(const LawSearch& search, const LawStanding& standing, std::size_t rounds) {
  std::string text = rounds == 1 ? "law after the sweep: " : fmt::format("law after round {}: ", rounds - 1);
  if (standing.prediction) {
    const LawPrediction& at = *standing.prediction;
    text +=
        fmt::format("lr {} at N = {}, 95 % {} (x{:.2f} each way), expected regret {}", rate_text(at.lr.value),
                    amount_text(at.params), rate_range(at.lr.p95.low, at.lr.p95.high), standing.factor(),
                    std::isinf(at.expected_regret) ? "not bounded yet" : percent_text(at.expected_regret));
  } else {
    text += "none yet";
  }
  text += fmt::format("; {:.3g} of {:.3g} FLOPs spent\n", standing.spent, search.budget);
  if (!standing.prediction) text += findings_text(standing.fit.findings, terminal_of(1));
  return text;
}

/// Runs the sweep of a round. `fresh`: it was proposed just now, so what it shares with earlier rounds and
/// was stopped early there is wanted after all.
int run_round(const Arguments& arguments, Stage stage, const std::filesystem::path& file, bool fresh) {
  Sweep sweep = load_sweep(file);
  RunOptions options = chosen_run_options(arguments);
  options.max_failures = 0;  // Runs that diverge are part of a search.
  const bool stops = arguments.flag("--stop-early");
  options.leave_stopped = stops && !fresh;
  const std::filesystem::path worker = get_worker(arguments.find_text("--worker"));
  SweepRun run(std::move(sweep), options);
  std::optional<EarlyStop> early;
  if (stops) early.emplace(run.database(), run.sweep_id(), stage);
  return finish_run(run, worker, arguments.flag("--quiet"), early ? &*early : nullptr);
}

/// What is to be run next, or why the search ends.
struct NextStep {
  bool fresh = false;    ///< It was proposed just now.
  std::string end = {};  ///< Empty: there is a next round.
};

NextStep find_next(const Arguments& arguments, Database& database, const LawSearch& search,
                   const LawStanding& standing, const std::vector<std::string>& sweeps,
                   const std::filesystem::path& file) {
  const std::string known = is_good_enough(search, standing) ? "known well enough" : "";
  std::error_code failed;
  if (std::filesystem::exists(file, failed)) {
    const RoundOnDisk round =
        read_round(database, search, standing, sweeps, file, arguments.flag("--stop-early"));
    if (round.is_done) return {};
    constexpr double kRounding = 1 + 1e-9;
    if (!known.empty()) return {.end = fmt::format("{}: {} is not run", known, shown_path(file))};
    if (round.spent > search.budget * kRounding)
      return {
          .end = fmt::format("{} is not run: with it, {:.4g} of {:.4g} FLOPs would be spent; where that file "
                             "is not, runs within the budget are proposed",
                             shown_path(file), round.spent, search.budget)};
    if (!round.target.empty())
      print("{} was proposed for {}, and counts for {}\n", shown_path(file), one_line(round.target),
            target_text(search.target));
    return {};
  }
  if (!known.empty()) return {.end = known};
  if (standing.spent >= search.budget) return {.end = "the budget is spent"};
  const Proposal proposal = write_round(search, standing, file);
  if (proposal.runs.empty()) return {.end = proposal.note};
  print("{}: {} runs, {:.3g} FLOPs\n", shown_path(file), proposal.runs.size(), proposal.flops);
  return {.fresh = true};
}

int run_law_run(const Arguments& arguments) {
  const LawSearch search = search_of(arguments);
  SearchSpace(load_sweep(search.sweep), search.stage, search.where);  // Refuses several experiments.
  std::vector<std::string> sweeps;
  NextStep next;
  for (int round = 0;; ++round) {
    const std::filesystem::path file = round == 0 ? search.sweep : round_file(search.sweep, round);
    const int code = run_round(arguments, search.stage, file, next.fresh);
    if (code == ExitCode::interrupted) return code;
    sweeps.push_back(load_sweep(file).name);
    Database database = open_for_reading(arguments);
    const LawStanding standing = find_standing(database, search, sweeps);
    print("{}", standing_text(search, standing, sweeps.size()));
    refuse_gaps(standing, one_line(sweeps.back()));
    next = find_next(arguments, database, search, standing, sweeps, round_file(search.sweep, round + 1));
    if (next.end.empty()) continue;
    if (!standing.prediction) throw Error("no rate can be forecast from these runs: " + next.end);
    print("{}\nsee: ablate law predict --sweep {}{} --params {}{}\n", next.end, join(sweeps, ","),
          words_of(search.where), arguments.text("--target"),
          search.target.tokens ? " --tokens " + arguments.text("--tokens") : "");
    return ExitCode::done;
  }
}

}  // namespace

CommandSpec law_run_command() {
  const OptionSpec budget =
      amount_option("--budget", "FLOPS", "that the runs beyond the sweep may take, as planned: 1e18");
  OptionSpec regret =
      value("--regret", ValueType::text, "PERCENT",
            "enough when this little loss is expected to be lost; with --interval only if given");
  regret.fallback = fmt::format("{}", kDefaultRegret);
  CommandSpec command{
      .name = "law run",
      .group = Group::results,
      .summary = "Searches the learning rate of a larger model, round by round",
      .description =
          "Runs the sweep, fits the law, proposes the runs that narrow the target's interval most, runs "
          "those, "
          "and so on, until it is narrow enough or the budget is spent. Each round's sweep is kept beside "
          "the "
          "first as SWEEP-law-1.toml, -2, ...; after Ctrl-C the same command goes on. A round whose file is "
          "there "
          "already is run only where it is still needed and the budget has all of it. Runs that diverge are "
          "part of a search.",
      .example = "ablate law run sweeps/lr-search.toml --target 3M --tokens 150e3 --budget 1e14",
      .options = {positional("SWEEP", ValueType::sweep_file, "the sweep's TOML file"), target_option(),
                  budget, value("--tokens", ValueType::text, "D", "tokens that it is to be trained on"),
                  value("--batch", ValueType::text, "B", "what a step is trained on, where that is given"),
                  choice("--batch-unit", known_names<BatchUnit>(), "", "what --batch counts [tokens]"),
                  value("--interval", ValueType::text, "FACTOR",
                        "enough when 95 % of the rate lies within so much each way: 1.5"),
                  regret,
                  at_least(1,
                           value("--runs", ValueType::integer, "N", "propose at most so many a round [12]")),
                  flag("--stop-early",
                       "end rates that are clearly worse than others of their size, seed and batch after a "
                       "quarter and after "
                       "half of a run; saves time, and may miss one that would have caught up"),
                  choice("--stage", {"llm", "vlm"}, "llm", "whose rate is searched"), where_option(),
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
