// Ends rates that cannot win before their runs end: successive halving on the loss curves of a running sweep.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "law/halving.hpp"
#include "schedule/stop_policy.hpp"
#include "store/law_runs.hpp"

namespace ablate {

/// Runs that differ in nothing but the rate are compared at each rung as they come to it, which is
/// asynchronous: a run is held against those that have been there, and may also be ended later, by better
/// ones. Fewer than three say nothing.
class EarlyStop final : public StopPolicy {
 public:
  /// Watches the jobs of one stage of a planned sweep.
  EarlyStop(Database& database, std::int64_t sweep_id, Stage stage);

  /// The jobs that do not go on. Cheap to ask often: looks every two seconds.
  std::vector<StopDecision> decide(Database& database, double now) override;

 private:
  struct Job {
    std::int64_t id = 0, steps = 0;
    double lr = 0;
    std::size_t group = 0;  ///< Of runs that differ in the rate alone.
    bool running = false, over = false;
    std::vector<std::optional<double>>
        at_rung;  ///< Mean loss before it; NaN: diverged; nothing: not there yet.
  };
  void update(Database& database, Job& job) const;
  std::vector<StopDecision> losers() const;

  HalvingRule rule_;
  std::vector<Job> jobs_;
  std::size_t groups_ = 0;
  double looked_ = 0;
};

}  // namespace ablate
