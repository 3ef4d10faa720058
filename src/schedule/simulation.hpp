// What `ablate run` would do, without running anything: the scheduler's own queue and slots under estimated
// times.
#pragma once

#include <cstddef>
#include <vector>

#include "plan/plan.hpp"
#include "schedule/devices.hpp"
#include "schedule/estimate.hpp"

namespace ablate {

struct SimulatedStart {
  std::size_t job = 0;  ///< Index into Plan::jobs.
  Placement placement;
  double start = 0;    ///< Seconds from now, by estimate.
  double seconds = 0;  ///< That it takes, by estimate.
};

/// The starts, in order. Dependents of failed or cancelled jobs never start.
std::vector<SimulatedStart> simulate_run(const Plan& plan, const JobStates& states,
                                         const std::vector<Device>& devices, const SlotSpeed& speed);
/// From now until the last of them has ended.
double seconds_of(const std::vector<SimulatedStart>& starts);

}  // namespace ablate
