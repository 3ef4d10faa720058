#include "views/status_view.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "util/text.hpp"
#include "views/progress_view.hpp"

namespace ablate {

namespace {

std::string owner_line(const Status& status) {
  if (status.owner) return "run by " + *status.owner;
  if (!status.running.empty())
    return fmt::format("nobody runs this database now, but {} not ended; `ablate run` goes on from there",
                       status.running.size() == 1
                           ? "1 job has"
                           : count_of(static_cast<std::int64_t>(status.running.size()), "job") + " have");
  const bool stopped_early =
      std::any_of(status.sweeps.begin(), status.sweeps.end(),
                  [](const SweepStatus& entry) { return total_progress(entry.stages).stopped_early > 0; });
  if (is_settled(status) && stopped_early)
    return "nobody runs this database now; nothing is left to run but what a search has stopped early, with "
           "which `ablate run` goes on";
  if (is_settled(status)) return "nobody runs this database now, and nothing is left to run";
  return "nobody runs this database now; `ablate run` goes on with what waits";
}

}  // namespace

std::string sweep_line(const SweepStatus& entry, const Terminal& terminal) {
  const StageProgress total = total_progress(entry.stages);
  const std::string name = paint(one_line(entry.sweep.name), Style::bold, terminal);
  if (!entry.sweep.imported) return name + ": " + progress_line(total);
  return fmt::format("{}: {} imported from {}{}", name, count_of(total.total(), "run"),
                     shown_path(entry.sweep.path),
                     total.failed > 0 ? fmt::format(", {} failed", with_commas(total.failed)) : "");
}

std::vector<std::string> status_lines(const Database& database, const Status& status,
                                      const Terminal& terminal) {
  std::vector<std::string> lines;
  const auto append = [&](const std::vector<std::string>& more) {
    lines.insert(lines.end(), more.begin(), more.end());
  };
  for (const SweepStatus& entry : status.sweeps) {
    lines.push_back(sweep_line(entry, terminal));
    if (!entry.sweep.imported) append(stage_lines(entry.stages, terminal));
  }
  if (status.sweeps.empty())
    lines.push_back("no sweep is recorded here; `ablate run SWEEP` or `ablate plan SWEEP --save` does");
  lines.push_back(owner_line(status));
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
  Json json = {{"runner", status.owner ? Json(*status.owner) : Json()},
               {"sweeps", Json::array()},
               {"running", Json::array()},
               {"failed", Json::array()}};
  for (const SweepStatus& entry : status.sweeps) {
    Json stages = Json::array();
    for (const StageProgress& stage : entry.stages)
      stages.push_back({{"stage", to_name(stage.stage)},
                        {"jobs", stage.total()},
                        {"waiting", stage.waiting},
                        {"queued", stage.queued},
                        {"running", stage.running},
                        {"finished", stage.finished},
                        {"failed", stage.failed},
                        {"cancelled", stage.cancelled},
                        {"stopped_early", stage.stopped_early},
                        {"blocked", stage.blocked},
                        {"flops_left", stage.flops_left}});
    json["sweeps"].push_back({{"name", entry.sweep.name},
                              {"file", entry.sweep.path},
                              {"imported", entry.sweep.imported.has_value()},
                              {"stages", std::move(stages)}});
  }
  for (const auto& [job, is_gone, heard_at] : status.running) {
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
                               {"started_at", job.started_at},
                               {"worker_gone", is_gone},
                               {"last_heard_at", heard_at}});
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

}  // namespace ablate
