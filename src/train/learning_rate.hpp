// Learning-rate schedules: pure functions of the step.
#pragma once

#include <cstdint>

#include "config/experiment.hpp"

namespace ablate {

/// Learning rate of optimiser step `step`, counted from 1: linear from 0 to peak_lr at step warmup_steps,
/// from there to peak_lr * min_lr_ratio at the last step along the schedule (cosine: Loshchilov and Hutter
/// 2017, eq. 5). `constant` stays at peak_lr.
double lr_at(std::int64_t step, const Train& train);

}  // namespace ablate
