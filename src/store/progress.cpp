#include <algorithm>

#include "store/blocked.hpp"
#include "store/jobs.hpp"
#include "store/query.hpp"
#include "store/results.hpp"
#include "store/sweep_jobs.hpp"

namespace ablate {

namespace {

void count_work(StageProgress& progress, const JobRecord& job, bool is_blocked) {
  auto task = std::find_if(progress.tasks.begin(), progress.tasks.end(),
                           [&](const TaskProgress& known) { return known.task == job.task; });
  if (task == progress.tasks.end()) task = progress.tasks.insert(task, TaskProgress{job.task});
  if (job.state == JobState::finished) {
    ++task->jobs_finished;
    task->flops_finished += job.flops;
  } else if (is_under_way(job.state) || (job.state == JobState::waiting && !is_blocked)) {
    ++task->jobs_left;
    task->flops_left += job.flops;
  }
}

void count_job(StageProgress& progress, const JobRecord& job, bool is_blocked) {
  count_work(progress, job, is_blocked);
  switch (job.state) {
    case JobState::waiting:
      ++(is_blocked ? progress.blocked : progress.waiting);
      progress.flops_left += job.flops;
      break;
    case JobState::queued:
      ++progress.queued;
      progress.flops_left += job.flops;
      break;
    case JobState::running:
      ++progress.running;
      progress.flops_left += job.flops;
      break;
    case JobState::finished:
      ++progress.finished;
      break;
    case JobState::failed:
      ++progress.failed;
      break;
    case JobState::cancelled:
      ++progress.cancelled;
      break;
    case JobState::stopped_early:
      ++progress.stopped_early;
      break;
  }
}

}  // namespace

std::vector<StageProgress> load_progress(Database& database, std::int64_t sweep_id) {
  const std::vector<JobRecord> jobs = load_jobs(database, sweep_id);
  const auto blockers = find_blockers(jobs);
  std::vector<StageProgress> by_stage;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const JobRecord& job = jobs[i];
    auto progress = std::find_if(by_stage.begin(), by_stage.end(),
                                 [&](const StageProgress& stage) { return stage.stage == job.stage; });
    if (progress == by_stage.end()) progress = by_stage.insert(progress, StageProgress{job.stage});
    count_job(*progress, job, blockers[i].has_value());
  }
  std::sort(by_stage.begin(), by_stage.end(),
            [](const StageProgress& a, const StageProgress& b) { return a.stage < b.stage; });
  return by_stage;
}

std::vector<RunningJob> load_running(Database& database, std::optional<std::int64_t> sweep_id) {
  const ReadTransaction snapshot(database);
  const SweepJobs needed = sweep_id ? load_sweep_jobs(database, *sweep_id) : SweepJobs{};
  Query query(
      database,
      "SELECT j.id, j.key, j.stage, j.task, a.device, a.number, a.resume_step, a.step, j.steps, a.started_at,"
      " a.last_event_at, a.folder, a.host FROM attempt a JOIN job j ON j.id = a.job_id WHERE a.state = "
      "'running' ORDER BY "
      "a.id");
  std::vector<RunningJob> running;
  while (query.step()) {
    if (sweep_id && needed.find(query.integer(0)) < 0) continue;
    RunningJob& job = running.emplace_back();
    job.key = query.text(1);
    job.stage = query.text(2);
    job.task = query.text(3);
    job.device = query.text(4);
    job.attempt = query.integer(5);
    job.resume_step = query.integer(6);
    job.step = query.integer(7);
    job.steps = query.integer(8);
    job.started_at = query.real(9);
    job.last_event_at = query.find_real(10);
    job.folder = query.text(11);
    job.host = query.text(12);
  }
  return running;
}

}  // namespace ablate
