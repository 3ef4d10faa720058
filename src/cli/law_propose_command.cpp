// `ablate law propose`: which runs tell most about the rate of a larger model.
#include <cmath>

#include "cli/common.hpp"
#include "cli/law_options.hpp"
#include "program/law_search.hpp"
#include "program/search_space.hpp"
#include "report/output.hpp"
#include "store/sweeps.hpp"
#include "util/text.hpp"
#include "views/law_proposal.hpp"
#include "views/law_report.hpp"
#include "views/law_view.hpp"

namespace ablate {

namespace {

/// The file of the sweep that is searched, as it was planned last.
Sweep searched_sweep(const Arguments& arguments) {
  Database database = open_for_reading(arguments);
  const SweepRecord record = get_sweep(database, arguments.list("--sweep").front());
  return load_sweep(record.path);
}

std::filesystem::path free_round_file(const std::filesystem::path& sweep) {
  int round = 1;
  std::error_code failed;
  while (std::filesystem::exists(round_file(sweep, round), failed)) ++round;
  return round_file(sweep, round);
}

/// What is proposed after a fit, as text or JSON.
void show_proposal(const Proposal& proposal, const LawFit& fit, const LawInput& input, bool from_file,
                   bool json) {
  if (json) {
    Json all = proposal_json(proposal);
    all["flops_are"] = from_file ? "6 N D" : "planned";
    all["source"] = input.name;
    all["left_out"] = input.left_out;
    all["findings"] = findings_json(fit.findings);
    write_out(all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return;
  }
  print("{}: {}\n", input.name, describe_runs(fit));
  for (const std::string& line : input.left_out) print("  {}\n", one_line(line));
  if (fit.refused())
    write_out("\nNo law yet\n" + findings_text(fit.findings, terminal_of(1)));
  else
    write_out(findings_text(input.findings, terminal_of(1)));
  print("\n");
  print_table(proposal_table(proposal, from_file ? "6 N D" : "as planned, with evaluations"));
}

int run_law_propose(const Arguments& arguments) {
  const LawOptions options = law_options(arguments);
  ProposeOptions asked;
  asked.target = law_target(arguments, "--target");
  asked.budget_flops = amount_of(arguments, "--budget");
  if (const auto most = arguments.find_integer("--max-runs"))
    asked.max_runs = static_cast<std::size_t>(*most);
  const bool from_file = arguments.has("SOURCE");
  if (from_file && arguments.has("--output"))
    throw Error("--output needs --sweep: of a file nobody knows the experiment");
  LawInput input = read_law_input(arguments);
  settle_batch(arguments, input, asked.target);

  std::optional<Sweep> sweep;
  std::optional<SearchSpace> space;
  std::filesystem::path output;
  if (!from_file) {
    sweep = searched_sweep(arguments);
    const std::vector<SettingChoice> where = law_choices(arguments);
    space.emplace(*sweep, law_stage(arguments), where);
    asked.candidates = space->candidates(asked.target.params);
    asked.flops = [&](double params, double tokens, double batch) {
      return space->flops(params, tokens, batch);
    };
    output = arguments.find_text("--output").value_or(free_round_file(sweep->file).string());
    std::error_code failed;
    if (std::filesystem::exists(output, failed))
      throw Error(fmt::format("{}: is there already; --output names another file", output.string()));
    Database database = open_for_reading(arguments);
    claim_name(database, space->name_of(output), output, false);
  }
  const LawFit fit = fit_input(input, options);
  const Proposal proposal = propose_runs(fit, asked);

  const bool json = arguments.flag("--json");
  show_proposal(proposal, fit, input, from_file, json);
  if (from_file || proposal.runs.empty()) return ExitCode::done;

  const std::vector<std::string> heading = {
      fmt::format("Runs that `ablate law propose` chose after {}, for {}", input.name,
                  target_text(asked.target)),
      fmt::format("and {:.3g} FLOPs. Fit all: ablate law fit --sweep {},{}{}", asked.budget_flops,
                  join(arguments.list("--sweep"), ","), space->name_of(output),
                  words_of(law_choices(arguments)))};
  write_file(output, space->sweep_text(proposal, output, heading));
  if (!json) print("\nSweep: {}; next: ablate run {}\n", shown_path(output), shown_path(output));
  return ExitCode::done;
}

}  // namespace

CommandSpec law_propose_command() {
  const OptionSpec budget =
      amount_option("--budget", "FLOPS",
                    "that all proposed runs may take together: 1e18; of a sweep as planned, of a file 6 N D");
  CommandSpec command{
      .name = "law propose",
      .group = Group::results,
      .summary = "Proposes the next runs of a learning-rate search, as a sweep",
      .description =
          "Where the best rate or batch lies at the edge of what was tried, that is bracketed first; then "
          "come "
          "the runs that narrow the target's interval most for their cost. Of a sweep the proposal becomes a "
          "sweep file on the same experiment, which `ablate run` takes; of a file with runs, a table.",
      .example = "ablate law propose --sweep lr-search --target 3M --tokens 150e3 --budget 1e14",
      .options = law_input_options(true),
      .run = run_law_propose};
  command.options.insert(command.options.begin() + 1, {target_option(), budget});
  for (const OptionSpec& option : law_fit_options()) command.options.push_back(option);
  const std::vector<OptionSpec> more = {
      at_least(1, value("--max-runs", ValueType::integer, "N", "propose at most so many [64]")),
      value("--output", ValueType::file, "FILE",
            "the sweep file [SWEEP-law-1.toml, -2, ... beside the sweep]"),
      flag("--json", "everything as JSON"), db_option()};
  command.options.insert(command.options.end(), more.begin(), more.end());
  return command;
}

}  // namespace ablate
