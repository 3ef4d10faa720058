#include "worker/demo_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>
#include <stdexcept>
#include <string_view>

#include "util/random.hpp"

namespace ablate {

namespace {

constexpr double kMomentum = 0.9;
constexpr std::string_view kMagic = "ablate-demo-1\n\n\n";  // 16 bytes: what follows is aligned.

std::size_t num_parameters(std::int64_t inputs, std::int64_t width, std::int64_t classes) {
  return static_cast<std::size_t>(width * inputs + width + classes * width + classes);
}

/// Where the four blocks of a row of parameters (or of their derivatives) begin.
template <typename Number>
struct Layers {
  Layers(const DemoModel& model, Number* row)
      : hidden_weights(row),
        hidden_biases(hidden_weights + model.width * model.inputs),
        output_weights(hidden_biases + model.width),
        output_biases(output_weights + model.classes * model.width) {}
  Number *hidden_weights, *hidden_biases, *output_weights, *output_biases;
};

double dot(const double* a, const double* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

void add_scaled(double* to, const double* from, double scale, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += scale * from[i];
}

/// Scores to probabilities in place; returns the log of the sum that they were divided by.
double softmax(std::vector<double>& scores) {
  const double highest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - highest);
  for (double& score : scores) score /= sum;
  return highest + std::log(sum);
}

}  // namespace

DemoModel::DemoModel(std::int64_t num_inputs, std::int64_t hidden_width, std::int64_t num_classes)
    : inputs(num_inputs),
      width(hidden_width),
      classes(num_classes),
      parameters(num_parameters(num_inputs, hidden_width, num_classes)) {}

void DemoModel::initialise(std::uint64_t seed) {
  const RandomStream hidden(seed, "demo weights, hidden"), output(seed, "demo weights, output");
  const Layers layers(*this, parameters.data());
  const double hidden_scale = std::sqrt(2.0 / static_cast<double>(inputs));
  const double output_scale = std::sqrt(2.0 / static_cast<double>(width));
  std::fill(parameters.begin(), parameters.end(), 0.0);
  for (std::int64_t h = 0; h < width; ++h) {
    for (std::int64_t i = 0; i < inputs; ++i)
      layers.hidden_weights[h * inputs + i] =
          hidden_scale * hidden.normal(static_cast<std::uint64_t>(h), static_cast<std::uint64_t>(i));
    for (std::int64_t c = 0; c < classes; ++c)
      layers.output_weights[c * width + h] =
          output_scale * output.normal(static_cast<std::uint64_t>(h), static_cast<std::uint64_t>(c));
  }
}

DemoLoss compute_loss(const DemoModel& model, const DemoBatch& batch, std::vector<double>* gradient) {
  const Layers weights(model, model.parameters.data());
  if (gradient) gradient->assign(model.parameters.size(), 0.0);
  const std::int64_t n = model.inputs, width = model.width, classes = model.classes;
  const double share = 1.0 / static_cast<double>(batch.classes.size());
  std::vector<double> hidden(static_cast<std::size_t>(width)), hidden_slope(hidden.size());
  std::vector<double> scores(static_cast<std::size_t>(classes));
  DemoLoss result;
  std::int64_t num_right = 0;
  for (std::size_t picture = 0; picture < batch.classes.size(); ++picture) {
    const double* x = batch.pictures.data() + picture * static_cast<std::size_t>(n);
    const auto right = static_cast<std::size_t>(batch.classes[picture]);
    for (std::int64_t h = 0; h < width; ++h)
      hidden[static_cast<std::size_t>(h)] =
          std::max(0.0, weights.hidden_biases[h] + dot(weights.hidden_weights + h * n, x, n));
    for (std::int64_t c = 0; c < classes; ++c)
      scores[static_cast<std::size_t>(c)] =
          weights.output_biases[c] + dot(weights.output_weights + c * width, hidden.data(), width);
    const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
    const bool is_right = static_cast<std::size_t>(best) == right;
    num_right += is_right ? 1 : 0;
    result.hits.push_back(is_right ? 1.0f : 0.0f);
    const double right_score = scores[right];
    result.loss += share * (softmax(scores) - right_score);
    if (!gradient) continue;

    const Layers slopes(model, gradient->data());
    std::fill(hidden_slope.begin(), hidden_slope.end(), 0.0);
    scores[right] -= 1;  // The derivatives of the loss by the scores: probabilities minus the one-hot class.
    for (std::int64_t c = 0; c < classes; ++c) {
      const double slope = share * scores[static_cast<std::size_t>(c)];
      slopes.output_biases[c] += slope;
      add_scaled(slopes.output_weights + c * width, hidden.data(), slope, width);
      add_scaled(hidden_slope.data(), weights.output_weights + c * width, slope, width);
    }
    for (std::int64_t h = 0; h < width; ++h) {
      if (hidden[static_cast<std::size_t>(h)] <= 0) continue;
      slopes.hidden_biases[h] += hidden_slope[static_cast<std::size_t>(h)];
      add_scaled(slopes.hidden_weights + h * n, x, hidden_slope[static_cast<std::size_t>(h)], n);
    }
  }
  result.accuracy = static_cast<double>(num_right) / static_cast<double>(batch.classes.size());
  return result;
}

double cosine_lr(std::int64_t step, std::int64_t steps, double peak_lr) {
  return 0.5 * peak_lr *
         (1 + std::cos(std::numbers::pi * static_cast<double>(step) / static_cast<double>(steps)));
}

void DemoState::update(const std::vector<double>& gradient, double lr) {
  for (std::size_t i = 0; i < momentum.size(); ++i) {
    momentum[i] = kMomentum * momentum[i] - lr * gradient[i];
    model.parameters[i] += momentum[i];
  }
  ++step;
}

std::string save_state(const DemoState& state) {
  const std::array<std::int64_t, 4> sizes = {state.step, state.model.inputs, state.model.width,
                                             state.model.classes};
  std::string bytes(kMagic);
  bytes.append(reinterpret_cast<const char*>(sizes.data()), sizeof sizes);
  for (const std::vector<double>* row : {&state.model.parameters, &state.momentum})
    bytes.append(reinterpret_cast<const char*>(row->data()), row->size() * sizeof(double));
  return bytes;
}

void load_state(std::string_view bytes, DemoState& state) {
  std::array<std::int64_t, 4> sizes{};
  const std::size_t row_bytes = state.momentum.size() * sizeof(double);
  const std::size_t head_bytes = kMagic.size() + sizeof sizes;
  if (!bytes.starts_with(kMagic) || bytes.size() != head_bytes + 2 * row_bytes)
    throw std::runtime_error("is no checkpoint of a demo model of this size");
  std::memcpy(sizes.data(), bytes.data() + kMagic.size(), sizeof sizes);
  if (sizes[0] < 0 || sizes[1] != state.model.inputs || sizes[2] != state.model.width ||
      sizes[3] != state.model.classes)
    throw std::runtime_error("is a checkpoint of another demo model");
  state.step = sizes[0];
  std::memcpy(state.model.parameters.data(), bytes.data() + head_bytes, row_bytes);
  std::memcpy(state.momentum.data(), bytes.data() + head_bytes + row_bytes, row_bytes);
}

}  // namespace ablate
