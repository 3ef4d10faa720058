#include "train/stopwatch.hpp"

#include "train/device.hpp"

namespace ablate {

void Stopwatch::start(Phase phase) {
  stop();
  running_ = static_cast<int>(phase);
}

void Stopwatch::stop() {
  if (synchronize) ablate::synchronize(device_);
  const auto now = Clock::now();
  if (running_ >= 0)
    seconds_[static_cast<std::size_t>(running_)] += std::chrono::duration<double>(now - since_).count();
  since_ = now;
  running_ = -1;
}

}  // namespace ablate
