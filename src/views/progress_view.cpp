#include "views/progress_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plan/job_name.hpp"
#include "report/bar.hpp"
#include "report/text_table.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kBarWidth = 24;
constexpr std::size_t kShownFailures = 10;

/// Rows of cells as lines with aligned columns.
std::vector<std::string> align(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      if (widths[i] > 0) line += "  " + fit(row[i], widths[i], Align::left);
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string count_word(std::int64_t count, const char* word) {
  return count == 0 ? "" : fmt::format("{} {}", with_commas(count), word);
}

}  // namespace

std::string progress_line(const StageProgress& progress) {
  std::string line =
      fmt::format("{} of {} finished", with_commas(progress.finished), count_of(progress.total(), "job"));
  for (const auto& [count, word] : {std::pair{progress.queued, "queued"},
                                    {progress.running, "running"},
                                    {progress.failed, "failed"},
                                    {progress.cancelled, "cancelled"},
                                    {progress.stopped_early, "stopped early"},
                                    {progress.blocked, "blocked"}})
    if (count > 0) line += ", " + count_word(count, word);
  return line;
}

std::vector<std::string> stage_lines(const std::vector<StageProgress>& stages, const Terminal& terminal) {
  std::vector<std::vector<std::string>> rows;
  for (const StageProgress& stage : stages) {
    const std::vector<BarPart> parts = {{stage.finished, '#'},
                                        {stage.running, '>'},
                                        {stage.failed + stage.cancelled + stage.stopped_early, '!'}};
    std::vector<std::string> words;
    for (const auto& [count, word] : {std::pair{stage.queued, "queued"},
                                      {stage.running, "running"},
                                      {stage.failed, "failed"},
                                      {stage.cancelled, "cancelled"},
                                      {stage.stopped_early, "stopped early"},
                                      {stage.blocked, "blocked"}})
      if (count > 0) words.push_back(count_word(count, word));
    rows.push_back({to_name(stage.stage), bar(parts, stage.total(), kBarWidth),
                    fmt::format("{}/{}", with_commas(stage.finished), with_commas(stage.total())),
                    join(words, ", ")});
  }
  std::vector<std::string> lines = align(rows);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (stages[i].failed > 0) lines[i] = paint(lines[i], Style::red, terminal);
    if (stages[i].finished == stages[i].total()) lines[i] = paint(lines[i], Style::green, terminal);
  }
  return lines;
}

std::vector<std::string> running_lines(const std::vector<RunningStatus>& running, double now) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [job, is_gone, heard_at] : running) {
    const Pace pace = pace_of(job);
    const bool known = !is_gone && std::isfinite(pace.steps_per_second);
    const std::string elapsed = is_gone ? fmt::format("worker gone, last heard of {} ago",
                                                      human_duration(std::max(0.0, now - heard_at)))
                                        : human_duration(std::max(0.0, now - job.started_at)) + " so far";
    rows.push_back({short_key(job.key), job_title(job.stage, job.task),
                    job.steps > 0 ? fmt::format("{}/{}", with_commas(job.step), with_commas(job.steps)) : "",
                    known ? fmt::format("{:.3g} steps/s", pace.steps_per_second) : "",
                    known && job.steps > 0 ? human_duration(pace.seconds_left) + " left" : elapsed,
                    job.device, job.attempt > 1 ? fmt::format("attempt {}", job.attempt) : ""});
  }
  return align(rows);
}

std::vector<std::string> failed_lines(const Database& database, const std::vector<JobRow>& failed,
                                      bool with_logs) {
  const std::size_t num_shown = std::min(failed.size(), kShownFailures);
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < num_shown; ++i) {
    const JobRow& job = failed[i];
    rows.push_back({short_key(job.key), job_title(job.stage, job.task), fmt::format("seed {}", job.seed),
                    one_line(job.message.empty() ? job.failure : job.message)});
  }
  std::vector<std::string> lines;
  const std::vector<std::string> aligned = align(rows);
  for (std::size_t i = 0; i < num_shown; ++i) {
    lines.push_back(aligned[i]);
    if (with_logs && failed[i].state == JobState::failed && !failed[i].folder.empty())
      lines.push_back("            " + shown_path(log_path(database, failed[i])));
  }
  if (failed.size() > num_shown)
    lines.push_back(fmt::format("  and {} more; `ablate jobs --state {}` lists them",
                                with_commas(static_cast<std::int64_t>(failed.size() - num_shown)),
                                to_name(failed.front().state)));
  return lines;
}

}  // namespace ablate
