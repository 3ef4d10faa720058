// The parts of a sweep's page that stand still, as HTML.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "program/status.hpp"
#include "store/sweeps.hpp"
#include "views/claims_view.hpp"
#include "views/cost_view.hpp"
#include "views/effects_view.hpp"

namespace ablate {

/// What a page says at most of one thing; the commands show all.
constexpr std::size_t kMostReportRows = 400;

std::string asked_html(Database& database, const SweepRecord& sweep, const Json& data);
/// Bars, what runs, what waits; how long is left.
std::string progress_html(const SweepStatus& status, const Status& all);
std::string results_html(Database& database, const SweepRecord& sweep,
                         const std::vector<std::string>& values);
std::string effects_html(const std::vector<ScoreEffects>& effects, const EffectsQuery& query);
std::string costs_html(const CostReport& report);
std::string claims_html(const ClaimReport& report, const SweepRecord& sweep);
/// What two cells answer differently, with pictures. `a`, `b`: as in ReportQuery. Empty: there is but one
/// cell, or no outcomes of examples are kept.
std::string examples_html(Database& database, const SweepRecord& sweep, const std::optional<std::string>& a,
                          const std::optional<std::string>& b, const Json& data);
/// Jobs without a result, and why. Empty: there are none.
std::string failures_html(Database& database, const SweepRecord& sweep);
/// Commands, versions, machines and data.
std::string again_html(Database& database, const SweepRecord& sweep);

/// A place that page/page.js fills.
std::string figure_place(const std::string& name);
/// A paragraph of plain text.
std::string paragraph(const std::string& text, const std::string& classes = "facts");

}  // namespace ablate
