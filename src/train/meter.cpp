#include "train/meter.hpp"

#include <fmt/format.h>

#include "train/device.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

struct NamedPhase {
  Phase phase;
  const char* name;
};
constexpr NamedPhase kPhases[] = {{Phase::data, "seconds_data"},
                                  {Phase::forward, "seconds_forward"},
                                  {Phase::backward, "seconds_backward"},
                                  {Phase::forward_backward, "seconds_forward_backward"},
                                  {Phase::optimizer, "seconds_optimizer"}};

}  // namespace

Meter::Meter(torch::Device device, torch::ScalarType compute)
    : watch(device),
      device_(device),
      peak_(device_peak(device)),
      matmul_rate_(measure_matmul_rate(device, compute)),
      since_(Clock::now()) {}

void Meter::begin_step(bool synchronize) {
  // Without waiting for a GPU, its phases cannot be told apart: only steps that are logged count there.
  if (device_.is_cuda()) {
    watch.synchronize = synchronize;
    watch.reset();
    parted_steps_ = 0;
  }
}

void Meter::end_step(const TrainingStage::Work& work) {
  interval_.flops += work.flops;
  interval_.tokens += work.tokens;
  interval_.images += work.images;
  ++steps_;
  ++parted_steps_;
}

std::vector<std::pair<std::string, double>> Meter::read() {
  synchronize(device_);
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - since_).count();
  std::vector<std::pair<std::string, double>> values = {{"tokens_per_second", interval_.tokens / seconds},
                                                        {"images_per_second", interval_.images / seconds},
                                                        {"flops_per_second", interval_.flops / seconds}};
  if (peak_ > 0) values.emplace_back("mfu", interval_.flops / seconds / peak_);
  values.emplace_back("matmul_share", interval_.flops / seconds / matmul_rate_);
  values.emplace_back("seconds_step", seconds / static_cast<double>(steps_));
  for (const NamedPhase& named : kPhases)
    if (watch.seconds(named.phase) > 0)
      values.emplace_back(named.name, watch.seconds(named.phase) / static_cast<double>(parted_steps_));
  values.emplace_back("memory_bytes", peak_memory(device_));

  total_.flops += interval_.flops;
  total_.tokens += interval_.tokens;
  total_.images += interval_.images;
  total_seconds_ += seconds;
  interval_ = {};
  steps_ = parted_steps_ = 0;
  watch.reset();
  since_ = now;
  return values;
}

Json Meter::totals() const {
  const double seconds = std::chrono::duration<double>(Clock::now() - since_).count();
  return {{"flops", total_.flops + interval_.flops},
          {"tokens", total_.tokens + interval_.tokens},
          {"images", total_.images + interval_.images},
          {"training_seconds", total_seconds_ + (steps_ > 0 ? seconds : 0)},
          {"matmul_rate", matmul_rate_}};
}

void Meter::restore(const Json& totals) {
  const auto number = [&](const char* key) {
    const Json value = totals.is_object() ? totals.value(key, Json()) : Json();
    if (!value.is_number()) throw Error(fmt::format("'totals': '{}': expected a number", key));
    return value.get<double>();
  };
  total_ = {number("flops"), number("tokens"), number("images")};
  total_seconds_ = number("training_seconds");
}

}  // namespace ablate
