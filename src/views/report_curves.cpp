#include "views/report_curves.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "store/query.hpp"
#include "views/law_report.hpp"

namespace ablate {

namespace {

constexpr std::size_t kFewestPoints = 12, kMostPoints = 120;  // Of one curve.

struct CurveRow {
  std::int64_t job = 0, metric = 0;
  std::ptrdiff_t place = 0;  ///< Of its job in the sweep.
  std::size_t points = 0;
  std::int64_t steps = 0, last_step = 0;
};

/// By name: "vlm/loss".
std::map<std::string, std::vector<CurveRow>> load_curve_rows(Database& database, const SweepJobs& jobs) {
  std::map<std::string, std::vector<CurveRow>> rows;
  Query query(database,
              "SELECT m.job_id, m.name_id, m.points, j.steps, m.last_step, j.stage || '/' || n.name"
              " FROM metric_summary m JOIN job j ON j.id = m.job_id JOIN metric_name n ON n.id = m.name_id"
              " WHERE m.job_id BETWEEN ? AND ? AND m.points > 1 ORDER BY m.job_id");
  query.bind(jobs.first_id(), jobs.last_id());
  while (query.step())
    if (const auto place = jobs.find(query.integer(0)); place >= 0)
      rows[query.text(5)].push_back({query.integer(0), query.integer(1), place,
                                     static_cast<std::size_t>(query.integer(2)), query.integer(3),
                                     query.integer(4)});
  return rows;
}

/// Losses first, then by name.
std::vector<std::string> in_order(const std::map<std::string, std::vector<CurveRow>>& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.push_back(row.first);
  std::stable_sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return a.ends_with("/loss") && !b.ends_with("/loss");
  });
  return names;
}

struct CurveJson {
  Json steps = Json::array(), values = Json::array();
  void add(const Query& query) {
    steps.push_back(query.integer(0));
    values.push_back(number_json(rounded(query.real(1))));
  }
};

Json whole_curve(Database& database, const CurveRow& row) {
  CurveJson curve;
  Query query(database, "SELECT step, value FROM metric_point WHERE job_id = ? AND name_id = ? ORDER BY step",
              row.job, row.metric);
  while (query.step()) curve.add(query);
  return {std::move(curve.steps), std::move(curve.values)};
}

Json thinned_curve(Database& database, const CurveRow& row, std::size_t points) {
  CurveJson curve;
  Query query(database,
              "SELECT step, value FROM metric_point WHERE job_id = ? AND name_id = ? AND step >= ?"
              " ORDER BY step LIMIT 1");
  const std::int64_t length = std::max(row.steps, row.last_step);
  std::int64_t next = 0;
  const auto parts = static_cast<std::int64_t>(points - 1);
  for (std::int64_t i = 0; i <= parts; ++i) {
    const std::int64_t target = std::min(length * i / parts, row.last_step);
    if (target < next) continue;
    query.bind(row.job, row.metric, target);
    if (!query.step()) break;
    next = query.integer(0) + 1;
    curve.add(query);
  }
  return {std::move(curve.steps), std::move(curve.values)};
}

}  // namespace

double rounded(double value) {
  return std::isfinite(value) ? std::strtod(fmt::format("{:.5g}", value).c_str(), nullptr) : value;
}

Json curves_json(Database& database, const SweepJobs& jobs, std::size_t most_points) {
  const auto rows = load_curve_rows(database, jobs);
  std::vector<std::string> kept;
  std::size_t curves = 0;
  for (const std::string& name : in_order(rows)) {
    const std::size_t more = rows.at(name).size();
    if (!kept.empty() && (curves + more) * kFewestPoints > most_points) continue;
    kept.push_back(name);
    curves += more;
  }
  const std::size_t points =
      std::clamp(most_points / std::max<std::size_t>(curves, 1), kFewestPoints, kMostPoints);
  Json json = Json::array();
  for (const std::string& name : kept) {
    Json of_metric = Json::object();
    bool thinned = false;
    for (const CurveRow& row : rows.at(name)) {
      const bool whole = row.points <= points;
      thinned = thinned || !whole;
      of_metric[std::to_string(row.place)] =
          whole ? whole_curve(database, row) : thinned_curve(database, row, points);
    }
    json.push_back({{"name", name}, {"thinned", thinned}, {"curves", std::move(of_metric)}});
  }
  return json;
}

}  // namespace ablate
