// AdamW over flat tensors: a lane has a pack of each.
#include <cmath>

#include "cuda/team.hpp"

namespace ablate::cuda {

namespace {

struct AdamWValues {
  static constexpr int kLanes = 256, kNumbers = kPack<Bf16>;
  AdamWTensors tensors;
  AdamWFactors factors;

  ABLATE_BOTH void operator()(const Team<kLanes>& team, std::int64_t task) const {
    const float grad_scale = *tensors.grad_scale;
    team.each_lane([&](int lane) {
      const std::int64_t at = (task * kLanes + lane) * kNumbers, left = tensors.count - at;
      if (left <= 0) return;
      float param[kNumbers], grad[kNumbers], mean[kNumbers], square[kNumbers];
      load(tensors.param + at, left, param);
      load(tensors.grad + at, left, grad);
      load(tensors.mean + at, left, mean);
      load(tensors.square + at, left, square);
      ABLATE_UNROLL for (int i = 0; i < kNumbers; ++i) {
        const float g = grad[i] * grad_scale;
        mean[i] = factors.beta1 * mean[i] + factors.one_minus_beta1 * g;
        square[i] = factors.beta2 * square[i] + factors.one_minus_beta2 * (g * g);
        param[i] = param[i] * factors.decay -
                   factors.rate * mean[i] / (sqrtf(square[i]) * factors.root_scale + factors.epsilon);
      }
      store(tensors.param + at, left, param);
      store(tensors.mean + at, left, mean);
      store(tensors.square + at, left, square);
      if (tensors.copy != nullptr) store(static_cast<Bf16*>(tensors.copy) + at, left, param);
    });
  }
};

}  // namespace

void adamw(const Place& place, const AdamWTensors& tensors, const AdamWFactors& factors) {
  run(place, divided_up(tensors.count, AdamWValues::kLanes * AdamWValues::kNumbers),
      AdamWValues{.tensors = tensors, .factors = factors});
}

}  // namespace ablate::cuda
