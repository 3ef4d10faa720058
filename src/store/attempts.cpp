#include <fmt/format.h>

#include "store/curve_writer.hpp"
#include "store/jobs.hpp"
#include "store/query.hpp"

namespace ablate {

namespace {

#define ATTEMPT_COLUMNS                                                                                 \
  "id, job_id, number, state, device, threads, memory_bytes, time_limit, folder, handle, host, "        \
  "resume_step, step, total_steps, "                                                                    \
  "last_word, "                                                                                         \
  "checkpoint_step, checkpoint_path, started_at, last_event_at, ended_at, exit_code, signal, failure, " \
  "message, "                                                                                           \
  "journal_offset, journal_seq, repeated, missing, unknown, malformed, torn, late"

std::optional<int> find_int(const Query& row, int column) {
  const auto value = row.find_integer(column);
  return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

AttemptRecord read_attempt(const Query& row) {
  AttemptRecord attempt;
  int column = 0;
  attempt.id = row.integer(column++);
  attempt.job_id = row.integer(column++);
  attempt.number = row.integer(column++);
  attempt.state = from_name<AttemptState>(row.view(column++));
  attempt.placement = parse_device(row.view(column++));
  attempt.placement.threads = row.integer(column++);
  attempt.placement.memory_bytes = row.real(column++);
  attempt.placement.time_limit = row.real(column++);
  attempt.folder = row.view(column++);
  attempt.handle = row.view(column++);
  attempt.host = row.view(column++);
  attempt.resume_step = row.integer(column++);
  attempt.step = row.integer(column++);
  attempt.total_steps = row.integer(column++);
  attempt.last_word = row.view(column++);
  attempt.checkpoint_step = row.find_integer(column++);
  attempt.checkpoint_path = row.view(column++);
  attempt.started_at = row.real(column++);
  attempt.last_event_at = row.find_real(column++);
  attempt.ended_at = row.find_real(column++);
  attempt.exit_code = find_int(row, column++);
  attempt.signal = find_int(row, column++);
  attempt.failure = row.view(column++);
  attempt.message = row.view(column++);
  attempt.journal.offset = row.integer(column++);
  attempt.journal.last_seq = row.integer(column++);
  attempt.faults.repeated = row.integer(column++);
  attempt.faults.missing = row.integer(column++);
  attempt.faults.unknown = row.integer(column++);
  attempt.faults.malformed = row.integer(column++);
  attempt.faults.torn = row.integer(column++);
  attempt.late = row.integer(column++);
  return attempt;
}

/// Makes the folder of a new attempt. False when there is one of that name. What else stands in the way is
/// told by whoever writes into it.
bool claim_folder(const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder.parent_path(), failed);
  return std::filesystem::create_directory(folder, failed) || failed;
}

std::vector<AttemptRecord> read_attempts(Query& query) {
  std::vector<AttemptRecord> attempts;
  while (query.step()) attempts.push_back(read_attempt(query));
  return attempts;
}

}  // namespace

std::int64_t begin_invocation(Database& database, const InvocationRecord& invocation, double now) {
  WriteTransaction transaction(database);
  std::int64_t id = 0;
  {
    Query query(database,
                "INSERT INTO invocation (command, folder, host, user, pid, version, git_revision, git_dirty, "
                "started_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                Json(invocation.command).dump(-1, ' ', false, Json::error_handler_t::replace),
                invocation.folder, invocation.host, invocation.user, invocation.pid, invocation.version,
                invocation.git_revision, invocation.git_dirty, now);
    query.step();
    id = query.integer(0);
  }
  transaction.commit();
  return id;
}

void end_invocation(Database& database, std::int64_t invocation_id, double now) {
  Query(database, "UPDATE invocation SET ended_at = ? WHERE id = ?", now, invocation_id).run();
}

std::vector<AttemptRecord> load_attempts(Database& database, std::int64_t job_id) {
  Query query(database, "SELECT " ATTEMPT_COLUMNS " FROM attempt WHERE job_id = ? ORDER BY number", job_id);
  return read_attempts(query);
}

std::vector<AttemptRecord> load_open_attempts(Database& database) {
  Query query(database, "SELECT " ATTEMPT_COLUMNS
                        " FROM attempt WHERE state = 'queued' OR state = 'running' ORDER BY id");
  return read_attempts(query);
}

AttemptRecord get_attempt(Database& database, std::int64_t attempt_id) {
  Query query(database, "SELECT " ATTEMPT_COLUMNS " FROM attempt WHERE id = ?", attempt_id);
  if (!query.step())
    throw Error(fmt::format("{}: no attempt with id {}", database.path().string(), attempt_id));
  return read_attempt(query);
}

std::optional<Checkpoint> find_checkpoint(Database& database, std::int64_t job_id) {
  Query query(database,
              "SELECT checkpoint_step, folder || '/' || checkpoint_path FROM attempt"
              " WHERE job_id = ? AND checkpoint_step IS NOT NULL ORDER BY number DESC",
              job_id);
  while (query.step()) {
    const std::filesystem::path path = database.folder() / query.text(1);
    std::error_code failed;
    if (std::filesystem::exists(path, failed)) return Checkpoint{query.integer(0), path, job_id};
  }
  return std::nullopt;
}

std::optional<Checkpoint> find_other_checkpoint(Database& database, const JobRecord& job, std::int64_t step) {
  if (job.trajectory.empty()) return std::nullopt;
  Query query(
      database,
      "SELECT a.checkpoint_step, a.folder || '/' || a.checkpoint_path, j.id, j.key FROM job j"
      " JOIN attempt a ON a.job_id = j.id WHERE j.trajectory = ?1 AND j.trajectory <> '' AND j.id <> ?2"
      " AND j.state <> 'queued' AND j.state <> 'running'"
      // One that may be damaged costs an attempt, not the job.
      " AND NOT EXISTS (SELECT 1 FROM attempt f WHERE f.job_id = ?2 AND f.state = 'failed')"
      " AND a.checkpoint_step > ?3 AND a.checkpoint_step < ?4"
      " ORDER BY a.checkpoint_step DESC, j.id, a.number DESC",
      job.trajectory, job.id, step, job.steps);
  while (query.step()) {
    const std::filesystem::path path = database.folder() / query.text(1);
    std::error_code failed;
    if (std::filesystem::exists(path, failed))
      return Checkpoint{query.integer(0), path, query.integer(2), query.text(3)};
  }
  return std::nullopt;
}

bool has_longer_job(Database& database, const JobRecord& job) {
  if (job.trajectory.empty()) return false;
  Query query(database, "SELECT 1 FROM job WHERE trajectory = ? AND trajectory <> '' AND steps > ? LIMIT 1",
              job.trajectory, job.steps);
  return query.step();
}

namespace {

/// Gives a job the curves of another one up to a step.
void copy_curves(Database& database, std::int64_t from, std::int64_t to, std::int64_t attempt,
                 std::int64_t last_step) {
  CurveWriter curves(database, to, attempt);
  Query points(database,
               "SELECT n.name, m.step, m.value FROM metric_point m JOIN metric_name n ON n.id = m.name_id"
               " WHERE m.job_id = ? AND m.step <= ? ORDER BY m.name_id, m.step",
               from, last_step);
  while (points.step()) curves.add(points.text(0), points.integer(1), points.real(2));
  curves.finish();
}

}  // namespace

std::optional<AttemptRecord> begin_attempt(Database& database, const JobRecord& job,
                                           std::int64_t invocation_id, const Placement& placement,
                                           double now) {
  WriteTransaction transaction(database);
  const auto changed =
      Query(database, "UPDATE job SET state = 'queued' WHERE id = ? AND state = 'waiting' AND cancel = 0",
            job.id)
          .run();
  if (changed == 0) return std::nullopt;

  std::int64_t number = 1;
  {
    Query query(database, "SELECT coalesce(max(number), 0) + 1 FROM attempt WHERE job_id = ?", job.id);
    if (query.step()) number = query.integer(0);
  }
  const auto folder = [&] { return fmt::format("jobs/{}/{}", job.key, number); };
  while (!claim_folder(database.folder() / folder())) ++number;
  auto checkpoint = find_checkpoint(database, job.id);
  if (auto other = find_other_checkpoint(database, job, checkpoint ? checkpoint->step : 0)) {
    copy_curves(database, other->job_id, job.id, number, other->step);
    checkpoint = std::move(other);
  }
  const std::int64_t resume_step = checkpoint ? checkpoint->step : 0;
  std::int64_t id = 0;
  {
    Query query(database,
                "INSERT INTO attempt (job_id, number, invocation_id, state, device, threads, memory_bytes,"
                " time_limit, folder, resume_step, step, started_at)"
                " VALUES (?1, ?2, ?3, 'queued', ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10) RETURNING id",
                job.id, number, invocation_id, placement.device(), placement.threads, placement.memory_bytes,
                placement.time_limit, folder(), resume_step, now);
    query.step();
    id = query.integer(0);
  }
  AttemptRecord attempt = get_attempt(database, id);
  if (checkpoint) {
    attempt.resume_path = checkpoint->path;
    attempt.resume_job = checkpoint->job_key;
  }
  transaction.commit();
  return attempt;
}

void record_submission(Database& database, AttemptRecord& attempt, const std::string& handle, bool is_running,
                       double now) {
  WriteTransaction transaction(database);
  Query(database, "UPDATE attempt SET handle = ? WHERE id = ?", handle, attempt.id).run();
  attempt.handle = handle;
  if (is_running) record_start(database, attempt, now);
  transaction.commit();
}

void record_start(Database& database, AttemptRecord& attempt, double now) {
  const auto changed =
      Query(database,
            "UPDATE attempt SET state = 'running', started_at = ? WHERE id = ? AND state = 'queued'", now,
            attempt.id)
          .run();
  if (changed == 0) return;
  Query(database, "UPDATE job SET state = 'running' WHERE id = ? AND state = 'queued'", attempt.job_id).run();
  attempt.state = AttemptState::running;
  attempt.started_at = now;
}

bool end_attempt(Database& database, std::int64_t attempt_id, const AttemptEnd& end, double now) {
  WriteTransaction transaction(database);
  const auto or_null = [](const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
  };
  // One that never began took no time.
  const auto changed = Query(database,
                             "UPDATE attempt SET state = ?1, ended_at = ?2, exit_code = ?3, signal = ?4,"
                             " failure = coalesce(?5, failure), message = coalesce(?6, message),"
                             " started_at = CASE state WHEN 'queued' THEN ?2 ELSE started_at END"
                             " WHERE id = ?7 AND (state = 'queued' OR state = 'running')",
                             to_name(end.state), now, end.exit ? end.exit->code : std::nullopt,
                             end.exit ? end.exit->signal : std::nullopt, or_null(end.failure),
                             or_null(end.message), attempt_id)
                           .run();
  if (changed == 0) return false;
  // A job that was marked meanwhile does not wait again.
  Query(database,
        "UPDATE job SET state = CASE WHEN cancel != 0 AND ?1 = 'waiting' THEN 'cancelled' ELSE ?1 END,"
        " cancel = CASE ?1 WHEN 'waiting' THEN cancel WHEN 'cancelled' THEN max(cancel, 1) ELSE 0 END,"
        " micro_batch_halvings = micro_batch_halvings + ?2"
        " WHERE id = (SELECT job_id FROM attempt WHERE id = ?3)"
        " AND (state = 'queued' OR state = 'running')",
        to_name(end.job_state), end.halve_micro_batch, attempt_id)
      .run();
  transaction.commit();
  return true;
}

}  // namespace ablate
