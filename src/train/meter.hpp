// Measures a training: throughput, FLOP/s, where the time goes, memory.
#pragma once

#include <torch/types.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "train/stage.hpp"
#include "train/stopwatch.hpp"

namespace ablate {

class Meter {
 public:
  /// Measures the machine's matrix-product rate in that number format: before loader threads are busy.
  Meter(torch::Device device, torch::ScalarType compute);

  /// Time counts from here.
  void start() { since_ = Clock::now(); }
  void begin_step(bool synchronize);
  void end_step(const TrainingStage::Work& work);

  /// Since the last call, per second or step, by the clock:
  ///   tokens_per_second, images_per_second, flops_per_second
  ///   mfu              share of the data sheet's peak (GPUs that device.cpp knows); model FLOPs:
  ///                    multiply-adds count 2, attention in full, recomputation not at all, the head at its
  ///                    targets, vision and frozen parts as they are computed
  ///   matmul_share     share of the matrix-product rate that was measured at the start
  ///   seconds_step, seconds_data, seconds_forward, seconds_backward, seconds_forward_backward (encoder
  ///   stage), seconds_optimizer  (on a GPU the parts are those of the last step alone)
  /// and memory_bytes, the most so far.
  std::vector<std::pair<std::string, double>> read();
  /// What the whole training has come to, for checkpoints and the `finished` event: flops, tokens, images,
  /// training_seconds; and matmul_rate, as it was measured last.
  Json totals() const;
  /// Goes on from the totals of a checkpoint. Throws Error for what is none.
  void restore(const Json& totals);

  Stopwatch watch;

 private:
  using Clock = std::chrono::steady_clock;
  torch::Device device_;
  double peak_, matmul_rate_;
  Clock::time_point since_;
  TrainingStage::Work interval_, total_;
  double total_seconds_ = 0;
  std::int64_t steps_ = 0, parted_steps_ = 0;
};

}  // namespace ablate
