// The page of a sweep: what was asked, what came out, how sure that is, and how it is done again. What
// `ablate report` writes and `ablate serve` shows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/sweeps.hpp"
#include "util/json.hpp"

namespace ablate {

struct ReportQuery {
  std::vector<std::string> values;  ///< Scores and metrics; empty: all scores.
  /// Cells, as choose_cell() takes them, whose examples are compared; none: the first cell of the sweep, and
  /// the best of the others by the first score.
  std::optional<std::string> a, b;
  bool examples = true;  ///< Those on which these cells differ most, with pictures: reads the data again.
};

/// One heading of the page. `html` is whole by itself, and has places that scripts fill with figures.
struct ReportSection {
  std::string id, title, html;
};

struct SweepReport {
  std::string title;
  std::vector<ReportSection> sections;
  Json data;  ///< For the scripts: report_data(), and effects, cost and claims.
};

/// Reads one state of the database. A part that cannot be made, as effects where no axis varies, says why in
/// its place. Throws Error as choose_values() and choose_cell() do.
SweepReport sweep_report(Database& database, const SweepRecord& sweep, const ReportQuery& query);

/// The page as one file that needs no other. `update`: of a live page, the address with a query at which it
/// asks what is new, "update?token=..."; "&seen=VERSION" is added.
std::string report_page(const SweepReport& report, const std::string& update = "");
/// What a live page asks for: {"version": ..., "sections": {id: html}, "data": ...}.
Json report_update(const SweepReport& report);
/// Changes when anything on the page does.
std::string report_version(const SweepReport& report);

}  // namespace ablate
