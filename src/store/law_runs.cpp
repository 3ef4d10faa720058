#include "store/law_runs.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "config/names.hpp"
#include "store/query.hpp"
#include "store/sweep_jobs.hpp"

namespace ablate {

namespace {

/// The jobs of one stage of a sweep, in the making.
struct StageJobs {
  SweepJobs sweep;
  std::vector<TrainedJob> jobs;
  std::unordered_map<std::int64_t, std::size_t> by_id;

  TrainedJob* find(std::int64_t id) {
    const auto place = by_id.find(id);
    return place == by_id.end() ? nullptr : &jobs[place->second];
  }
};

void read_jobs(Database& database, Stage stage, StageJobs& found) {
  Query query(database,
              "SELECT j.id, j.key, j.seed, j.shown_state, j.steps, j.flops,"
              " (SELECT json_group_object(p.section, json(p.json))"
              "  FROM json_each(j.parts) AS e JOIN part p ON p.id = e.value),"
              " (SELECT a.failure FROM attempt a WHERE a.job_id = j.id ORDER BY a.number DESC LIMIT 1)"
              " FROM job j WHERE j.id BETWEEN ? AND ? AND j.stage = ? ORDER BY j.id");
  query.bind(found.sweep.first_id(), found.sweep.last_id(), to_name(stage));
  while (query.step()) {
    if (found.sweep.find(query.integer(0)) < 0) continue;
    found.by_id.emplace(query.integer(0), found.jobs.size());
    TrainedJob& job = found.jobs.emplace_back();
    job.id = query.integer(0);
    job.key = query.text(1);
    job.seed = static_cast<std::uint64_t>(query.integer(2));
    job.state = from_name<JobState>(query.view(3));
    job.steps = query.integer(4);
    job.flops = query.real(5);
    job.config = Json::parse(query.view(6));
    job.failure = query.text(7);
  }
}

void read_metrics(Database& database, StageJobs& found) {
  Query query(database,
              "SELECT m.job_id, n.name, m.last_value, m.last_step FROM metric_summary m"
              " JOIN metric_name n ON n.id = m.name_id WHERE m.job_id BETWEEN ? AND ?");
  query.bind(found.sweep.first_id(), found.sweep.last_id());
  while (query.step())
    if (TrainedJob* const job = found.find(query.integer(0))) {
      if (job->state == JobState::finished) job->metrics[query.text(1)] = query.real(2);
      job->last_step = std::max(job->last_step, query.integer(3));
    }
}

/// The evaluations of jobs that have no scores.
void read_unscored(Database& database, StageJobs& found) {
  Query query(database,
              "SELECT k.id, e.value, k.task, k.shown_state,"
              " (SELECT a.failure FROM attempt a WHERE a.job_id = k.id ORDER BY a.number DESC LIMIT 1)"
              " FROM job k, json_each(k.parents) AS e"
              " WHERE k.id BETWEEN ? AND ? AND k.stage = 'eval' AND k.state <> 'finished' ORDER BY k.id");
  query.bind(found.sweep.first_id(), found.sweep.last_id());
  while (query.step()) {
    TrainedJob* const job = found.find(query.integer(1));
    if (job && found.sweep.find(query.integer(0)) >= 0)
      job->unscored.push_back({query.text(2), from_name<JobState>(query.view(3)), query.text(4)});
  }
}

void read_scores(Database& database, StageJobs& found) {
  Query query(database,
              "SELECT k.id, e.value, s.name, s.value FROM job k, json_each(k.parents) AS e"
              " JOIN score_value s ON s.job_id = k.id WHERE k.id BETWEEN ? AND ? AND k.stage = 'eval'"
              " AND k.state = 'finished'");
  query.bind(found.sweep.first_id(), found.sweep.last_id());
  while (query.step()) {
    TrainedJob* const job = found.find(query.integer(1));
    if (job && found.sweep.find(query.integer(0)) >= 0) job->scores[query.text(2)] = query.real(3);
  }
}

void read_evaluation_flops(Database& database, StageJobs& found) {
  Query query(database,
              "SELECT k.id, e.value, k.flops FROM job k, json_each(k.parents) AS e"
              " WHERE k.id BETWEEN ? AND ? AND k.stage = 'eval' AND k.state = 'finished'");
  query.bind(found.sweep.first_id(), found.sweep.last_id());
  while (query.step()) {
    TrainedJob* const job = found.find(query.integer(1));
    if (job && found.sweep.find(query.integer(0)) >= 0) job->evaluation_flops += query.real(2);
  }
}

}  // namespace

std::vector<TrainedJob> load_trained_jobs(Database& database, std::int64_t sweep_id, Stage stage) {
  const ReadTransaction snapshot(database);
  StageJobs found{.sweep = load_sweep_jobs(database, sweep_id), .jobs = {}, .by_id = {}};
  read_jobs(database, stage, found);
  read_metrics(database, found);
  read_unscored(database, found);
  read_scores(database, found);
  read_evaluation_flops(database, found);
  return std::move(found.jobs);
}

std::map<std::int64_t, JobContext> load_contexts(Database& database, std::int64_t sweep_id, Stage stage) {
  const ReadTransaction snapshot(database);
  const SweepJobs jobs = load_sweep_jobs(database, sweep_id);
  struct Node {
    std::string stage, task;
    std::vector<std::int64_t> parents;
    Json config;
    std::map<std::string, double> scores;
    JobState state = JobState::waiting;
    std::string failure;
    double flops = 0;
  };
  std::map<std::int64_t, Node> nodes;
  {
    Query query(database,
                "SELECT j.id, j.stage, j.task, j.parents,"
                " (SELECT json_group_object(p.section, json(p.json))"
                "  FROM json_each(j.parts) AS e JOIN part p ON p.id = e.value), j.shown_state,"
                " (SELECT a.failure FROM attempt a WHERE a.job_id = j.id ORDER BY a.number DESC LIMIT 1),"
                " j.flops FROM job j WHERE j.id BETWEEN ? AND ? ORDER BY j.id");
    query.bind(jobs.first_id(), jobs.last_id());
    while (query.step())
      if (jobs.find(query.integer(0)) >= 0)
        nodes[query.integer(0)] = {query.text(1),
                                   query.text(2),
                                   Json::parse(query.view(3)).get<std::vector<std::int64_t>>(),
                                   Json::parse(query.view(4)),
                                   {},
                                   from_name<JobState>(query.view(5)),
                                   query.text(6),
                                   query.real(7)};
  }
  {
    Query query(database,
                "SELECT k.id, s.name, s.value FROM job k JOIN score_value s ON s.job_id = k.id"
                " WHERE k.id BETWEEN ? AND ? AND k.state = 'finished'");
    query.bind(jobs.first_id(), jobs.last_id());
    while (query.step())
      if (const auto node = nodes.find(query.integer(0)); node != nodes.end())
        node->second.scores[query.text(1)] = query.real(2);
  }
  const auto is_trained = [&](const Node& node) { return node.stage == to_name(stage); };
  std::map<std::int64_t, JobContext> contexts;
  for (const auto& [id, node] : nodes) {
    if (is_trained(node)) {
      Json& upstream = contexts[id].upstream = Json::object();
      std::vector<std::int64_t> waiting = node.parents;
      while (!waiting.empty()) {
        const auto parent = nodes.find(waiting.back());
        waiting.pop_back();
        if (parent == nodes.end()) continue;
        for (const auto& [section, keys] : parent->second.config.items())
          for (const auto& [key, value] : keys.items()) upstream[section][key] = value;
        waiting.insert(waiting.end(), parent->second.parents.begin(), parent->second.parents.end());
      }
    }
    if (node.stage != to_name(Stage::eval)) continue;
    for (const std::int64_t parent : node.parents)
      if (const auto trained = nodes.find(parent); trained != nodes.end() && is_trained(trained->second))
        contexts[parent].evaluations.push_back(
            {node.task, node.config, node.scores, node.state, node.failure, node.flops});
  }
  return contexts;
}

JobPosition load_position(Database& database, std::int64_t job_id) {
  Query query(
      database,
      "SELECT j.shown_state, (SELECT m.last_step FROM metric_summary m JOIN metric_name n ON n.id = m.name_id"
      " WHERE m.job_id = j.id AND n.name = 'loss') FROM job j WHERE j.id = ?",
      job_id);
  if (!query.step()) return {};
  return {from_name<JobState>(query.view(0)), query.integer(1)};
}

double mean_loss(Database& database, std::int64_t job_id, std::int64_t from, std::int64_t to) {
  Query query(database,
              "SELECT avg(p.value) FROM metric_point p JOIN metric_name n ON n.id = p.name_id"
              " WHERE p.job_id = ? AND n.name = 'loss' AND p.step > ? AND p.step <= ?",
              job_id, from, to);
  query.step();
  return query.real(0);
}

}  // namespace ablate
