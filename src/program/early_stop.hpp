// Ends rates that cannot win before their runs end: successive halving on the loss curves of a running sweep.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "law/propose.hpp"
#include "store/database.hpp"
#include "store/law_runs.hpp"

namespace ablate {

/// Runs that differ in nothing but the rate are compared at each rung as they come to it, which is
/// asynchronous: a run is held against those that have been there, and may also be ended later, by better
/// ones. Fewer than three say nothing.
class EarlyStop {
 public:
  /// Watches the jobs of one stage of a planned sweep. Has a connection of its own: the scheduler looks for
  /// what others have written.
  EarlyStop(const std::filesystem::path& database, std::int64_t sweep_id, Stage stage);

  /// Cancels the jobs that do not go on. Cheap to call often: looks every two seconds.
  void look(double now);

 private:
  struct Trial {
    std::int64_t id = 0, steps = 0;
    double lr = 0;
    std::size_t group = 0;  ///< Of runs that differ in the rate alone.
    bool running = false, over = false;
    std::vector<std::optional<double>>
        at_rung;  ///< Mean loss before it; NaN: diverged; nothing: not there yet.
  };
  void update(Trial& trial);
  std::vector<std::int64_t> losers() const;

  Database database_;
  HalvingRule rule_;
  std::vector<Trial> trials_;
  std::size_t groups_ = 0;
  double looked_ = 0;
};

}  // namespace ablate
