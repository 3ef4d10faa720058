#include "store/sweeps.hpp"

#include <fmt/format.h>

#include "store/key_lookup.hpp"
#include "store/query.hpp"

namespace ablate {

namespace {

SweepRecord read_sweep(const Query& row) {
  SweepRecord sweep;
  sweep.id = row.integer(0);
  sweep.name = row.text(1);
  sweep.path = row.text(2);
  for (const Json& axis : Json::parse(row.view(3)))
    sweep.axes.push_back(
        {axis.at("name").get<std::string>(), axis.at("levels").get<std::vector<std::string>>()});
  sweep.run = Json::parse(row.view(4));
  sweep.planned_at = row.real(5);
  return sweep;
}

}  // namespace

std::vector<SweepRecord> load_sweeps(Database& database) {
  std::vector<SweepRecord> sweeps;
  Query query(database, "SELECT id, name, path, axes, run, planned_at FROM sweep ORDER BY name");
  while (query.step()) try {
      sweeps.push_back(read_sweep(query));
    } catch (const Json::exception& error) {
      throw Error(fmt::format("{}: table sweep, row {}: {}", database.path().string(), query.integer(0),
                              error.what()));
    }
  return sweeps;
}

std::vector<std::optional<JobState>> find_states(Database& database, const Plan& plan) {
  const ReadTransaction snapshot(database);
  std::vector<std::optional<JobState>> states(plan.jobs.size());
  std::vector<Hash128> keys;
  for (const PlannedJob& job : plan.jobs) keys.push_back(job.key);
  find_rows(database, kJobTable, keys,
            [&](std::size_t index, const Query& row) { states[index] = from_name<JobState>(row.view(2)); });
  return states;
}

std::vector<Throughput> load_throughput(Database& database) {
  Query query(
      database,
      "SELECT j.stage, CASE WHEN a.device LIKE 'cuda%' THEN 'cuda' ELSE a.device END AS kind,"
      "       j.flops * CASE WHEN j.steps > 0 THEN 1.0 * (a.step - a.resume_step) / j.steps ELSE 1 END"
      "         / (a.ended_at - a.started_at)"
      "         / CASE WHEN a.device LIKE 'cpu%' THEN max(a.threads, 1) ELSE 1 END AS speed "
      "FROM attempt a JOIN job j ON j.id = a.job_id "
      "WHERE a.state = 'finished' AND a.ended_at > a.started_at AND j.flops > 0 "
      "  AND (j.steps = 0 OR a.step > a.resume_step) "
      "ORDER BY 1, 2, 3");
  std::vector<Throughput> result;
  std::vector<double> speeds;  // of the group at hand, rising
  const auto close_group = [&] {
    if (speeds.empty()) return;
    const std::size_t middle = speeds.size() / 2;
    result.back().flops_per_second =
        speeds.size() % 2 ? speeds[middle] : (speeds[middle - 1] + speeds[middle]) / 2;
    result.back().attempts = static_cast<std::int64_t>(speeds.size());
    speeds.clear();
  };
  while (query.step()) {
    const Stage stage = from_name<Stage>(query.view(0));
    if (result.empty() || result.back().stage != stage || result.back().device != query.view(1)) {
      close_group();
      result.push_back({stage, query.text(1)});
    }
    speeds.push_back(query.real(2));
  }
  close_group();
  return result;
}

}  // namespace ablate
