#include "schedule/attempt_files.hpp"

#include <fmt/format.h>

#include "journal/attempt_folder.hpp"
#include "journal/data_promise.hpp"
#include "util/error.hpp"
#include "util/file.hpp"

namespace ablate {

namespace {

std::filesystem::path finished_folder(Database& database, std::int64_t job_id) {
  const std::vector<AttemptRecord> attempts = load_attempts(database, job_id);
  for (auto attempt = attempts.rbegin(); attempt != attempts.rend(); ++attempt)
    if (attempt->state == AttemptState::finished) return database.folder() / attempt->folder;
  throw Error(fmt::format("parent job {} has no finished attempt", job_id));
}

void write_job(const std::filesystem::path& path, const std::string& text) {
  constexpr std::size_t kMaxBytes = 64u << 20;
  std::error_code failed;
  if (!std::filesystem::exists(path, failed) || read_file(path, kMaxBytes) != text) write_file(path, text);
}

}  // namespace

AttemptRequest locate_attempt(const Database& database, const AttemptRecord& attempt) {
  return {.attempt_id = attempt.id,
          .attempt = attempt.number,
          .job_folder = (database.folder() / attempt.folder).parent_path(),
          .placement = attempt.placement,
          .handle = attempt.handle};
}

AttemptRequest prepare_attempt(Database& database, const JobRecord& job, const AttemptRecord& attempt,
                               const std::vector<std::pair<std::string, std::int64_t>>& parents,
                               const ScheduleOptions& options) {
  AttemptRequest request = locate_attempt(database, attempt);
  const JobFolder folder{request.job_folder};
  const AttemptFolder attempt_folder = request.folder();

  AttemptSpec spec;
  spec.attempt = attempt.number;
  spec.placement = attempt.placement;
  spec.micro_batch_halvings = job.micro_batch_halvings;
  spec.run = options.run;
  spec.resume_step = attempt.resume_step;
  spec.resume_path = attempt.resume_path;
  spec.keep_last = has_longer_job(database, job);
  for (const auto& [stage, parent] : parents) spec.parents[stage] = finished_folder(database, parent);

  const Json description = job_description(database, job.id);
  spec.sources = load_sources(database, description.at("config"));
  for (auto& [hash, path] : spec.sources) {
    if (const auto own = options.sources.find(hash); own != options.sources.end()) path = own->second;
    const std::filesystem::path promise = promise_file(database.folder(), hash);
    std::error_code failed;
    if (std::filesystem::exists(promise, failed)) spec.promises[hash] = promise;
  }

  make_directories(attempt_folder.path);
  write_job(folder.job(), description.dump(2) + "\n");
  write_file(attempt_folder.spec(), spec.to_json().dump(2) + "\n");
  return request;
}

void check_jobs_folder(const Database& database) {
  const std::filesystem::path folder = database.folder() / "jobs";
  make_directories(folder);
  write_file(folder / ".can-be-written", "x");
  std::error_code ignored;
  std::filesystem::remove(folder / ".can-be-written", ignored);
}

}  // namespace ablate
