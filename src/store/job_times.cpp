#include "store/job_times.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "config/names.hpp"
#include "store/query.hpp"

namespace ablate {

namespace {

/// Sizes that differ by less say too little about the share of the start.
constexpr double kLeastSpread = 1.5;
/// A smaller share of the largest attempt's time is lost in what starts vary by.
constexpr double kLeastWork = 0.2;

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
  std::vector<double> speeds, slopes, seconds, starts, rests;
  TimeFit fit;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const TimedAttempt& one = attempts[i];
    fit.largest_flops = std::max(fit.largest_flops, one.flops);
    speeds.push_back(one.flops / one.seconds);
    seconds.push_back(one.seconds);
    starts.push_back(one.start_seconds);
    for (const TimedAttempt& other : attempts.first(i))
      if (differ_in_size(one, other))
        slopes.push_back((one.seconds - other.seconds) / (one.flops - other.flops));
  }
  const double slope = slopes.empty() ? 0 : median(slopes);
  for (const TimedAttempt& one : attempts) rests.push_back(one.seconds - slope * one.flops);
  const bool tells_start = slope > 0 && median(rests) > 0;
  fit.startup_seconds = median(starts) + (tells_start ? median(rests) : 0);
  fit.flops_per_second = tells_start ? 1 / slope : median(speeds);
  const double work = fit.largest_flops / fit.flops_per_second;
  const bool is_flat = !slopes.empty() && !(slope > 0);
  if (is_flat || work < kLeastWork * fit.seconds(fit.largest_flops)) {
    fit.startup_seconds = median(starts) + median(seconds);
    fit.flops_per_second = 0;
  }
  return fit;
}

std::vector<JobTime> load_job_times(Database& database) {
  Query query(database,
              "SELECT j.stage, j.task, a.device, a.threads,"
              "  j.flops * CASE WHEN j.steps > 0 THEN 1.0 * (a.step - a.resume_step) / j.steps ELSE 1 END,"
              "  a.ended_at - a.started_at, json_extract(a.detail, '$.seconds')"
              " FROM attempt a JOIN job j ON j.id = a.job_id"
              " WHERE a.state = 'finished' AND a.ended_at > a.started_at AND j.flops > 0"
              "   AND (j.steps = 0 OR a.step > a.resume_step)"
              " ORDER BY a.id DESC");
  // By stage, task and kind of device, by name.
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<TimedAttempt>> groups;
  while (query.step()) {
    const DeviceKind kind = parse_device(query.view(2)).kind;
    std::vector<TimedAttempt>& group = groups[{query.text(0), query.text(1), to_name(kind)}];
    if (group.size() == static_cast<std::size_t>(kMaxTimedAttempts)) continue;
    const double threads = kind == DeviceKind::cpu ? std::max(query.real(3), 1.0) : 1;
    const double whole = query.real(5), told = query.real(6);
    const double seconds = told > 0 ? std::min(told, whole) : whole;
    group.push_back({query.real(4) / threads, seconds, whole - seconds});
  }
  std::vector<JobTime> times;
  for (const auto& [key, group] : groups) {
    const auto& [stage, task, kind] = key;
    times.push_back({from_name<Stage>(stage), task, from_name<DeviceKind>(kind), fit_times(group),
                     static_cast<std::int64_t>(group.size())});
  }
  return times;
}

}  // namespace ablate
