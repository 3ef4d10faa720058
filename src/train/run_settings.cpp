#include "train/run_settings.hpp"

#include <algorithm>

namespace ablate {

std::int64_t micro_batch_of(std::int64_t setting, std::int64_t otherwise, std::int64_t halvings) {
  const std::int64_t whole = setting > 0 ? setting : otherwise;
  return std::max<std::int64_t>(1, whole >> std::min<std::int64_t>(halvings, 62));
}

std::size_t loader_threads(std::int64_t threads) {
  return static_cast<std::size_t>(std::clamp<std::int64_t>(threads / 2, 1, 16));
}

}  // namespace ablate
