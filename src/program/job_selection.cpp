#include "program/job_selection.hpp"

#include <algorithm>

#include "config/names.hpp"
#include "store/imports.hpp"
#include "store/jobs.hpp"
#include "store/sweeps.hpp"

namespace ablate {

namespace {

bool is_wanted(const std::vector<std::string>& wanted, const std::string& name) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
}

}  // namespace

std::vector<std::string> shown_states() {
  std::vector<std::string> names = known_names<JobState>();
  names.push_back("blocked");
  return names;
}

std::vector<JobRow> select_jobs(Database& database, const std::optional<std::string>& sweep,
                                const std::vector<std::string>& states,
                                const std::vector<std::string>& stages) {
  std::optional<std::int64_t> sweep_id;
  if (sweep) {
    const SweepRecord record = get_sweep(database, *sweep);
    if (record.imported) throw Error(imported_words(record));
    sweep_id = record.id;
  }
  std::vector<JobRow> rows = load_job_rows(database, sweep_id);
  // What blocks a job is named by its index: it has to be found before jobs are left out.
  for (JobRow& row : rows)
    if (row.blocked_by && row.message.empty()) {
      const JobRow& cause = rows[*row.blocked_by];
      row.message = cause.stage + " " + cause.key.substr(0, 8) + " " + ended_words(cause.state);
    }
  std::erase_if(rows, [&](const JobRow& row) {
    return !is_wanted(states, shown_state(row)) || !is_wanted(stages, row.stage);
  });
  return rows;
}

std::vector<std::int64_t> ids_of_keys(Database& database, const std::vector<std::string>& keys) {
  std::vector<std::int64_t> ids;
  for (const std::string& key : keys) ids.push_back(get_job(database, key).id);
  return ids;
}

}  // namespace ablate
