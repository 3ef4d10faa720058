// `ablate plan`: what a sweep would take, before anything runs.
#include <memory>

#include "cli/common.hpp"
#include "cli/device_options.hpp"
#include "cli/seed_options.hpp"
#include "report/output.hpp"
#include "util/clock.hpp"
#include "views/plan_report.hpp"

namespace ablate {

namespace {

constexpr const char* kSeedCells = "--seed-cells";  // --cells lists them.

void save_planned(Database& database, const PlannedSweep& planned, bool replace, bool quiet) {
  const SaveResult saved = save_plan(database, planned.plan, planned.sweep.file,
                                     run_table(planned.sweep.experiment), SystemClock().now(), replace);
  if (quiet) return;
  print("\nSaved to {}: {}\n", database.path().string(),
        saved.unchanged ? "it was there already" : count_of(saved.new_jobs, "new job"));
}

int run_plan(const Arguments& arguments) {
  Sweep sweep = load_sweep_to_plan(arguments);
  std::optional<Budget> budget;
  if (const auto text = arguments.find_text("--budget")) budget = parse_budget(*text);
  std::unique_ptr<Database> database;
  const bool save = arguments.flag("--save"), replace = arguments.flag("--replace");
  if (save || has_database(arguments))
    database = std::make_unique<Database>(arguments.database(),
                                          save ? Database::Mode::read_write : Database::Mode::read_only);
  const PlannedSweep planned = plan_sweep(std::move(sweep), database.get(),
                                          {.remember = save,
                                           .replace = replace,
                                           .seeds = chosen_seeds(arguments, kSeedCells),
                                           .reading = show_reading()});
  const std::vector<Device> devices = default_devices();
  const PlanReport report = report_plan(planned, devices, budget);
  const bool json = arguments.flag("--json");
  if (json) {
    write_out(plan_json(report).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else {
    write_out(plan_text(report, describe_devices(devices)));
    if (const std::string line = former_line(planned, save); !line.empty()) print("note: {}\n", line);
    if (arguments.flag("--cells")) {
      write_out("\n");
      print_table(cell_table(planned.plan));
    }
    if (arguments.flag("--jobs")) {
      write_out("\n");
      print_table(job_table(report));
    }
  }
  if (save) save_planned(*database, planned, replace, json);
  return ExitCode::done;
}

}  // namespace

CommandSpec plan_command() {
  CommandSpec command{
      .name = "plan",
      .group = Group::sweeps,
      .summary = "Shows what a sweep would take, before anything runs",
      .description =
          "It explains every count, from the levels to the jobs after sharing, and says what is done "
          "already, how large and how long the rest is, and what a budget pays for. Nothing is written "
          "without --save.",
      .example = "ablate plan sweeps/connector.toml --budget 10h",
      .options =
          {positional("SWEEP", ValueType::sweep_file, "the sweep's TOML file"),
           flag("--cells", "also list the cells"), flag("--jobs", "also list the jobs"),
           value(
               "--budget", ValueType::text, "BUDGET",
               "slot time (30m, 10h, 2d) or FLOPs (1e18): how many runs fit, in the order in which they run"),
           flag("--json", "everything as JSON"),
           flag("--save", "record the sweep, so that status and table know it"), replace_option(),
           db_option()},
      .run = run_plan};
  const std::vector<OptionSpec> seeds = seed_options(kSeedCells);
  command.options.insert(command.options.end() - 2, seeds.begin(), seeds.end());
  return command;
}

}  // namespace ablate
