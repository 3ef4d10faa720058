// Cross entropy: a team reads a row of logits once for its sum, by blocks whose greatest value is not known
// before (Milakov and Gimelshein 2018), and a second time, out of a cache, to write its gradient.
#include <cmath>
#include <limits>

#include "cuda/dispatch.hpp"
#include "cuda/team.hpp"

namespace ablate::cuda {

namespace {

constexpr float kLowest = std::numeric_limits<float>::lowest();
constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();

/// The sum of e^(x - greatest) over some x, of which that is the greatest.
struct ExpSum {
  float greatest, sum;
};
ABLATE_BOTH ExpSum joined(const ExpSum& a, const ExpSum& b) {
  const float greatest = fmaxf(a.greatest, b.greatest);
  return {greatest, a.sum * exp_of(a.greatest - greatest) + b.sum * exp_of(b.greatest - greatest)};
}

template <class X>
struct CrossEntropy {
  static constexpr int kLanes = 512, kNumbers = kPack<X>;
  X* logits;
  float *losses, *log_z;
  const std::int64_t* targets;
  const float* weights;
  std::int64_t classes;
  float z_loss;
  bool gradient;

  ABLATE_BOTH void operator()(const Team<kLanes>& team, std::int64_t row) const {
    X* const x = logits + row * classes;
    const std::int64_t target = targets[row];
    const bool is_class = target >= 0 && target < classes;
    // Read before any lane writes: the reduction stands between.
    const float of_target = is_class ? widen(x[target]) : kNoNumber;
    typename Team<kLanes>::template PerLane<ExpSum> sums;
    team.each_lane([&](int lane) { sums[lane] = sum_of_lane(x, lane); });
    const ExpSum all = team.reduce(sums, [](const ExpSum& a, const ExpSum& b) { return joined(a, b); });
    const float log_sum = all.greatest + logf(all.sum), weight = weights[row];
    team.each_lane([&](int lane) {
      if (lane == 0) {
        losses[row] = log_sum - of_target;
        log_z[row] = log_sum;
      }
      if (gradient) write_gradient(x, lane, target, weight, log_sum);
    });
  }

  ABLATE_BOTH ExpSum sum_of_lane(const X* x, int lane) const {
    ExpSum sum{kLowest, 0};
    for (std::int64_t i = std::int64_t{lane} * kNumbers; i < classes; i += kLanes * kNumbers) {
      float values[kNumbers], greatest = kLowest;
      load(x + i, classes - i, values, kLowest);
      ABLATE_UNROLL for (int j = 0; j < kNumbers; ++j) greatest = fmaxf(greatest, values[j]);
      if (greatest > sum.greatest) sum = {greatest, sum.sum * exp_of(sum.greatest - greatest)};
      ABLATE_UNROLL for (int j = 0; j < kNumbers; ++j) sum.sum += exp_of(values[j] - sum.greatest);
    }
    return sum;
  }

  /// d(weight (log_z - x_target + z_loss log_z^2)) / dx
  ABLATE_BOTH void write_gradient(X* x, int lane, std::int64_t target, float weight, float log_sum) const {
    const float factor = weight * (1 + 2 * z_loss * log_sum);
    for (std::int64_t i = std::int64_t{lane} * kNumbers; i < classes; i += kLanes * kNumbers) {
      float values[kNumbers];
      load(x + i, classes - i, values);
      ABLATE_UNROLL for (int j = 0; j < kNumbers; ++j) {
        values[j] = factor * exp_of(values[j] - log_sum);
        if (i + j == target) values[j] -= weight;
      }
      store(x + i, classes - i, values);
    }
  }
};

}  // namespace

void cross_entropy(const Place& place, const LogitRows& shape, void* logits, float* losses, float* log_z,
                   const std::int64_t* targets, const float* weights) {
  with_format(shape.format, [&](auto number) {
    using X = decltype(number);
    run(place, shape.rows,
        CrossEntropy<X>{.logits = static_cast<X*>(logits),
                        .losses = losses,
                        .log_z = log_z,
                        .targets = targets,
                        .weights = weights,
                        .classes = shape.classes,
                        .z_loss = shape.z_loss,
                        .gradient = shape.gradient});
  });
}

}  // namespace ablate::cuda
