#include "store/intake.hpp"

#include <fmt/format.h>

#include "journal/attempt_folder.hpp"
#include "store/curve_writer.hpp"
#include "store/query.hpp"

namespace ablate {

namespace {

/// Turns the events of a running attempt into rows, within the caller's transaction.
class EventWriter {
 public:
  EventWriter(Database& database, AttemptRecord& attempt)
      : database_(database), attempt_(attempt), curves_(database, attempt.job_id, attempt.number) {}

  void write(const Event& event) {
    attempt_.last_event_at = event.time;
    if (const auto step = event.step()) attempt_.step = *step;
    std::visit([this](const auto& what) { take(what); }, event.what);
  }
  void finish() { curves_.finish(); }
  std::int64_t metrics() const { return metrics_; }

 private:
  void take(const StartedEvent& started) {
    if (started.attempt != attempt_.number) ++attempt_.faults.malformed;
    attempt_.resume_step = started.step;
    attempt_.total_steps = started.total_steps;
    attempt_.last_word.clear();  // a requeued attempt starts over
    attempt_.failure.clear();
    attempt_.message.clear();
    curves_.rewind(started.step);
    if (started.step == 0)
      Query(database_, "DELETE FROM score_value WHERE job_id = ?", attempt_.job_id).run();
    if (!started.detail.is_object()) return;
    const auto host = started.detail.find("host");
    if (host != started.detail.end() && host->is_string()) attempt_.host = host->get<std::string>();
    add_detail(started.detail);
  }
  void take(const MetricEvent& metric) {
    for (const auto& [name, value] : metric.values) curves_.add(name, metric.step, value);
    metrics_ += static_cast<std::int64_t>(metric.values.size());
  }
  void take(const CheckpointEvent& checkpoint) {
    attempt_.checkpoint_step = checkpoint.step;
    attempt_.checkpoint_path = checkpoint.path;
  }
  void take(const ScoreEvent& score) {
    Query(database_,
          "INSERT OR REPLACE INTO score_value (job_id, name, value, n, stderr, attempt, outcomes)"
          " VALUES (?, ?, ?, ?, ?, ?, ?)",
          attempt_.job_id, score.name, score.value, score.n, score.standard_error, attempt_.number,
          score.outcomes.empty() ? std::nullopt : std::optional(score.outcomes))
        .run();
  }
  void take(const FinishedEvent& finished) {
    attempt_.last_word = to_name(EventKind::finished);
    add_detail(finished.detail);
  }
  void take(const FailedEvent& failed) {
    attempt_.last_word = to_name(EventKind::failed);
    attempt_.failure = to_name(failed.failure);
    attempt_.message = failed.message;
  }
  void add_detail(const Json& detail) {
    if (!detail.is_object()) return;
    Query(database_, "UPDATE attempt SET detail = json_patch(coalesce(detail, '{}'), ?) WHERE id = ?",
          detail.dump(), attempt_.id)
        .run();
  }

  Database& database_;
  AttemptRecord& attempt_;
  CurveWriter curves_;
  std::int64_t metrics_ = 0;
};

std::filesystem::path journal_of(Database& database, const AttemptRecord& attempt) {
  return AttemptFolder{database.folder() / attempt.folder}.journal();
}

/// Whether the attempt may still write: it has not ended, and no other was submitted after it.
bool is_current(Database& database, const AttemptRecord& attempt) {
  if (attempt.state != AttemptState::queued && attempt.state != AttemptState::running) return false;
  Query query(database, "SELECT max(number) FROM attempt WHERE job_id = ?", attempt.job_id);
  return query.step() && query.integer(0) == attempt.number;
}

void save_attempt(Database& database, const AttemptRecord& attempt) {
  const auto or_null = [](const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
  };
  Query(database,
        "UPDATE attempt SET host = ?, resume_step = ?, step = ?, total_steps = ?, last_word = ?,"
        " checkpoint_step = ?, checkpoint_path = ?, last_event_at = ?, failure = ?, message = ?, "
        "journal_offset = ?,"
        " journal_seq = ?, repeated = ?, missing = ?, unknown = ?, malformed = ?, torn = ?, late = ? WHERE "
        "id = ?",
        or_null(attempt.host), attempt.resume_step, attempt.step, attempt.total_steps,
        or_null(attempt.last_word), attempt.checkpoint_step, or_null(attempt.checkpoint_path),
        attempt.last_event_at, or_null(attempt.failure), or_null(attempt.message), attempt.journal.offset,
        attempt.journal.last_seq, attempt.faults.repeated, attempt.faults.missing, attempt.faults.unknown,
        attempt.faults.malformed, attempt.faults.torn, attempt.late, attempt.id)
      .run();
}

/// What the journal has said by now, from the attempt's row: a scheduler that starts again learns it too.
void describe(const AttemptRecord& attempt, IntakeResult& result) {
  result.finished = attempt.last_word == to_name(EventKind::finished);
  if (attempt.last_word == to_name(EventKind::failed)) {
    result.failure = FailureKind::error;  // where the scheduler has written down another reason since
    for (const Named<FailureKind>& kind : names_of<FailureKind>())
      if (attempt.failure == kind.name) result.failure = kind.value;
    result.message = attempt.message;
  }
  result.step = attempt.step;
  result.total_steps = attempt.total_steps;
  result.last_event_at = attempt.last_event_at.value_or(0);
}

}  // namespace

IntakeResult take_in(Database& database, AttemptRecord& attempt, bool ended) {
  IntakeResult result;
  const std::filesystem::path file = journal_of(database, attempt);
  // Read before the write lock is taken; again in the rare case that another process was first.
  JournalChunk chunk = read_journal(file, attempt.journal, ended);
  result.journal_bytes = chunk.file_bytes;
  result.more = chunk.more;
  if (chunk.position.offset == attempt.journal.offset) {
    describe(attempt, result);
    return result;
  }

  WriteTransaction transaction(database);
  AttemptRecord current = get_attempt(database, attempt.id);
  if (current.journal.offset != attempt.journal.offset) {
    chunk = read_journal(file, current.journal, ended);
    result.more = chunk.more;
  }
  result.events = static_cast<std::int64_t>(chunk.events.size());
  current.journal = chunk.position;
  current.faults += chunk.faults;
  if (is_current(database, current)) {
    // Whoever started it may have died before that was written down: what it tells says that it runs.
    if (!chunk.events.empty()) record_start(database, current, chunk.events.front().time);
    EventWriter writer(database, current);
    for (const Event& event : chunk.events) writer.write(event);
    writer.finish();
    result.metrics = writer.metrics();
  } else {
    current.late += result.events;
  }
  save_attempt(database, current);
  transaction.commit();
  attempt = std::move(current);
  describe(attempt, result);
  return result;
}

}  // namespace ablate
