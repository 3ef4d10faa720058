// When a training will not come back: one rule for all stages. No LibTorch here: the demonstration has it,
// too.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ablate {

/// A loss or another number of a model is none any more, or the loss will not come back.
struct Diverged : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws Diverged, with all values, where one is not finite or the first, the loss, is above ten times the
/// first step's.
void check_converges(const std::vector<std::pair<std::string, double>>& values, double first_loss,
                     std::int64_t step, double lr);

}  // namespace ablate
