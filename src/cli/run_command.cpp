// `ablate run`: brings a sweep to its end.
#include <unistd.h>

#include <cstdlib>

#include "cli/common.hpp"
#include "cli/device_options.hpp"
#include "cli/output.hpp"
#include "cli/planning.hpp"
#include "cli/progress_view.hpp"
#include "cli/run_lock.hpp"
#include "cli/run_progress.hpp"
#include "cli/simulation.hpp"
#include "cli/sweep_run.hpp"
#include "cli/worker_program.hpp"
#include "schedule/local_runner.hpp"
#include "schedule/stop_signals.hpp"
#include "util/build_info.hpp"
#include "util/process.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

void require_data(const PlannedSweep& planned) {
  const Plan& plan = planned.plan;
  if (plan.missing_data.empty()) return;
  std::string text = fmt::format("{} of this sweep {} missing:",
                                 count_of(static_cast<std::int64_t>(plan.missing_data.size()), "data source"),
                                 plan.missing_data.size() == 1 ? "is" : "are");
  for (const std::string& path : plan.missing_data) text += "\n  " + describe_missing(planned, path);
  throw Error(text);
}

InvocationRecord describe_invocation(const Arguments& arguments) {
  InvocationRecord record;
  record.command = arguments.words();
  record.command.insert(record.command.begin(), "ablate");
  record.folder = std::filesystem::current_path().string();
  record.host = host_name();
  record.user = user_name();
  record.pid = ::getpid();
  record.version = build_info().version;
  if (const auto revision = capture({"git", "rev-parse", "HEAD"})) {
    record.git_revision = revision->substr(0, revision->find('\n'));
    const auto changes = capture({"git", "status", "--porcelain", "--untracked-files=no"});
    record.git_dirty = !changes || !changes->empty();
  }
  return record;
}

ScheduleOptions schedule_options(const Arguments& arguments, const Run& run) {
  ScheduleOptions options;
  options.devices = devices_of(arguments);
  options.retries = arguments.find_integer("--retries").value_or(run.retries);
  options.timeout = arguments.find_seconds("--timeout").value_or(run.timeout);
  options.heartbeat = arguments.find_seconds("--heartbeat").value_or(run.heartbeat);
  options.max_failures = arguments.find_integer("--max-failures").value_or(options.max_failures);
  if (arguments.flag("--keep-going")) options.max_failures = 0;
  return options;
}

int dry_run(const Arguments& arguments, Sweep sweep, const ScheduleOptions& options) {
  std::unique_ptr<Database> database;
  if (has_database(arguments))
    database = std::make_unique<Database>(arguments.database(), Database::Mode::read_only);
  const PlannedSweep planned =
      plan_sweep(std::move(sweep), database.get(), false, arguments.flag("--replace"));
  require_data(planned);
  const SlotSpeed speed = slot_speed(options.devices, planned.measured);
  const auto starts = simulate_run(planned.plan, planned.states, options.devices, speed);
  Table table;
  table.columns = {{"at", Align::right},   {"job"}, {"stage"}, {"task"}, {"seed", Align::right}, {"device"},
                   {"takes", Align::right}};
  double end = 0;
  for (const SimulatedStart& start : starts) {
    const PlannedJob& job = planned.plan.jobs[start.job];
    end = std::max(end, start.start + start.seconds);
    table.rows.push_back({TableCell::number(start.start, human_duration(start.start)),
                          {short_key(job.key.hex())},
                          {to_name(job.stage)},
                          {job.task},
                          {fmt::format("{}", job.seed), static_cast<std::int64_t>(job.seed)},
                          {start.device},
                          TableCell::number(start.seconds, human_duration(start.seconds))});
  }
  table.notes.push_back(fmt::format("{} would start on {} and take about {}. Nothing was started.",
                                    count_of(static_cast<std::int64_t>(starts.size()), "job"),
                                    describe_devices(options.devices), human_duration(end)));
  print_table(table);
  return ExitCode::done;
}

std::string counts_line(const ScheduleResult& result) {
  std::string line = count_of(result.finished, "job") + " finished";
  for (const auto& [count, word] : {std::pair{result.failed, "failed"},
                                    {result.cancelled, "cancelled"},
                                    {result.blocked, "blocked"},
                                    {result.waiting, "waiting"}})
    if (count > 0) line += fmt::format(", {} {}", with_commas(count), word);
  return line;
}

int conclude(Database& database, const ScheduleResult& result, std::int64_t sweep_id, const Plan& plan,
             double seconds, bool quiet) {
  std::string text = fmt::format("{}: {}; {} in {}\n", one_line(plan.sweep), counts_line(result),
                                 count_of(result.attempts, "attempt"), human_duration(seconds));
  if (result.failed > 0) {
    text += "\nfailed\n";
    for (const std::string& line : failed_lines(database, load_failed_rows(database, sweep_id), true))
      text += line + "\n";
    text += fmt::format(
        "\n`ablate log JOB` shows what a job printed; `ablate retry --sweep {}` has them tried again\n",
        one_line(plan.sweep));
  }
  if (result.interrupted)
    text += "interrupted; the same command goes on from here\n";
  else if (result.failed == 0)
    text += fmt::format("see: ablate table {}\n", one_line(plan.sweep));
  if (!quiet || result.failed > 0) try_write_out(text);
  if (result.interrupted) return ExitCode::interrupted;
  return result.failed > 0 ? ExitCode::jobs_failed : ExitCode::done;
}

