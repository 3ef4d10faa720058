#include "store/job_times.hpp"

#include <algorithm>

#include "config/names.hpp"
#include "store/query.hpp"

namespace ablate {

namespace {

/// Sizes that differ by less say too little about the share of the start.
constexpr double kLeastSpread = 1.5;

/// `values` must not be empty.
double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

bool differ_in_size(const TimedAttempt& a, const TimedAttempt& b) {
  return std::max(a.flops, b.flops) >= kLeastSpread * std::min(a.flops, b.flops);
}

}  // namespace

TimeFit fit_times(std::span<const TimedAttempt> attempts) {
  if (attempts.empty()) return {};
  std::vector<double> speeds, slopes, seconds;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const TimedAttempt& one = attempts[i];
    speeds.push_back(one.flops / one.seconds);
    seconds.push_back(one.seconds);
    for (const TimedAttempt& other : attempts.first(i))
      if (differ_in_size(one, other))
        slopes.push_back((one.seconds - other.seconds) / (one.flops - other.flops));
  }
  if (slopes.empty()) return {0, median(speeds)};
  const double slope = median(slopes);
  if (!(slope > 0)) return {median(seconds), 0};
  std::vector<double> rests;
  for (const TimedAttempt& one : attempts) rests.push_back(one.seconds - slope * one.flops);
  const double startup = median(rests);
  return startup > 0 ? TimeFit{startup, 1 / slope} : TimeFit{0, median(speeds)};
}

std::vector<JobTime> load_job_times(Database& database) {
  Query query(
      database,
      "SELECT stage, task, kind, flops, seconds FROM ("
      "  SELECT j.stage, j.task, CASE WHEN a.device LIKE 'cuda%' THEN 'cuda' ELSE a.device END AS kind,"
      "         j.flops * CASE WHEN j.steps > 0 THEN 1.0 * (a.step - a.resume_step) / j.steps ELSE 1 END"
      "           / CASE WHEN a.device LIKE 'cpu%' THEN max(a.threads, 1) ELSE 1 END AS flops,"
      "         a.ended_at - a.started_at AS seconds,"
      "         row_number() OVER (PARTITION BY j.stage, j.task,"
      "           CASE WHEN a.device LIKE 'cuda%' THEN 'cuda' ELSE a.device END ORDER BY a.id DESC) AS age"
      "  FROM attempt a JOIN job j ON j.id = a.job_id"
      "  WHERE a.state = 'finished' AND a.ended_at > a.started_at AND j.flops > 0"
      "    AND (j.steps = 0 OR a.step > a.resume_step)"
      ") WHERE age <= ? ORDER BY stage, task, kind",
      kMaxTimedAttempts);
  std::vector<JobTime> times;
  std::vector<TimedAttempt> group;
  const auto close_group = [&] {
    if (group.empty()) return;
    times.back().fit = fit_times(group);
    times.back().attempts = static_cast<std::int64_t>(group.size());
    group.clear();
  };
  while (query.step()) {
    const Stage stage = from_name<Stage>(query.view(0));
    if (times.empty() || times.back().stage != stage || times.back().task != query.view(1) ||
        times.back().device != query.view(2)) {
      close_group();
      times.push_back({stage, query.text(1), query.text(2), {}, 0});
    }
    group.push_back({query.real(3), query.real(4)});
  }
  close_group();
  return times;
}

}  // namespace ablate
