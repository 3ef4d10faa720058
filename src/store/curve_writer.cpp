#include "store/curve_writer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "store/query.hpp"

namespace ablate {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void CurveWriter::add(const std::string& metric, std::int64_t step, double value) {
  Curve& curve = get_curve(metric);
  curve.pending.push_back({step, value});
  if (curve.points > 0 && step <= curve.last_step) {
    curve.recompute = true;
    return;
  }
  ++curve.points;
  curve.last_step = step;
  curve.last_value = value;
  // fmin and fmax pass over NaN.
  curve.min_value = std::fmin(curve.min_value, value);
  curve.max_value = std::fmax(curve.max_value, value);
}

void CurveWriter::rewind(std::int64_t step) {
  if (step == 0) {
    curves_.clear();
    Query(database_, "DELETE FROM metric_point WHERE job_id = ?", job_id_).run();
    Query(database_, "DELETE FROM metric_summary WHERE job_id = ?", job_id_).run();
    return;
  }
  finish();
  std::vector<std::string> metrics;
  {
    Query query(database_,
                "SELECT n.name FROM metric_summary m JOIN metric_name n ON n.id = m.name_id"
                " WHERE m.job_id = ? AND m.last_step > ?",
                job_id_, step);
    while (query.step()) metrics.push_back(query.text(0));
  }
  for (const std::string& metric : metrics) {
    Curve& curve = get_curve(metric);
    Query(database_, "DELETE FROM metric_point WHERE job_id = ? AND name_id = ? AND step > ?", job_id_,
          curve.name_id, step)
        .run();
    recompute(curve);
    write_summary(curve);
  }
}

void CurveWriter::finish() {
  for (auto& [name, curve] : curves_) {
    if (curve.pending.empty()) continue;
    write_points(curve);
    if (curve.recompute) recompute(curve);
    write_summary(curve);
  }
}

CurveWriter::Curve& CurveWriter::get_curve(const std::string& metric) {
  const auto [found, fresh] = curves_.try_emplace(metric);
  Curve& curve = found->second;
  if (!fresh) return curve;
  curve.name_id = get_name_id(metric);
  curve.last_value = curve.min_value = curve.max_value = kNone;
  Query query(database_,
              "SELECT points, last_step, last_value, min_value, max_value FROM metric_summary"
              " WHERE job_id = ? AND name_id = ?",
              job_id_, curve.name_id);
  if (!query.step()) return curve;
  curve.points = query.integer(0);
  curve.last_step = query.integer(1);
  curve.last_value = query.real(2);
  curve.min_value = query.real(3);
  curve.max_value = query.real(4);
  return curve;
}

std::int64_t CurveWriter::get_name_id(const std::string& metric) {
  auto& ids = database_.metric_names();
  if (const auto found = ids.find(metric); found != ids.end()) return found->second;
  Query(database_, "INSERT INTO metric_name (name) VALUES (?) ON CONFLICT DO NOTHING", metric).run();
  Query query(database_, "SELECT id FROM metric_name WHERE name = ?", metric);
  query.step();
  return ids[metric] = query.integer(0);
}

void CurveWriter::write_points(Curve& curve) {
  Query query(
      database_,
      "INSERT OR REPLACE INTO metric_point (job_id, name_id, step, value, attempt) VALUES (?, ?, ?, ?, ?)");
  for (const Point& point : curve.pending)
    query.bind(job_id_, curve.name_id, point.step, point.value, attempt_).run();
  curve.pending.clear();
}

void CurveWriter::write_summary(Curve& curve) {
  if (curve.points == 0) {
    Query(database_, "DELETE FROM metric_summary WHERE job_id = ? AND name_id = ?", job_id_, curve.name_id)
        .run();
    return;
  }
  Query(database_,
        "INSERT OR REPLACE INTO metric_summary (job_id, name_id, points, last_step, last_value, min_value, "
        "max_value)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        job_id_, curve.name_id, curve.points, curve.last_step, curve.last_value, curve.min_value,
        curve.max_value)
      .run();
}

void CurveWriter::recompute(Curve& curve) {
  curve.recompute = false;
  Query all(
      database_,
      "SELECT count(*), max(step), min(value), max(value) FROM metric_point WHERE job_id = ? AND name_id = ?",
      job_id_, curve.name_id);
  all.step();
  curve.points = all.integer(0);
  curve.last_step = curve.points ? all.integer(1) : -1;
  curve.min_value = all.real(2);
  curve.max_value = all.real(3);
  Query last(database_, "SELECT value FROM metric_point WHERE job_id = ? AND name_id = ? AND step = ?",
             job_id_, curve.name_id, curve.last_step);
  curve.last_value = last.step() ? last.real(0) : kNone;
}

}  // namespace ablate
