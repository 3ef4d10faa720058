// A plan as text, tables and JSON: what `ablate plan` shows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "program/planning.hpp"
#include "report/table.hpp"
#include "util/json.hpp"

namespace ablate {

/// Everything that is said about a plan, ready to be shown.
struct PlanReport {
  const PlannedSweep& planned;
  SlotSpeed speed;
  std::vector<StageEstimate> stages;
  double seconds = 0;  ///< Until the last job would have ended: the scheduler's own order on these devices.
  std::optional<Budget> budget;
};
PlanReport report_plan(const PlannedSweep& planned, const std::vector<Device>& devices,
                       std::optional<Budget> budget = std::nullopt);

/// The account, the stages, time, budget, warnings.
std::string plan_text(const PlanReport& report, const std::string& device);
Table cell_table(const Plan& plan);
Table job_table(const PlanReport& report);
/// The jobs that `ablate run` would start, when and where, by estimate.
Table start_table(const PlannedSweep& planned, const std::vector<Device>& devices);
Json plan_json(const PlanReport& report);

}  // namespace ablate
