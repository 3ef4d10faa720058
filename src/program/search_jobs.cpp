#include "program/search_jobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/names.hpp"
#include "store/sweeps.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

std::string SearchJobs::name() const {
  return fmt::format("sweep{} {}", names.size() == 1 ? "" : "s", join(names, ", "));
}

namespace {

/// Adds the evaluations that a training has in another sweep, each of which counts once.
void add_evaluations(const TrainedJob& job, const JobContext& context, TrainedJob& known,
                     JobContext& known_context) {
  for (const JobContext::Evaluation& evaluation : context.evaluations) {
    const auto is_same = [&](const JobContext::Evaluation& one) {
      return one.task == evaluation.task && one.config == evaluation.config;
    };
    std::vector<JobContext::Evaluation>& all = known_context.evaluations;
    if (std::any_of(all.begin(), all.end(), is_same)) continue;
    all.push_back(evaluation);
    if (evaluation.state == JobState::finished)
      known.evaluation_flops += evaluation.flops;
    else
      known.unscored.push_back({evaluation.task, evaluation.state, evaluation.failure});
  }
  known.scores.insert(job.scores.begin(), job.scores.end());
}

}  // namespace

void SearchJobs::add(TrainedJob job, JobContext context) {
  const auto known =
      std::find_if(jobs.begin(), jobs.end(), [&](const TrainedJob& one) { return one.key == job.key; });
  if (known != jobs.end())
    return add_evaluations(job, context, *known, contexts[static_cast<std::size_t>(known - jobs.begin())]);
  jobs.push_back(std::move(job));
  contexts.push_back(std::move(context));
}

SearchJobs load_search(Database& database, const std::vector<std::string>& sweeps, Stage stage) {
  SearchJobs found;
  for (const std::string& sweep : sweeps) {
    const SweepRecord record = get_sweep(database, sweep);
    found.names.push_back(one_line(record.name));
    std::map<std::int64_t, JobContext> contexts = load_contexts(database, record.id, stage);
    for (TrainedJob& job : load_trained_jobs(database, record.id, stage)) {
      JobContext& context = contexts[job.id];
      found.add(std::move(job), std::move(context));
    }
  }
  return found;
}

void add_planned(const Plan& plan, Stage stage, SearchJobs& found) {
  found.names.push_back(one_line(plan.sweep));
  std::map<std::size_t, std::pair<TrainedJob, JobContext>> planned;
  std::vector<Json> configs, upstream;  // Of each job of the plan; upstream: of all that it builds on.
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    const PlannedJob& job = plan.jobs[i];
    Json& config = configs.emplace_back(Json::object());
    for (const std::uint32_t part : job.parts)
      config[plan.parts[part].section] = Json::parse(plan.parts[part].json);
    Json& above = upstream.emplace_back(Json::object());
    for (const std::uint32_t parent : job.parents)
      for (const Json* one : {&configs[parent], &upstream[parent]}) above.merge_patch(*one);
    if (job.stage == stage) {
      auto& [trained, context] = planned[i];
      trained.key = job.key.hex(), trained.seed = job.seed, trained.state = JobState::finished;
      trained.config = config, trained.steps = job.steps, trained.flops = job.cost.flops;
      context.upstream = above;
    }
    if (job.stage != Stage::eval) continue;
    for (const std::uint32_t parent : job.parents)
      if (const auto trained = planned.find(parent); trained != planned.end()) {
        trained->second.first.evaluation_flops += job.cost.flops;
        trained->second.second.evaluations.push_back(
            {job.task, config, {}, JobState::finished, "", job.cost.flops});
      }
  }
  if (planned.empty())
    throw Error(fmt::format("sweep {}: no job of stage {}, whose rate is searched", found.names.back(),
                            to_name(stage)));
  for (auto& [place, job] : planned) found.add(std::move(job.first), std::move(job.second));
}

}  // namespace ablate
