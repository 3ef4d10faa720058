#include "store/sweeps.hpp"

#include <fmt/format.h>

#include "store/imports.hpp"
#include "store/key_lookup.hpp"
#include "store/query.hpp"

namespace ablate {

namespace {

SweepRecord read_sweep(const Query& row) {
  SweepRecord sweep;
  sweep.id = row.integer(0);
  sweep.name = row.text(1);
  sweep.path = row.text(2);
  for (const Json& axis : Json::parse(row.view(3))) {
    sweep.axes.push_back(
        {axis.at("name").get<std::string>(), axis.at("levels").get<std::vector<std::string>>()});
    if (const auto range = axis.find("range"); range != axis.end())
      sweep.axes.back().range = SampleRange{range->at("low").get<double>(), range->at("high").get<double>(),
                                            from_name<Scale>(range->at("scale").get<std::string>())};
  }
  sweep.run = Json::parse(row.view(4));
  sweep.planned_at = row.real(5);
  if (!row.is_null(6)) sweep.imported = parse_roles(row.view(6));
  return sweep;
}

}  // namespace

std::vector<SweepRecord> load_sweeps(Database& database) {
  std::vector<SweepRecord> sweeps;
  Query query(database, "SELECT id, name, path, axes, run, planned_at, imported FROM sweep ORDER BY name");
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

}  // namespace ablate
