// `ablate power`: how many seeds would decide a difference.
#include "cli/common.hpp"
#include "report/output.hpp"
#include "views/power_view.hpp"

namespace ablate {

namespace {

int run_power(const Arguments& arguments) {
  Database database = open_for_reading(arguments);
  const PowerQuery query{.values = arguments.list("--value"),
                         .axes = arguments.list("--axis"),
                         .difference = find_size(arguments, "--difference"),
                         .half_width = find_size(arguments, "--half-width")};
  if (query.difference && query.half_width)
    throw Error("--difference and --half-width are two questions; expected one of them");
  warn_if_changed(database, arguments.text("SWEEP"));
  const SweepRecord sweep = get_sweep(database, arguments.text("SWEEP"));
  const std::vector<ScorePower> scores = power_of(database, sweep, query);
  if (arguments.flag("--json")) {
    Json all = Json::array();
    for (const ScorePower& score : scores) all.push_back(power_json(score));
    write_out(all.dump(2) + "\n");
    return ExitCode::done;
  }
  for (const ScorePower& score : scores) {
    if (&score != &scores.front()) write_out("\n");
    print_table(power_table(score, query));
  }
  return ExitCode::done;
}

}  // namespace

CommandSpec power_command() {
  return {
      .name = "power",
      .group = Group::results,
      .summary = "Says how many seeds would decide a difference",
      .description =
          "For each pair of levels, the spread of the difference over seeds that both share, the interval "
          "that it "
          "gives now, and the seeds that a difference or an interval of a given size calls for: a range, "
          "since few "
          "seeds know their own spread badly.",
      .example = "ablate power connector --value vqa --difference 0.01",
      .options = {positional("SWEEP", ValueType::sweep, "the sweep, by name or file"),
                  repeated(value("--value", ValueType::text, "NAMES",
                                 "scores, or last values of metrics such as vlm/loss [all scores]")),
                  repeated(value("--axis", ValueType::text, "AXES", "axes whose levels are compared [all]")),
                  value("--difference", ValueType::text, "NUMBER",
                        "count seeds that find a true difference of this size with 80 % probability"),
                  value("--half-width", ValueType::text, "NUMBER",
                        "count seeds that make 95 % intervals this wide either way [half of today's]"),
                  flag("--json", "everything, for programs"), db_option()},
      .run = run_power};
}

}  // namespace ablate
