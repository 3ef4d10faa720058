// `ablate status`: how far the sweeps are, what runs now, and what failed.
#include <chrono>
#include <thread>

#include "cli/common.hpp"
#include "cli/output.hpp"
#include "cli/progress_view.hpp"
#include "cli/run_lock.hpp"
#include "report/bar.hpp"
#include "util/clock.hpp"

namespace ablate {

namespace {

struct SweepStatus {
  SweepRecord sweep;
  std::vector<StageProgress> stages;
};

struct Status {
  std::vector<SweepStatus> sweeps;
  std::vector<RunningJob> running;
  std::vector<JobRow> failed;
  std::optional<std::string> runner;
  double now = 0;
};

Status load_status(Database& database, const std::optional<std::string>& name) {
  Status status;
  std::optional<std::int64_t> only;
  std::vector<SweepRecord> sweeps;
  if (name) {
    sweeps.push_back(get_sweep(database, *name));
    only = sweeps.front().id;
  } else {
    sweeps = load_sweeps(database);
  }
  for (SweepRecord& sweep : sweeps) {
    auto stages = load_progress(database, sweep.id);
    status.sweeps.push_back({std::move(sweep), std::move(stages)});
  }
  status.running = load_running(database, only);
  std::int64_t failed = 0;
  for (const SweepStatus& entry : status.sweeps) failed += total_progress(entry.stages).failed;
  if (failed > 0) status.failed = load_failed_rows(database, only);
  status.runner = find_runner(database.path());
  status.now = SystemClock().now();
  return status;
}

bool is_settled(const Status& status) {
  for (const SweepStatus& entry : status.sweeps)
    if (!is_settled(total_progress(entry.stages))) return false;
  return true;
}

std::string runner_line(const Status& status) {
  if (status.runner) return "run by " + *status.runner;
  if (!status.running.empty())
    return fmt::format("nobody runs this database now, but {} not ended; `ablate run` goes on from there",
                       status.running.size() == 1
                           ? "1 job has"
                           : count_of(static_cast<std::int64_t>(status.running.size()), "job") + " have");
  if (is_settled(status)) return "nobody runs this database now, and nothing is left to run";
  return "nobody runs this database now; `ablate run` goes on with what waits";
}

std::vector<std::string> status_lines(const Database& database, const Status& status,
                                      const Terminal& terminal) {
  std::vector<std::string> lines;
  const auto append = [&](const std::vector<std::string>& more) {
    lines.insert(lines.end(), more.begin(), more.end());
  };
  for (const SweepStatus& entry : status.sweeps) {
    lines.push_back(paint(one_line(entry.sweep.name), Style::bold, terminal) + ": " +
                    progress_line(total_progress(entry.stages)));
    append(stage_lines(entry.stages, terminal));
  }
  if (status.sweeps.empty())
    lines.push_back("no sweep is recorded here; `ablate run SWEEP` or `ablate plan SWEEP --save` does");
  lines.push_back(runner_line(status));
  if (!status.running.empty()) {
    lines.push_back("running");
    append(running_lines(status.running, status.now));
  }
  if (!status.failed.empty()) {
    lines.push_back("failed");
    append(failed_lines(database, status.failed, false));
  }
  return lines;
}

Json status_json(const Database& database, const Status& status) {
  Json json = {{"runner", status.runner ? Json(*status.runner) : Json()},
               {"sweeps", Json::array()},
               {"running", Json::array()},
               {"failed", Json::array()}};
  for (const SweepStatus& entry : status.sweeps) {
    Json stages = Json::array();
    for (const StageProgress& stage : entry.stages)
      stages.push_back({{"stage", to_name(stage.stage)},
                        {"jobs", stage.total()},
                        {"waiting", stage.waiting},
                        {"running", stage.running},
                        {"finished", stage.finished},
                        {"failed", stage.failed},
                        {"cancelled", stage.cancelled},
                        {"stopped_early", stage.stopped_early},
                        {"blocked", stage.blocked},
                        {"flops_left", stage.flops_left}});
    json["sweeps"].push_back(
        {{"name", entry.sweep.name}, {"file", entry.sweep.path}, {"stages", std::move(stages)}});
  }
  for (const RunningJob& job : status.running) {
    const Pace pace = pace_of(job);  // NaN becomes null.
    json["running"].push_back({{"key", job.key},
                               {"stage", job.stage},
                               {"task", job.task},
                               {"device", job.device},
                               {"attempt", job.attempt},
                               {"step", job.step},
                               {"steps", job.steps},
                               {"steps_per_second", pace.steps_per_second},
                               {"seconds_left", pace.seconds_left},
                               {"started_at", job.started_at}});
  }
  for (const JobRow& job : status.failed)
    json["failed"].push_back({{"key", job.key},
                              {"stage", job.stage},
                              {"task", job.task},
                              {"seed", job.seed},
                              {"attempts", job.attempts},
                              {"failure", job.failure},
                              {"message", job.message},
                              {"log", job.folder.empty() ? "" : log_path(database, job).string()}});
  return json;
}

int watch(Database& database, const std::optional<std::string>& name) {
  const Terminal terminal = terminal_of(1);
  LiveLines lines(terminal, write_out);
  std::string last;
  for (;;) {
    const Status status = load_status(database, name);
    const bool settled = is_settled(status);
    if (!terminal.live || settled) {
      lines.clear();
      std::string text;
      if (settled) {
        for (const std::string& line : status_lines(database, status, terminal)) text += line + "\n";
      } else {
        for (const SweepStatus& entry : status.sweeps)
          text += fmt::format("{}: {}\n", one_line(entry.sweep.name),
                              progress_line(total_progress(entry.stages)));
      }
      if (text != last) write_out(text);
      last = text;
    } else {
      lines.show(status_lines(database, status, terminal));
    }
    if (settled) return ExitCode::done;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

int run_status(const Arguments& arguments) {
  if (arguments.flag("--names")) {
    if (!has_database(arguments)) return ExitCode::done;
    Database database = open_for_reading(arguments);
    for (const SweepRecord& sweep : load_sweeps(database)) print("{}\n", one_line(sweep.name));
    return ExitCode::done;
  }
  Database database = open_for_reading(arguments);
  const auto name = arguments.find_text("SWEEP");
  if (arguments.flag("--watch")) return watch(database, name);
  const Status status = load_status(database, name);
  if (arguments.flag("--json")) {
    write_out(status_json(database, status).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else {
    std::string text;
    for (const std::string& line : status_lines(database, status, terminal_of(1))) text += line + "\n";
    write_out(text);
  }
  return ExitCode::done;
}

}  // namespace

CommandSpec status_command() {
  return {
      .name = "status",
      .group = Group::sweeps,
      .summary = "Shows how far the sweeps are",
      .description =
          "Progress of each stage, running jobs with their speed and the time left, failed jobs with "
          "their first error, and who runs them. A bar shows finished (#), running (>), failed or "
          "cancelled (!) and waiting (-) jobs.",
      .example = "ablate status connector --watch",
      .options = {optional_positional("SWEEP", ValueType::sweep, "one sweep, by name or file; else all"),
                  flag("--watch", "draw again each second, until nothing is left to run"),
                  flag("--json", "as JSON"), flag("--names", "only the names of the sweeps"), db_option()},
      .run = run_status};
}

}  // namespace ablate
