// `ablate law fit`: which learning rate is best for which size.
#include <cmath>

#include "cli/common.hpp"
#include "cli/law_options.hpp"
#include "report/output.hpp"
#include "util/text.hpp"
#include "views/law_report.hpp"

namespace ablate {

namespace {

constexpr std::int64_t kBootstraps = 100;

void print_json(const Json& json) {
  write_out(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

/// The input as the command line named it.
std::string source_words(const Arguments& arguments) {
  const auto file = arguments.find_text("SOURCE");
  return one_line(file ? *file : "--sweep " + join(arguments.list("--sweep"), ","));
}

int fit_loss(const Arguments& arguments) {
  const LawInput input = read_law_input(arguments);
  if (input.is_optima) throw Error("--loss-law needs runs with their losses; --optima has none");
  const CleanRuns clean = clean_runs(input.runs);
  std::vector<LawFinding> refusals;
  for (const LawFinding& finding : clean.findings)
    if (finding.kind == FindingKind::losses_fall_to_zero || finding.kind == FindingKind::no_runs)
      refusals.push_back(finding);
  throw_if_refused(refusals);
  LossLawReport report{.name = input.name, .notes = all_notes(input), .fit = {}, .optima = {}};
  for (const LawFinding& finding : input.findings) report.notes.push_back(finding.message);
  const std::vector<LossPoint> points = best_losses(clean.runs);
  for (const std::string& line : left_out_lines(runs_beside(input.runs, points.size())))
    report.notes.push_back(line);
  report.fit = fit_loss_law(
      points, {.bootstraps = static_cast<int>(arguments.find_integer("--bootstrap").value_or(kBootstraps))});
  for (const std::string& budget : arguments.list("--budget")) {
    const auto flops = parse_amount(budget);
    if (!flops) throw Error(fmt::format("--budget is '{}'; expected FLOPs such as 1e21", printable(budget)));
    report.optima.push_back(compute_optimum(report.fit, *flops));
  }
  if (arguments.flag("--json"))
    print_json(loss_law_json(report));
  else
    write_out(loss_law_text(report));
  return ExitCode::done;
}

int run_law_fit(const Arguments& arguments) {
  for (const char* option : {"--tokens", "--batch"})
    for (const std::string& word : arguments.list(option))
      if (parse_amount(word))
        throw Error(fmt::format(
            "{} is '{}'; expected the name of a column; --fixed-batch fits one batch alone", option, word));
  if (arguments.flag("--loss-law")) return fit_loss(arguments);
  for (const char* option : {"--budget", "--flops", "--bootstrap"})
    if (arguments.has(option)) throw Error(fmt::format("{} belongs to --loss-law", option));
  const LawOptions options = law_options(arguments);
  LawInput input = read_law_input(arguments);
  LawReport report{.name = input.name, .notes = all_notes(input), .fit = {}};
  report.fit = fit_input(input, options);
  require_law(report.fit, input);
  const bool json = arguments.flag("--json");
  if (json)
    print_json(law_json(report));
  else
    write_out(law_text(report, terminal_of(1)));
  if (json && !arguments.has("--page")) return ExitCode::done;
  const std::filesystem::path page = arguments.text("--page");
  if (page.has_parent_path()) make_directories(page.parent_path());
  write_file(page, law_page(report));
  if (!json)
    print("\nPage with figures: {}\nnext: ablate law predict {} --params N\n", one_line(page.string()),
          source_words(arguments) + words_of(law_choices(arguments)));
  return ExitCode::done;
}

}  // namespace

CommandSpec law_fit_command() {
  OptionSpec page = value("--page", ValueType::file, "FILE", "the HTML page, with figures");
  page.fallback = "results/law.html";
  CommandSpec command{
      .name = "law fit",
      .group = Group::results,
      .summary = "Fits the law of the best learning rate to a search",
      .description =
          "Each size and token count has a best rate (and batch), found from the bowl that the losses lie "
          "in; "
          "the law runs through those with errors, and says how well it and other methods forecast the "
          "largest size from the smaller ones. Columns of usual names are found by themselves.",
      .example = "ablate law fit runs.csv --size N --tokens D --lr lr --batch batch_tokens --loss loss",
      .options = law_input_options(false),
      .run = run_law_fit};
  for (const OptionSpec& option : law_fit_options()) command.options.push_back(option);
  const std::vector<OptionSpec> more = {
      flag("--loss-law", "fit the loss instead: L(N, D) = E + A / N^alpha + B / D^beta"),
      repeated(value("--budget", ValueType::text, "FLOPS",
                     "with --loss-law: the best size and tokens for so much")),
      value("--bootstrap", ValueType::integer, "N",
            fmt::format("with --loss-law: resamples of whole models for the intervals [{}]", kBootstraps)),
      value("--flops", ValueType::text, "COLUMN",
            "with --loss-law: training FLOPs, where no column has the tokens"),
      page,
      flag("--json", "everything as JSON; a page only where --page asks for one"),
      db_option()};
  command.options.insert(command.options.end(), more.begin(), more.end());
  return command;
}

}  // namespace ablate
