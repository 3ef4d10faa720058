#include "store/sweep_jobs.hpp"

#include <algorithm>

#include "store/ids.hpp"
#include "store/query.hpp"

namespace ablate {

std::ptrdiff_t SweepJobs::find(std::int64_t job_id) const {
  const auto found = std::lower_bound(ids.begin(), ids.end(), job_id);
  return found != ids.end() && *found == job_id ? found - ids.begin() : -1;
}

SweepJobs load_sweep_jobs(Database& database, std::int64_t sweep_id) {
  SweepJobs result;
  std::vector<std::int64_t> needed;  // job id of each need
  std::int64_t lowest = INT64_MAX, highest = -1;
  Query query(database, "SELECT number, jobs FROM replicate WHERE sweep_id = ? ORDER BY number", sweep_id);
  while (query.step()) {
    const auto replicate = static_cast<std::uint32_t>(query.integer(0));
    for_each_id(query.view(1), [&](std::int64_t id) {
      needed.push_back(id);
      result.needs.push_back({replicate, 0});
      lowest = std::min(lowest, id);
      highest = std::max(highest, id);
    });
  }
  if (needed.empty()) return result;

  // Job id to index, by table: ids lie close together.
  std::vector<std::uint32_t> index(static_cast<std::size_t>(highest - lowest + 1), 0);
  for (const std::int64_t id : needed) index[static_cast<std::size_t>(id - lowest)] = 1;
  for (std::size_t offset = 0; offset < index.size(); ++offset) {
    if (index[offset] == 0) continue;
    index[offset] = static_cast<std::uint32_t>(result.ids.size());
    result.ids.push_back(lowest + static_cast<std::int64_t>(offset));
  }
  for (std::size_t i = 0; i < needed.size(); ++i)
    result.needs[i].job = index[static_cast<std::size_t>(needed[i] - lowest)];
  return result;
}

}  // namespace ablate
