// Where the time of a step goes.
#pragma once

#include <torch/types.h>

#include <array>
#include <chrono>

namespace ablate {

enum class Phase { data, forward, backward, forward_backward, optimizer };

/// Sums up seconds by phase. On a GPU, which works behind the program's back, phases are only told apart in
/// steps where `synchronize` is on.
class Stopwatch {
 public:
  explicit Stopwatch(torch::Device device) : device_(device) {}
  /// What follows this call counts for that phase.
  void start(Phase phase);
  /// What follows this call counts for none.
  void stop();
  double seconds(Phase phase) const { return seconds_[static_cast<std::size_t>(phase)]; }
  void reset() { seconds_ = {}; }
  bool synchronize = false;

 private:
  using Clock = std::chrono::steady_clock;
  torch::Device device_;
  std::array<double, 5> seconds_{};
  Clock::time_point since_;
  int running_ = -1;  ///< -1: none.
};

}  // namespace ablate