int run_run(const Arguments& arguments) {
  if (!arguments.flag("--dry-run")) return run_sweep(arguments, arguments.text("SWEEP"));
  Sweep sweep = load_sweep(arguments.text("SWEEP"));
  const ScheduleOptions options = schedule_options(arguments, sweep.experiment.run);
  return dry_run(arguments, std::move(sweep), options);
}

}  // namespace

int run_sweep(const Arguments& arguments, const std::filesystem::path& file, const SweepWatch& watch) {
  Sweep sweep = load_sweep(file);
  ScheduleOptions options = schedule_options(arguments, sweep.experiment.run);
  if (watch.keep_going) options.max_failures = 0;
  const std::filesystem::path worker = get_worker(arguments.find_text("--worker"));

  const std::filesystem::path path = arguments.database();
  if (!has_database(arguments)) require_data(list_sweep(sweep));
  if (path.has_parent_path()) make_directories(path.parent_path());
  const FileLock lock = take_run_lock(path, arguments.words());
  Database database(path, Database::Mode::read_write);
  const SystemClock clock;
  const PlannedSweep planned = plan_sweep(std::move(sweep), &database, true, arguments.flag("--replace"));
  require_data(planned);
  options.run = run_table(planned.sweep.experiment);
  options.sources = absolute_sources(planned.plan);
  const SaveResult saved = save_plan(database, planned.plan, planned.sweep.file, options.run, clock.now(),
                                     arguments.flag("--replace"));
  if (watch.planned) watch.planned(database, saved.sweep_id);

  const bool quiet = arguments.flag("--quiet");
  if (const std::string line = former_line(planned, true); !line.empty() && !quiet) print("{}\n", line);
  const StageProgress before = total_progress(load_progress(database, saved.sweep_id));
  if (before.finished == before.total()) {
    if (!quiet)
      print("{}: all {} finished already; see: ablate table {}\n", one_line(planned.plan.sweep),
            count_of(before.total(), "job"), one_line(planned.plan.sweep));
    return ExitCode::done;
  }
  if (!quiet)
    print("{}: {} on {}\n", one_line(planned.plan.sweep), progress_line(before),
          describe_devices(options.devices));

  const std::int64_t invocation = begin_invocation(database, describe_invocation(arguments), clock.now());
  const StopSignals signals;
  LocalRunner runner(worker, signals.fd());
  RunProgress progress(database, saved.sweep_id, slot_speed(options.devices, planned.measured), clock, quiet,
                       watch.tick);
  const double began = clock.monotonic();
  const ScheduleResult result = run_schedule(database, saved.sweep_id, invocation, runner, clock, progress,
                                             signals.requests(), options);
  progress.finish();
  end_invocation(database, invocation, clock.now());
  return conclude(database, result, saved.sweep_id, planned.plan, clock.monotonic() - began, quiet);
}

std::vector<OptionSpec> run_options() {
  OptionSpec failures = value("--max-failures", ValueType::integer, "N",
                              "start nothing new after N failed jobs; 0: never mind");
  failures.fallback = "3";
  std::vector<OptionSpec> options = device_options();
  const std::vector<OptionSpec> more = {
      value("--retries", ValueType::integer, "N",
            "attempts in a row that may end without progress before a job fails [run.retries]"),
      value("--timeout", ValueType::duration, "TIME", "that one attempt may take; 0: any [run.timeout]"),
      value("--heartbeat", ValueType::duration, "TIME",
            "without a word from a worker before it is given up; 0: never [run.heartbeat]"),
      failures,
      flag("--keep-going", "the same as --max-failures 0"),
      flag("--dry-run", "only say what would start, when and where"),
      value("--worker", ValueType::file, "PATH",
            "program that trains [ablate-worker beside ablate, else in $PATH]"),
      flag("--quiet", "say nothing unless a job fails"),
      replace_option(),
      db_option()};
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

CommandSpec run_command() {
  CommandSpec command{
      .name = "run",
      .group = Group::sweeps,
      .summary = "Runs what is left of a sweep",
      .description =
          "Finished jobs are never run again, whichever sweep they came from. Ctrl-C lets the workers leave "
          "behind a checkpoint, a second one ends them; the same command then goes on.",
      .example = "ablate run sweeps/connector.toml --slots 4 --keep-going",
      .options = {positional("SWEEP", ValueType::sweep_file, "the sweep's TOML file")},
      .run = run_run};
  for (const OptionSpec& option : run_options()) command.options.push_back(option);
  return command;
}

}  // namespace ablate
