#include "schedule/devices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "schedule/nvidia_smi.hpp"
#include "util/error.hpp"
#include "util/process.hpp"
#include "util/text.hpp"

namespace ablate {

std::vector<Device> find_gpus(std::int64_t slots_each) {
  const char* variable = std::getenv("CUDA_VISIBLE_DEVICES");
  if (variable && *variable == '\0') return {};
  const auto listing =
      capture({"nvidia-smi", "--query-gpu=index,uuid,memory.total,name", "--format=csv,noheader,nounits"});
  VisibleCards visible{.cards = parse_cards(listing.value_or("")), .slice = {}};
  if (variable && !visible.cards.empty()) visible = visible_cards(visible.cards, variable);
  std::vector<Device> gpus;
  for (const Card& card : visible.cards)
    gpus.push_back({.kind = DeviceKind::cuda,
                    .cards = {card.index},
                    .slots = slots_each,
                    .memory_bytes = card.memory_bytes,
                    .description = card.name});
  if (!visible.slice.empty())
    gpus.push_back({.kind = DeviceKind::cuda, .slots = slots_each, .description = visible.slice});
  return gpus;
}

void share_cores(std::vector<Device>& gpus) {
  const std::int64_t cores = std::max(1u, std::thread::hardware_concurrency());
  std::int64_t slots = 0;
  for (const Device& gpu : gpus) slots += gpu.slots;
  for (Device& gpu : gpus) gpu.threads = std::max<std::int64_t>(1, cores / slots);
}

Placement Device::placement(double job_bytes) const {
  return {.kind = kind, .cards = cards, .threads = threads, .memory_bytes = job_bytes};
}

Device cpu_device(std::int64_t slots, std::int64_t threads) {
  const std::int64_t cores = std::max(1u, std::thread::hardware_concurrency());
  if (slots < 0 || threads < 0)
    throw Error(fmt::format("slots and threads: found {} and {}; expected 0 or more", slots, threads));
  if (slots == 0) slots = std::max<std::int64_t>(1, cores / std::max<std::int64_t>(1, threads));
  if (threads == 0) threads = std::max<std::int64_t>(1, cores / slots);
  if (slots > cores || threads > cores || slots * threads > cores)
    throw Error(fmt::format("{} slots with {} threads each need {} cores; this machine has {}", slots,
                            threads, static_cast<double>(slots) * static_cast<double>(threads), cores));
  return {.kind = DeviceKind::cpu,
          .cards = {},
          .slots = slots,
          .threads = threads,
          .memory_bytes = 0,
          .description = fmt::format("{} CPU cores", cores)};
}

Slots::Slots(std::vector<Device> devices) {
  for (Device& device : devices) uses_.push_back({.device = std::move(device), .jobs = 0, .memory_bytes = 0});
}

std::optional<Placement> Slots::take(double memory_bytes) {
  Use* best = nullptr;
  for (Use& use : uses_) {
    const bool fits = use.jobs == 0 || use.device.memory_bytes == 0 ||
                      use.memory_bytes + memory_bytes <= use.device.memory_bytes;
    if (use.jobs < use.device.slots && fits && (best == nullptr || use.jobs < best->jobs)) best = &use;
  }
  if (best == nullptr) return std::nullopt;
  const Placement placement = best->device.placement(memory_bytes);
  take_on(placement);
  return placement;
}

Slots::Use* Slots::find(const Placement& placement) {
  const auto found = std::find_if(uses_.begin(), uses_.end(), [&](const Use& use) {
    return use.device.kind == placement.kind && use.device.cards == placement.cards;
  });
  return found == uses_.end() ? nullptr : &*found;
}

void Slots::take_on(const Placement& placement) {
  Use* use = find(placement);
  if (!use) return;
  ++use->jobs;
  use->memory_bytes += placement.memory_bytes;
}

void Slots::release(const Placement& placement) {
  Use* use = find(placement);
  if (!use) return;
  --use->jobs;
  use->memory_bytes = use->jobs == 0 ? 0 : use->memory_bytes - placement.memory_bytes;
}

std::vector<Device> default_devices() {
  std::vector<Device> devices = find_gpus(1);
  share_cores(devices);
  if (devices.empty()) devices.push_back(cpu_device(0, 0));
  return devices;
}

std::string describe_devices(const std::vector<Device>& devices) {
  std::vector<std::string> texts;
  for (const Device& device : devices) {
    if (device.kind == DeviceKind::cpu) {
      texts.push_back(
          fmt::format("{} of {}", count_of(device.slots, "CPU slot"), count_of(device.threads, "thread")));
      continue;
    }
    texts.push_back(device.name() + (device.description.empty() ? "" : " (" + device.description + ")") +
                    (device.slots > 1 ? fmt::format(" with {} slots", device.slots) : ""));
  }
  return join(texts, ", ");
}

}  // namespace ablate
