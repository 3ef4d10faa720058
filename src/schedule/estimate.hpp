// What a plan takes, and how much of it a budget pays for: pure functions of the plan, the jobs' states and
// speeds.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "schedule/devices.hpp"
#include "store/job_times.hpp"
#include "store/results.hpp"
#include "store/states.hpp"
#include "store/sweeps.hpp"

namespace ablate {

/// Assumed where nothing has been measured: what a plain training step reaches, not what the data sheet
/// promises.
constexpr double kAssumedCpuThreadFlops = 20e9;
constexpr double kAssumedGpuFlops = 300e12;

/// How fast one slot computes.
struct SlotSpeed {
  DeviceKind kind = DeviceKind::cpu;
  std::int64_t threads = 1;  ///< Of one slot; does not matter on a GPU.
  std::int64_t slots = 1;
  std::vector<JobTime> measured;

  /// What was measured on this kind of device for a stage, of `eval` for the task; null: nothing.
  const JobTime* find(Stage stage, const std::string& task) const;
  /// Of so many FLOPs of a job, those that a measured or assumed speed is of: one thread's on a CPU.
  double flops_of_slot(double flops) const;
  /// How long `jobs` jobs of together `flops` FLOPs take on one slot: as measured on the stage and task, else
  /// by the assumption. A job that is larger than what was measured is no faster than assumed, or than the
  /// largest attempt was with its start: brief attempts, which start for most of their time, tell no speed.
  double seconds(Stage stage, const std::string& task, std::int64_t jobs, double flops) const;
  double seconds(const PlannedJob& job) const { return seconds(job.stage, job.task, 1, job.flops_to_run()); }
};
SlotSpeed slot_speed(const std::vector<Device>& devices, std::vector<JobTime> measured);

/// The jobs of one stage, of `eval` of one task.
struct TaskEstimate {
  std::string task;
  std::int64_t jobs = 0;
  double largest_to_run = 0;          ///< FLOPs of a slot, as in SlotSpeed.
  const JobTime* measured = nullptr;  ///< Null: assumed.
  /// How many times as large as any attempt that was measured the largest job to run is; 0 without either.
  double times_measured() const {
    return measured && measured->fit.largest_flops > 0 ? largest_to_run / measured->fit.largest_flops : 0;
  }
  /// Whether that is so far away that "measured" would promise too much.
  bool is_extrapolated() const { return times_measured() > kMostTimesMeasured; }
  static constexpr double kMostTimesMeasured = 10;
};

/// The jobs of one stage.
struct StageEstimate {
  Stage stage = Stage::encoder;
  std::int64_t jobs = 0;
  std::int64_t before_sharing = 0;  ///< One for each replicate that needs one.
  std::int64_t finished = 0, failed = 0, cancelled = 0, running = 0;  ///< `running`: or queued.
  std::int64_t blocked = 0;  ///< Dependents of a failed or cancelled job.
  std::int64_t to_run = 0;   ///< The rest: what `ablate run` would bring to its end.
  double params = 0, memory_bytes = 0, job_flops = 0;  ///< Of the largest job.
  double flops = 0, flops_left = 0;                    ///< Of all jobs; of those to run.
  double seconds_left = 0;                             ///< Of those to run, on one slot.
  std::vector<TaskEstimate> tasks;                     ///< By name. Point into the SlotSpeed.
  /// Mean of the jobs to run; none, where none is left.
  std::optional<double> seconds_per_job() const;
};

using JobStates = std::vector<std::optional<JobState>>;

/// Which jobs `ablate run` could not start, since they depend on a failed or cancelled one.
std::vector<bool> find_blocked(const Plan& plan, const JobStates& states);

/// One entry for each stage that the plan has, in the order of the stages. `states`: one for each job of the
/// plan.
std::vector<StageEstimate> estimate_stages(const Plan& plan, const JobStates& states, const SlotSpeed& speed);

/// The seconds that are left of an `ablate run` that has taken `elapsed`: at its pace so far, with each job
/// weighed by what its stage and task take. Nothing while nothing is done, or when nothing is left. `start`,
/// `now`: the sweep at the start and now.
std::optional<double> run_seconds_left(const std::vector<StageProgress>& start,
                                       const std::vector<StageProgress>& now, double elapsed,
                                       const SlotSpeed& speed);

/// What may be spent: seconds of slots, or FLOPs.
struct Budget {
  bool is_flops = false;
  double amount = 0;
};
/// "10h", "30m", "2d", "90s"; "1e18", "1e18flops". Throws Error for anything else.
Budget parse_budget(const std::string& text);

/// What a budget pays for, when runs are done in the order of the plan: jobs shared by several runs count
/// once, finished jobs cost nothing, and runs that a failed or cancelled job blocks are left out.
struct BudgetFit {
  std::int64_t runs = 0;     ///< That fit, finished ones included.
  std::int64_t jobs = 0;     ///< To run for them.
  std::int64_t blocked = 0;  ///< Runs that need a failed or cancelled job, among those that were looked at.
  double used = 0;           ///< In the budget's unit.
  std::optional<std::size_t> first_out;  ///< The first replicate that does not fit.
  double first_out_cost = 0;
};
BudgetFit fit_budget(const Plan& plan, const JobStates& states, const SlotSpeed& speed, const Budget& budget);

/// "connector.kind=mlp, connector.tokens=64": the levels of a cell.
std::string describe_cell(const Plan& plan, const Cell& cell);

}  // namespace ablate
