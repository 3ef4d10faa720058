#include "store/jobs.hpp"

#include <fmt/format.h>

#include "config/resolved.hpp"
#include "store/ids.hpp"
#include "store/imports.hpp"
#include "store/query.hpp"
#include "store/sweep_jobs.hpp"

namespace ablate {

namespace {

#define JOB_COLUMNS                                                                        \
  "id, key, stage, task, seed, parents, steps, flops, memory_bytes, shown_state, cancel, " \
  "micro_batch_halvings, trajectory"

JobRecord read_job(const Query& row) {
  JobRecord job;
  job.id = row.integer(0);
  job.key = row.view(1);
  job.stage = from_name<Stage>(row.view(2));
  job.task = row.view(3);
  job.seed = static_cast<std::uint64_t>(row.integer(4));
  for_each_id(row.view(5), [&job](std::int64_t id) { job.parents.push_back(id); });
  job.steps = row.integer(6);
  job.flops = row.real(7);
  job.memory_bytes = row.real(8);
  job.state = from_name<JobState>(row.view(9));
  job.cancel = static_cast<CancelReason>(row.integer(10));
  job.micro_batch_halvings = row.integer(11);
  job.trajectory = row.view(12);
  return job;
}

bool is_digits(std::string_view text, std::string_view digits) {
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

}  // namespace

std::vector<JobRecord> load_jobs(Database& database, std::int64_t sweep_id) {
  const ReadTransaction snapshot(database);
  const SweepJobs needed = load_sweep_jobs(database, sweep_id);
  std::vector<JobRecord> jobs;
  jobs.reserve(needed.ids.size());
  Query query(database, "SELECT " JOB_COLUMNS " FROM job WHERE id BETWEEN ? AND ? ORDER BY id");
  query.bind(needed.first_id(), needed.last_id());
  // Both rise by id; jobs of other sweeps in between are passed over.
  while (jobs.size() < needed.ids.size() && query.step())
    if (query.integer(0) == needed.ids[jobs.size()]) jobs.push_back(read_job(query));
  if (jobs.size() < needed.ids.size())
    throw Error(
        fmt::format("{}: is damaged: job {} is missing", database.path().string(), needed.ids[jobs.size()]));
  for (const SweepJobs::Need& need : needed.needs) {
    JobRecord& job = jobs[need.job];
    if (job.replicates++ == 0) job.order = need.replicate;
  }
  return jobs;
}

namespace {

/// Throws Error for the row that stands for an imported run.
JobRecord planned_job(JobRecord job) {
  if (job.task == kImportedTask)
    throw Error(
        fmt::format("{} is a run that was imported: it has no job, and nothing of it runs here", job.key));
  return job;
}

}  // namespace

JobRecord get_job(Database& database, const std::string& key_prefix) {
  const auto fail = [&](std::string_view what) {
    return Error(fmt::format("{}: {}; expected a job's id, or 4 or more digits of its key",
                             database.path().string(), what));
  };
  if (!is_digits(key_prefix, "0123456789abcdef"))
    throw fail(fmt::format("no job '{}'", printable(key_prefix)));
  if (key_prefix.size() >= 4) {
    Query query(database,
                "SELECT " JOB_COLUMNS " FROM job WHERE key >= ?1 AND key < ?1 || 'g' ORDER BY key LIMIT 6");
    query.bind(key_prefix);
    std::vector<JobRecord> found;
    while (query.step()) found.push_back(read_job(query));
    if (found.size() == 1) return planned_job(std::move(found.front()));
    if (found.size() > 1) {
      std::vector<std::string> keys;
      for (const JobRecord& job : found) keys.push_back(job.key);
      if (keys.size() > 5) keys.back() = "...";
      throw Error(fmt::format("{}: several jobs' keys begin with '{}': {}; expected more digits",
                              database.path().string(), key_prefix, join(keys, ", ")));
    }
  }
  if (is_digits(key_prefix, "0123456789") && key_prefix.size() <= 18) {
    Query query(database, "SELECT " JOB_COLUMNS " FROM job WHERE id = ?",
                std::int64_t{std::stoll(key_prefix)});
    if (query.step()) return planned_job(read_job(query));
  }
  throw fail(fmt::format("no job '{}'", key_prefix));
}

Json job_description(Database& database, std::int64_t job_id) {
  const ReadTransaction snapshot(database);
  Json description = Json::object();
  {
    Query query(database, "SELECT key, stage, task, seed, steps FROM job WHERE id = ?", job_id);
    if (!query.step()) throw Error(fmt::format("{}: no job with id {}", database.path().string(), job_id));
    description = {{"key", query.text(0)},      {"stage", query.text(1)},
                   {"task", query.text(2)},     {"seed", static_cast<std::uint64_t>(query.integer(3))},
                   {"steps", query.integer(4)}, {"config", Json::object()},
                   {"parents", Json::object()}};
  }
  Query parts(database,
              "SELECT p.section, p.json FROM job j, json_each(j.parts) e JOIN part p ON p.id = e.value WHERE "
              "j.id = ?");
  parts.bind(job_id);
  while (parts.step()) description["config"][parts.text(0)] = Json::parse(parts.view(1));
  Query parents(
      database,
      "SELECT k.stage, k.key FROM job j, json_each(j.parents) e JOIN job k ON k.id = e.value WHERE j.id = ?");
  parents.bind(job_id);
  while (parents.step()) description["parents"][parents.text(0)] = parents.text(1);
  return description;
}

CancelResult cancel_jobs(Database& database, std::span<const std::int64_t> job_ids, CancelReason reason) {
  WriteTransaction transaction(database);
  CancelResult result;
  const auto code = static_cast<std::int64_t>(reason);
  Query waiting(database,
                "UPDATE job SET state = 'cancelled', cancel = ? WHERE id = ? AND state = 'waiting'");
  Query running(database,
                "UPDATE job SET cancel = CASE WHEN cancel = 0 THEN ?1 ELSE min(cancel, ?1) END"
                " WHERE id = ?2 AND (state = 'queued' OR state = 'running')");
  Query stopped(database, "UPDATE job SET cancel = ?1 WHERE id = ?2 AND state = 'cancelled' AND cancel > ?1");
  for (const std::int64_t id : job_ids) {
    result.stopped += stopped.bind(code, id).run();
    result.cancelled += waiting.bind(code, id).run();
    result.marked += running.bind(code, id).run();
  }
  transaction.commit();
  return result;
}

std::map<std::int64_t, std::string> load_jobs_without_folder(Database& database) {
  std::map<std::int64_t, std::string> keys;
  // Beside max(), SQLite takes the other columns from the row that has it.
  Query query(database,
              "SELECT j.id, j.key, a.folder, max(a.number) FROM job j JOIN attempt a ON a.job_id = j.id"
              " WHERE j.state = 'finished' AND a.state = 'finished' GROUP BY j.id");
  while (query.step()) {
    std::error_code failed;
    if (!std::filesystem::exists(database.folder() / query.text(2), failed) && !failed)
      keys.emplace(query.integer(0), query.text(1));
  }
  return keys;
}

std::int64_t retry_jobs(Database& database, std::span<const std::int64_t> job_ids) {
  const std::map<std::int64_t, std::string> without_folder = load_jobs_without_folder(database);
  WriteTransaction transaction(database);
  std::int64_t retried = 0;
  Query query(
      database,
      "UPDATE job SET state = 'waiting', cancel = 0 WHERE id = ? AND state IN ('failed', 'cancelled')");
  Query again(database, "UPDATE job SET state = 'waiting', cancel = 0 WHERE id = ? AND state = 'finished'");
  for (const std::int64_t id : job_ids) {
    retried += query.bind(id).run();
    if (without_folder.count(id) > 0) retried += again.bind(id).run();
  }
  transaction.commit();
  return retried;
}

std::int64_t resume_stopped_jobs(Database& database, std::int64_t sweep_id) {
  // The few that were stopped are looked for first, whatever the size of the sweep.
  return Query(database,
               "UPDATE job SET state = CASE state WHEN 'cancelled' THEN 'waiting' ELSE state END, cancel = 0"
               " WHERE cancel = 2 AND +id IN (SELECT job_id FROM sweep_jobs WHERE sweep_id = ?)",
               sweep_id)
      .run();
}

std::vector<std::int64_t> load_cancel_requests(Database& database) {
  std::vector<std::int64_t> ids;
  Query query(database,
              "SELECT id FROM job WHERE (state = 'queued' OR state = 'running') AND cancel != 0 ORDER BY id");
  while (query.step()) ids.push_back(query.integer(0));
  return ids;
}

std::map<std::string, std::filesystem::path> load_sources(Database& database, const Json& config) {
  std::map<std::string, std::filesystem::path> sources;
  visit_sources(config, [&](const Field&, const std::string& hash) {
    Query query(database, "SELECT path FROM data_source WHERE hash = ?", hash);
    if (query.step()) sources[hash] = query.text(0);
  });
  return sources;
}

}  // namespace ablate
