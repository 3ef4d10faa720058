#include "store/sweep_jobs.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "config/resolved.hpp"
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

std::vector<SweepSource> load_sweep_sources(Database& database, std::int64_t sweep_id) {
  std::map<std::string, std::filesystem::path> paths;
  for (Query query(database, "SELECT hash, path FROM data_source"); query.step();)
    paths.emplace(query.text(0), query.text(1));
  if (paths.empty()) return {};
  std::set<std::int64_t> parts;
  Query parts_of(database, "SELECT parts FROM job WHERE id = ?");
  for (const std::int64_t job : load_sweep_jobs(database, sweep_id).ids)
    if (parts_of.bind(job).step()) for_each_id(parts_of.view(0), [&](std::int64_t id) { parts.insert(id); });
  std::map<std::pair<std::string, SourceKind>, SweepSource> sources;
  Query part(database, "SELECT section, json FROM part WHERE id = ?");
  for (const std::int64_t id : parts) {
    if (!part.bind(id).step()) continue;
    visit_sources(
        {{part.text(0), Json::parse(part.view(1))}}, [&](const Field& field, const std::string& hash) {
          if (const auto path = paths.find(hash); path != paths.end())
            sources.try_emplace({hash, field.source}, SweepSource{field.source, hash, path->second});
        });
  }
  std::vector<SweepSource> list;
  for (auto& [key, source] : sources) list.push_back(std::move(source));
  return list;
}

}  // namespace ablate
