// `ablate effects`: which axis matters, and how sure that is.
#include "cli/common.hpp"
#include "report/output.hpp"
#include "views/cost_view.hpp"
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
  const bool as_json = arguments.flag("--json");
  const std::vector<ScoreEffects> scores = effects_of(database, sweep, query);
  CostReport cost;
  if (as_json || arguments.flag("--cost")) cost = cost_of(database, sweep, query.values);
  if (as_json) {
    Json all = Json::array();
    const Json costs = cost_json(cost);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      all.push_back(effects_json(scores[i], query));
      all.back()["cost"] = costs[i];
    }
    write_out(all.dump(2) + "\n");
    return ExitCode::done;
  }
  for (std::size_t i = 0; i < scores.size(); ++i) {
    std::vector<Table> tables = effects_tables(scores[i], query);
    if (i < cost.scores.size())
      for (Table& table : cost_tables(cost.scores[i])) tables.push_back(std::move(table));
    for (const Table& table : tables) {
      if (i > 0 || &table != &tables.front()) write_out("\n");
      print_table(table, arguments.choice<Format>("--format"));
    }
  }
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
          "then the difference between every two levels of an axis, each with a 95 % interval, which axes "
          "act "
          "otherwise at other levels of another, and the trend along axes of numbers. Axes that were sampled "
          "from a range have shares by functional analysis of variance instead. The estimator "
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
                  flag("--cost",
                       "also what scores cost: the front of score against cost, what a doubling brings"),
                  format_option({Format::text, Format::markdown, Format::latex}),
                  flag("--json", "everything, for programs"), db_option()},
      .run = run_effects};
}

}  // namespace ablate
