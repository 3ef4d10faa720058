#include <fmt/format.h>

#include <set>

#include "plan/job_name.hpp"
#include "program/health.hpp"
#include "program/run_lock.hpp"
#include "schedule/attempt_files.hpp"
#include "schedule/backends.hpp"
#include "store/jobs.hpp"
#include "store/query.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr double kLargeLogBytes = 256.0 * (1 << 20);
constexpr std::size_t kShownFolders = 3;

double bytes_of(const std::filesystem::path& path) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  return failed ? 0 : static_cast<double>(size);
}

Finding check_running(Database& database) {
  std::int64_t alive = 0, gone = 0;
  const bool has_owner = find_owner(database.path()).has_value();
  const auto runner = make_runner(kDefaultBackend);
  for (const AttemptRecord& attempt : load_open_attempts(database))
    ++(runner->is_alive(locate_attempt(database, attempt)) ? alive : gone);
  if (gone > 0 && !has_owner)
    return {Verdict::fault, "attempts",
            count_of(gone, "attempt") + (gone == 1 ? " is" : " are") +
                " marked as running, but the worker is gone",
            "`ablate run SWEEP` settles that and goes on from the last checkpoint"};
  if (alive > 0 && !has_owner)
    return {Verdict::note, "attempts",
            count_of(alive, "worker") + (alive == 1 ? " runs" : " run") + " without an `ablate run`",
            "`ablate run SWEEP` watches over them again"};
  return {Verdict::good, "attempts",
          alive + gone == 0 ? "none is running" : count_of(alive + gone, "attempt") + " running"};
}

/// Folders below jobs/ that the database knows nothing of. They do no harm.
Finding check_folders(Database& database) {
  std::set<std::string> known;
  Query query(database, "SELECT folder FROM attempt");
  while (query.step()) known.insert(query.text(0));
  std::vector<std::string> unknown;
  std::int64_t seen = 0;
  std::error_code failed;
  const std::filesystem::path jobs = database.folder() / "jobs";
  for (std::filesystem::directory_iterator job(jobs, failed), end; !failed && job != end;
       job.increment(failed)) {
    if (!job->is_directory()) continue;
    for (const auto& attempt : std::filesystem::directory_iterator(job->path(), failed)) {
      if (!attempt.is_directory()) continue;
      ++seen;
      if (known.count(attempt.path().lexically_relative(database.folder()).string()) == 0)
        unknown.push_back(attempt.path().string());
    }
  }
  if (unknown.empty()) return {Verdict::good, "folders", count_of(seen, "attempt folder") + ", all known"};
  std::string text = count_of(static_cast<std::int64_t>(unknown.size()), "attempt folder") +
                     " that no job of this database knows:";
  for (std::size_t i = 0; i < unknown.size() && i < kShownFolders; ++i) text += " " + one_line(unknown[i]);
  if (unknown.size() > kShownFolders) text += " ...";
  return {Verdict::note, "folders", text,
          "they are of another database in this folder, of a lost one, or of jobs run by hand: rm -r what "
          "nobody needs"};
}

/// Finished jobs of which nothing is left but what the database has. Scores and curves stay; what builds on
/// them fails.
std::vector<Finding> check_finished(Database& database) {
  const std::map<std::int64_t, std::string> gone = load_jobs_without_folder(database);
  if (gone.empty()) return {};
  std::string text = count_of(static_cast<std::int64_t>(gone.size()), "finished job") + " without " +
                     (gone.size() == 1 ? "its folder:" : "their folders:");
  std::size_t shown = 0;
  for (const auto& [id, key] : gone)
    if (++shown <= kShownFolders) text += " " + short_key(key);
  if (shown > kShownFolders) text += " ...";
  return {{Verdict::note, "finished", text,
           "what builds on them has no weights to begin with: bring the folders back, or `ablate retry JOB` "
           "and `ablate run SWEEP` run them again"}};
}

Finding check_journals(Database& database) {
  Query query(database,
              "SELECT count(*), sum(repeated), sum(missing), sum(unknown), sum(malformed), sum(torn), "
              "sum(late) FROM attempt"
              " WHERE repeated + missing + unknown + malformed + torn + late > 0");
  query.step();
  const std::int64_t journals = query.integer(0);
  if (journals == 0) return {Verdict::good, "journals", "no faulty line"};
  std::vector<std::string> counts;
  constexpr const char* kKinds[] = {"repeated", "missing", "unknown", "malformed", "torn", "late"};
  for (int i = 0; i < 6; ++i)
    if (query.integer(i + 1) > 0)
      counts.push_back(fmt::format("{} {}", with_commas(query.integer(i + 1)), kKinds[i]));
  return {Verdict::note, "journals",
          fmt::format("{} with faulty lines: {}", count_of(journals, "journal"), join(counts, ", ")),
          "none of them was counted in; `ablate query \"SELECT key, number, repeated, missing, unknown, "
          "malformed, torn, "
          "late FROM attempts\"` says which"};
}

}  // namespace

std::vector<Finding> check_database(Database& database) {
  std::vector<Finding> findings;
  const std::string path = database.path().string();
  Query version(database, "PRAGMA user_version");
  version.step();
  Query check(database, "PRAGMA quick_check(1)");
  check.step();
  const std::string result = check.text(0);
  if (result == "ok")
    findings.push_back(
        {Verdict::good, "database",
         fmt::format("{}: version {}, {}, intact", path, version.integer(0), human_bytes(bytes_of(path)))});
  else
    findings.push_back(
        {Verdict::fault, "database", fmt::format("{} is damaged: {}", path, one_line(result)),
         fmt::format(
             "save what can be read (sqlite3 {} .recover | sqlite3 new.db); journals are kept under {}", path,
             (database.folder() / "jobs").string())});
  const double wal = bytes_of(path + "-wal");
  if (wal > kLargeLogBytes)
    findings.push_back({Verdict::note, "database", fmt::format("its write-ahead log is {}", human_bytes(wal)),
                        "a program that reads for a long time keeps it from shrinking: end that program"});
  const auto owner = find_owner(database.path());
  findings.push_back(
      {Verdict::good, "lock", owner ? "held by " + *owner : "free: nobody runs this database"});
  return findings;
}

std::vector<Finding> check_attempts(Database& database) {
  std::vector<Finding> findings = {check_running(database), check_folders(database)};
  for (Finding& finding : check_finished(database)) findings.push_back(std::move(finding));
  findings.push_back(check_journals(database));
  return findings;
}

}  // namespace ablate
