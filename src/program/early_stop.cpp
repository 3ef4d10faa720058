#include "program/early_stop.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "program/law_input.hpp"

namespace ablate {

namespace {

constexpr double kSecondsBetweenLooks = 2;
constexpr std::size_t kLeastCompared = 3;
/// A rung's loss is the mean over this share of the run before it: single batches are noisy.
constexpr double kAveragedShare = 0.1;

std::int64_t rung_step(std::int64_t steps, double share) {
  return static_cast<std::int64_t>(std::ceil(share * static_cast<double>(steps)));
}

}  // namespace

EarlyStop::EarlyStop(Database& database, std::int64_t sweep_id, Stage stage) {
  std::map<std::tuple<double, double, double, std::uint64_t>, std::size_t> groups;
  for (const TrainedJob& trained : load_trained_jobs(database, sweep_id, stage)) {
    const LawRun run = settings_of(trained, stage);
    const auto group =
        groups.try_emplace({run.params, run.tokens, run.batch, trained.seed}, groups.size()).first;
    Job& job = jobs_.emplace_back();
    job.id = trained.id, job.steps = trained.steps, job.lr = run.lr, job.group = group->second;
    job.at_rung.resize(rule_.rungs.size());
  }
  groups_ = groups.size();
}

void EarlyStop::update(Database& database, Job& job) const {
  const JobPosition position = load_position(database, job.id);
  job.running = position.state == JobState::running;
  job.over = !is_under_way(position.state) && position.state != JobState::waiting;
  for (std::size_t rung = 0; rung < job.at_rung.size(); ++rung) {
    const std::int64_t to = rung_step(job.steps, rule_.rungs[rung]);
    if (job.at_rung[rung]) continue;
    if (position.last_step >= to)
      job.at_rung[rung] = mean_loss(database, job.id, to - rung_step(job.steps, kAveragedShare), to);
    else if (position.state == JobState::failed)
      job.at_rung[rung] = std::numeric_limits<double>::quiet_NaN();
  }
}

std::vector<StopDecision> EarlyStop::losers() const {
  std::vector<StopDecision> found;
  for (std::size_t group = 0; group < groups_; ++group)
    for (std::size_t rung = 0; rung < rule_.rungs.size(); ++rung) {
      std::vector<const Job*> there;
      std::vector<RungLoss> losses;
      for (const Job& job : jobs_)
        if (job.group == group && job.at_rung[rung]) {
          there.push_back(&job);
          losses.push_back({job.lr, *job.at_rung[rung]});
        }
      if (there.size() < kLeastCompared) continue;
      const std::vector<std::size_t> kept = survivors(losses, rule_);
      for (std::size_t i = 0; i < there.size(); ++i) {
        // What came further is judged there.
        const bool further = rung + 1 < rule_.rungs.size() && there[i]->at_rung[rung + 1];
        if (there[i]->running && !further && !std::binary_search(kept.begin(), kept.end(), i))
          found.push_back({there[i]->id, CancelReason::early_stop});
      }
    }
  return found;
}

std::vector<StopDecision> EarlyStop::decide(Database& database, double now) {
  if (now - looked_ < kSecondsBetweenLooks) return {};
  looked_ = now;
  for (Job& job : jobs_)
    if (!job.over) update(database, job);
  return losers();
}

}  // namespace ablate
