// Points of one job's learning curves, and the summaries that tables are made of.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/database.hpp"

namespace ablate {

/// Writes within the caller's transaction. Points are kept back until finish(), so that they go in curve by
/// curve.
class CurveWriter {
 public:
  CurveWriter(Database& database, std::int64_t job_id, std::int64_t attempt)
      : database_(database), job_id_(job_id), attempt_(attempt) {}

  /// A point that is there already, of whichever attempt, is replaced.
  void add(const std::string& metric, std::int64_t step, double value);
  /// Removes the points after a step; all of them when it is 0.
  void rewind(std::int64_t step);
  /// Writes what was kept back and brings metric_summary up to date.
  void finish();

 private:
  struct Point {
    std::int64_t step;
    double value;
  };
  struct Curve {
    std::int64_t name_id = 0;
    std::int64_t points = 0, last_step = -1;
    double last_value = 0, min_value = 0, max_value = 0;  // NaN: none
    bool recompute = false;  // a point was replaced or removed: only the curve itself knows
    std::vector<Point> pending;
  };
  Curve& get_curve(const std::string& metric);
  std::int64_t get_name_id(const std::string& metric);
  void write_points(Curve& curve);
  void write_summary(Curve& curve);
  void recompute(Curve& curve);

  Database& database_;
  std::int64_t job_id_, attempt_;
  std::unordered_map<std::string, Curve> curves_;
};

}  // namespace ablate
