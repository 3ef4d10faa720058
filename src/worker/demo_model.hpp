// A perceptron with one hidden layer, and its training step: everything in double.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ablate {

/// N inputs -> H hidden ReLU units -> C classes. All parameters stand in one row: weights [H, N], biases [H],
/// weights [C, H], biases [C].
struct DemoModel {
  DemoModel(std::int64_t num_inputs, std::int64_t hidden_width, std::int64_t num_classes);
  /// Normal weights of variance 2 / inputs of the layer (He et al. 2015, eq. 10), biases 0: a pure function
  /// of the seed.
  void initialise(std::uint64_t seed);

  std::int64_t inputs, width, classes;
  std::vector<double> parameters;
};

/// Pictures in a row [B, N] and their classes [B].
struct DemoBatch {
  std::vector<double> pictures;
  std::vector<std::int64_t> classes;
};

struct DemoLoss {
  double loss = 0;               ///< Mean cross-entropy in nats.
  double accuracy = 0;           ///< Share of pictures whose class got the highest probability.
  std::vector<float> hits = {};  ///< Of each picture, 0 or 1: whether it is one of those.
};
/// The loss of a batch; `gradient`, unless null, receives its derivatives by the parameters.
DemoLoss compute_loss(const DemoModel& model, const DemoBatch& batch, std::vector<double>* gradient);

/// Cosine from `peak_lr` at step 0 to 0 at step `steps`.
double cosine_lr(std::int64_t step, std::int64_t steps, double peak_lr);

/// A model in training: what a checkpoint holds.
struct DemoState {
  DemoModel model;
  std::vector<double> momentum;
  std::int64_t step = 0;  ///< Steps done.

  explicit DemoState(DemoModel initial) : model(std::move(initial)), momentum(model.parameters.size()) {}
  /// Gradient descent with momentum 0.9 (Sutskever et al. 2013, eq. 1-2): v = 0.9 v - lr g; p = p + v.
  void update(const std::vector<double>& gradient, double lr);
};

/// Bytes with the exact doubles; `load_state` throws std::runtime_error when they are not those of such a
/// model.
std::string save_state(const DemoState& state);
void load_state(std::string_view bytes, DemoState& state);

}  // namespace ablate
