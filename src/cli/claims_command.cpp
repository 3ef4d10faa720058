// `ablate claims`: what a sweep was said to show, and whether it did.
#include "cli/common.hpp"
#include "report/output.hpp"
#include "views/claims_view.hpp"

namespace ablate {

namespace {

int run_claims(const Arguments& arguments) {
  Database database = open_for_reading(arguments);
  warn_if_changed(database, arguments.text("SWEEP"));
  const SweepRecord sweep = get_sweep(database, arguments.text("SWEEP"));
  const ClaimReport report = claims_of(database, sweep);
  if (report.claims.empty() && sweep.imported)
    throw Error(
        fmt::format("sweep '{0}' was imported and makes no claims: only the file of a planned sweep has "
                    "[[claim]] tables; `ablate effects {0}` compares its levels",
                    one_line(sweep.name)));
  if (report.claims.empty())
    throw Error(
        fmt::format("sweep '{}' makes no claims; a [[claim]] table in {} is one: `ablate explain claim`",
                    one_line(sweep.name), shown_path(sweep.path)));
  if (arguments.flag("--json"))
    write_out(claims_json(report).dump(2) + "\n");
  else
    print_table(claims_table(report, sweep), arguments.choice<Format>("--format"));
  if (report.count(ClaimState::refuted) > 0) return ExitCode::claim_refuted;
  return report.count(ClaimState::undecided) > 0 ? ExitCode::claim_undecided : ExitCode::done;
}

}  // namespace

CommandSpec claims_command() {
  return {
      .name = "claims",
      .group = Group::results,
      .summary = "Holds a sweep's claims against its results",
      .description =
          "Each [[claim]] of the sweep's file is supported, refuted or undecided by the runs that are there, "
          "corrected (Holm) for how many claims the sweep makes; what is undecided says how many seeds would "
          "decide "
          "it. A claim that was added when results were there already is marked. The exit code is 0 where "
          "all are "
          "supported, 4 where one is refuted, else 3 where one is undecided; a sweep without claims is an "
          "error.",
      .example = "ablate claims connector",
      .options = {positional("SWEEP", ValueType::sweep, "the sweep, by name or file"),
                  format_option({Format::text, Format::markdown, Format::latex}),
                  flag("--json", "everything, for programs"), db_option()},
      .run = run_claims};
}

}  // namespace ablate
