#include "train/learning_rate.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace ablate {

double lr_at(std::int64_t step, const Train& train) {
  const auto now = static_cast<double>(step), warmup = static_cast<double>(train.warmup_steps);
  if (step < train.warmup_steps) return train.peak_lr * now / warmup;
  const double rest = std::max(1.0, static_cast<double>(train.steps) - warmup);
  const double progress = std::clamp((now - warmup) / rest, 0.0, 1.0);
  const double floor = train.peak_lr * train.min_lr_ratio;
  switch (train.schedule) {
    case LrSchedule::constant:
      return train.peak_lr;
    case LrSchedule::linear:
      return train.peak_lr + (floor - train.peak_lr) * progress;
    case LrSchedule::cosine:
      return floor + (train.peak_lr - floor) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
  }
  throw std::logic_error("unknown schedule");
}

}  // namespace ablate
