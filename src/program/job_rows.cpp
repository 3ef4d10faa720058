#include "program/job_rows.hpp"

#include "config/names.hpp"
#include "journal/attempt_folder.hpp"
#include "store/blocked.hpp"
#include "store/query.hpp"
#include "util/json.hpp"

namespace ablate {

namespace {

#define ABLATE_SELECT_JOBS                                                                                   \
  "SELECT j.id, j.key, j.stage, j.task, j.seed, j.shown_state, j.parents, j.steps,"                          \
  "  (SELECT count(*) FROM attempt b WHERE b.job_id = j.id),"                                                \
  "  coalesce((SELECT sum(coalesce(b.ended_at, b.last_event_at, b.started_at) - b.started_at) FROM attempt " \
  "b"                                                                                                        \
  "            WHERE b.job_id = j.id), 0),"                                                                  \
  "  coalesce(a.step, 0), coalesce(a.failure, ''), coalesce(a.message, ''), coalesce(a.folder, '')"          \
  " FROM job j LEFT JOIN attempt a ON a.job_id = j.id"                                                       \
  "  AND a.number = (SELECT max(c.number) FROM attempt c WHERE c.job_id = j.id)"                             \
  " WHERE j.task <> 'imported'"                                                                              \
  " AND (?1 IS NULL OR j.id IN (SELECT job_id FROM sweep_jobs WHERE sweep_id = ?1))"
constexpr const char* kSelectAll = ABLATE_SELECT_JOBS " ORDER BY j.id";
constexpr const char* kSelectInState = ABLATE_SELECT_JOBS " AND j.shown_state = ?2 ORDER BY j.id";
#undef ABLATE_SELECT_JOBS

std::vector<JobRow> read_rows(Query& query) {
  std::vector<JobRow> rows;
  while (query.step()) {
    JobRow& row = rows.emplace_back();
    row.id = query.integer(0);
    row.key = query.text(1);
    row.stage = query.text(2);
    row.task = query.text(3);
    row.seed = static_cast<std::uint64_t>(query.integer(4));
    row.state = from_name<JobState>(query.view(5));
    row.parents = Json::parse(query.view(6)).get<std::vector<std::int64_t>>();
    row.steps = query.integer(7);
    row.attempts = query.integer(8);
    row.seconds = query.real(9);
    row.step = query.integer(10);
    row.failure = query.text(11);
    row.message = query.text(12);
    row.folder = query.text(13);
    if (row.state == JobState::cancelled || row.state == JobState::stopped_early)
      row.message = cancel_words(row.state);
  }
  return rows;
}

}  // namespace

std::vector<JobRow> load_job_rows(Database& database, std::optional<std::int64_t> sweep_id) {
  Query query(database, kSelectAll, sweep_id);
  std::vector<JobRow> rows = read_rows(query);
  const auto blockers = find_blockers(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].blocked_by = blockers[i];
  return rows;
}

std::vector<JobRow> load_rows_in(Database& database, std::optional<std::int64_t> sweep_id, JobState state) {
  Query query(database, kSelectInState, sweep_id, to_name(state));
  return read_rows(query);
}

std::string shown_state(const JobRow& row) { return row.blocked_by ? "blocked" : to_name(row.state); }

std::string cancel_words(JobState state) {
  return state == JobState::stopped_early
             ? "stopped early: others of its size, seed and batch were better (`ablate law run --stop-early`)"
             : "cancelled by `ablate cancel`";
}

std::string ended_words(JobState state) {
  if (state == JobState::failed) return "failed";
  return state == JobState::stopped_early ? "was stopped early" : "was cancelled";
}

std::filesystem::path log_path(const Database& database, const JobRow& row) {
  return AttemptFolder{database.folder() / row.folder}.log();
}

}  // namespace ablate
