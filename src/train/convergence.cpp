#include "train/convergence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ablate {

namespace {

/// A loss that many times the first step's will not come back.
constexpr double kDivergedFactor = 10;

}  // namespace

void check_converges(const std::vector<std::pair<std::string, double>>& values, double first_loss,
                     std::int64_t step, double lr) {
  const bool finite = std::all_of(values.begin(), values.end(),
                                  [](const auto& value) { return std::isfinite(value.second); });
  const double loss = values.front().second;
  if (finite && !(loss > kDivergedFactor * std::abs(first_loss))) return;
  std::string text;
  for (const auto& [name, value] : values)
    text += fmt::format("{}{} {:.6g}", text.empty() ? "" : ", ", name, value);
  throw Diverged(
      fmt::format("diverged by step {}: {}; the first step's loss was {:.6g}; learning rate {:.6g}", step,
                  text, first_loss, lr));
}

}  // namespace ablate
