// `ablate effects`: which axis matters, and how sure that is.
#include "cli/common.hpp"
#include "report/output.hpp"
#include "views/effects_view.hpp"

namespace ablate {

namespace {

int run_effects(const Arguments& arguments) {
  Database database = open_for_reading(arguments);
  EffectsQuery query{.values = arguments.list("--value"), .family = arguments.choice<Family>("--family")};
  if (const auto name = arguments.find_text("--estimator")) query.estimator = from_name<Estimator>(*name);
  query.margin = find_size(arguments, "--margin");
  warn_if_changed(database, arguments.text("SWEEP"));
  const SweepRecord sweep = get_sweep(database, arguments.text("SWEEP"));
  Json all = Json::array();
  bool first = true;
  for (const ScoreEffects& effects : effects_of(database, sweep, query)) {
    if (arguments.flag("--json")) {
      all.push_back(effects_json(effects, query));
      continue;
    }
    for (const Table& table : effects_tables(effects, query)) {
      if (!first) write_out("\n");
      first = false;
      print_table(table, arguments.choice<Format>("--format"));
    }
  }
  if (arguments.flag("--json")) write_out(all.dump(2) + "\n");
  return ExitCode::done;
}

}  // namespace

CommandSpec effects_command() {
  return {
      .name = "effects",
      .group = Group::results,
      .summary = "Ranks the axes, and compares their levels",
      .description =
          "For each score, the share of the variance within seeds that each axis and interaction accounts "
          "for, "
          "then the difference between every two levels of an axis, each with a 95 % interval. The estimator "
          "is "
          "what the design of the sweep calls for, and is named below the table: seeds that all cells share "
          "are "
          "paired, a trained stage that several cells share counts once, cells that failed leave no hole in "
          "the "
          "means. Undecided means that the runs show neither a difference nor, within --margin, its absence.",
      .example = "ablate effects connector --value vqa --margin 0.01",
      .options = {positional("SWEEP", ValueType::sweep, "the sweep, by name or file"),
                  repeated(value("--value", ValueType::text, "NAMES",
                                 "scores, or last values of metrics such as vlm/loss [all scores]")),
                  choice("--estimator", known_names<Estimator>(), "",
                         "how differences and their errors are had [what the design calls for]"),
                  choice("--family", known_names<Family>(), "axis",
                         "Holm's correction is over the pairs of an axis, or of all axes"),
                  value("--margin", ValueType::text, "NUMBER",
                        "levels that differ by less are called equal where that is shown"),
                  format_option({Format::text, Format::markdown, Format::latex}),
                  flag("--json", "everything, for programs"), db_option()},
      .run = run_effects};
}

}  // namespace ablate
