// `ablate run`: brings a sweep to its end.
#include <memory>

#include "cli/common.hpp"
#include "cli/device_options.hpp"
#include "cli/run_options.hpp"
#include "cli/seed_options.hpp"
#include "program/status.hpp"
#include "program/worker_program.hpp"
#include "report/output.hpp"
#include "schedule/backends.hpp"
#include "schedule/stop_signals.hpp"
#include "util/clock.hpp"
#include "util/text.hpp"
#include "views/plan_report.hpp"
#include "views/progress_view.hpp"
#include "views/run_progress.hpp"

namespace ablate {

namespace {

constexpr const char* kCells = "--cells";

std::string counts_line(const ScheduleResult& result) {
  std::string line = count_of(result.finished, "job") + " finished";
  for (const auto& [count, word] : {std::pair{result.failed, "failed"},
                                    {result.cancelled, "cancelled"},
                                    {result.stopped_early, "stopped early"},
                                    {result.blocked, "blocked"},
                                    {result.waiting, "waiting"}})
    if (count > 0) line += fmt::format(", {} {}", with_commas(count), word);
  return line;
}

/// "3 attempts", "4 attempts, 1 of them adopted"
std::string attempts_words(const ScheduleResult& result) {
  const std::string words = count_of(result.attempts + result.adopted, "attempt");
  if (result.adopted == 0) return words;
  return result.attempts == 0 && result.adopted == 1
             ? words + ", adopted,"
             : fmt::format("{}, {} of them adopted,", words, with_commas(result.adopted));
}

int conclude(SweepRun& run, const RunOutcome& outcome, bool quiet) {
  const ScheduleResult& result = outcome.jobs;
  const std::string name = one_line(run.planned().plan.sweep);
  const char* const again =
      adds_seeds(run.planned().plan) ? "the same command without --seeds" : "the same command";
  std::string text = fmt::format("{}: {}; {} in {}\n", name, counts_line(result), attempts_words(result),
                                 human_duration(outcome.seconds));
  const auto list = [&](JobState state) {
    const std::vector<JobRow> rows = load_rows_in(run.database(), run.sweep_id(), state);
    if (!rows.empty()) text += fmt::format("\n{}\n", to_name(state));
    for (const std::string& line : failed_lines(run.database(), rows, true)) text += line + "\n";
    return !rows.empty();
  };
  const bool has_failed = result.failed > 0 && list(JobState::failed);
  const bool has_cancelled = result.cancelled > 0 && list(JobState::cancelled);
  if (has_failed)
    text += fmt::format(
        "\n`ablate log JOB` shows what a job printed; `ablate retry --sweep {}` has them tried again\n",
        name);
  else if (has_cancelled)
    text += fmt::format("\n`ablate retry --sweep {}` takes that back; then {} goes on\n", name, again);
  // What a search has stopped early, and what builds on that, it does without.
  const bool is_whole = result.failed == 0 && result.cancelled == 0;
  const auto dropped = run.count_dropped();
  if (dropped)
    text += fmt::format("\nthe sweep was planned anew meanwhile{}; {} runs what it has now\n",
                        *dropped == 0 ? ""
                                      : fmt::format(", and no longer has {} that {} without a result",
                                                    count_of(*dropped, "job"), *dropped == 1 ? "is" : "are"),
                        again);
  if (result.interrupted)
    text += fmt::format("interrupted; {} goes on from here\n", again);
  else if (is_whole && !dropped)
    text += fmt::format("see: ablate table {}\n", name);
  if (!quiet || !is_whole) try_write_out(text);
  if (result.interrupted) return ExitCode::interrupted;
  return is_whole ? ExitCode::done : ExitCode::jobs_failed;
}

int dry_run(const Arguments& arguments, Sweep sweep, const RunOptions& options) {
  std::unique_ptr<Database> database;
  if (has_database(arguments))
    database = std::make_unique<Database>(options.database, Database::Mode::read_only);
  const PlannedSweep planned =
      plan_sweep(std::move(sweep), database.get(),
                 {.replace = options.replace, .seeds = options.seeds, .reading = options.reading});
  require_data(planned);
  for (const std::string& line : seed_lines(planned.plan)) print("{}\n", line);
  print_table(start_table(planned, options.devices));
  return ExitCode::done;
}

int run_run(const Arguments& arguments) {
  Sweep sweep = load_sweep_to_plan(arguments);
  RunOptions options = chosen_run_options(arguments);
  options.seeds = chosen_seeds(arguments, kCells);
  if (arguments.flag("--dry-run")) return dry_run(arguments, std::move(sweep), options);
  const std::filesystem::path worker = get_worker(arguments.find_text("--worker"));
  SweepRun run(std::move(sweep), options);
  return finish_run(run, worker, arguments.flag("--quiet"));
}

}  // namespace

RunOptions chosen_run_options(const Arguments& arguments) {
  RunOptions options;
  options.database = arguments.database();
  options.devices = devices_of(arguments);
  options.retries = arguments.find_integer("--retries");
  options.timeout = arguments.find_seconds("--timeout");
  options.heartbeat = arguments.find_seconds("--heartbeat");
  options.max_failures = arguments.find_integer("--max-failures").value_or(options.max_failures);
  if (arguments.flag("--keep-going")) options.max_failures = 0;
  options.replace = arguments.flag("--replace");
  options.command = arguments.words();
  options.reading = show_reading();
  return options;
}

int finish_run(SweepRun& run, const std::filesystem::path& worker, bool quiet, StopPolicy* policy) {
  const PlannedSweep& planned = run.planned();
  const std::string name = one_line(planned.plan.sweep);
  if (const std::string line = former_line(planned, true); !line.empty() && !quiet) print("{}\n", line);
  for (const std::string& line : seed_lines(planned.plan))
    if (!quiet) print("{}: {}\n", name, line);
  const StageProgress before = total_progress(load_progress(run.database(), run.sweep_id()));
  if (before.finished == before.total()) {
    if (!quiet)
      print("{}: all {} finished already; see: ablate table {}\n", name, count_of(before.total(), "job"),
            name);
    return ExitCode::done;
  }
  if (!quiet) print("{}: {} on {}\n", name, progress_line(before), describe_devices(run.devices()));
  if (run.num_resumed() > 0 && !quiet)
    print("{}: {}\n", name,
          run.num_resumed() == 1
              ? "1 job that `ablate law run --stop-early` stopped goes on: this sweep needs it"
              : count_of(run.num_resumed(), "job") +
                    " that `ablate law run --stop-early` stopped go on: this sweep needs them");
  const SystemClock clock;
  const StopSignals signals;
  const auto runner = make_runner(kDefaultBackend, {.worker = worker, .wake_fd = signals.fd()});
  RunProgress progress(run.database(), run.sweep_id(), slot_speed(run.devices(), planned.measured), clock,
                       quiet);
  const RunOutcome outcome = run.run(*runner, progress, signals.requests(), policy);
  progress.finish();
  return conclude(run, outcome, quiet);
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
      flag("--quiet", "say nothing unless jobs fail or are cancelled"),
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
          "a checkpoint, a second one ends them; the same command then goes on. With --seeds +K every cell, "
          "or "
          "those of --cells, get K seeds beside those of the file, numbered on from the largest; the sweep "
          "has "
          "them from then on, and each command with --seeds adds more: to go on, leave it out. Cells that "
          "are "
          "chosen as the best look better than they are under the seeds that chose them, which results say.",
      .example = "ablate run sweeps/connector.toml --slots 4 --keep-going",
      .options = {positional("SWEEP", ValueType::sweep_file, "the sweep's TOML file")},
      .run = run_run};
  for (const auto& options : {seed_options(kCells), run_options()})
    command.options.insert(command.options.end(), options.begin(), options.end());
  return command;
}

}  // namespace ablate
