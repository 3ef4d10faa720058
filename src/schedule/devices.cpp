#include "schedule/devices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <thread>

#include "util/error.hpp"
#include "util/process.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> find_number(std::string_view text) {
  text = trimmed(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// The indices in CUDA_VISIBLE_DEVICES, or nothing when it is not set. As in CUDA, the list ends at the first
/// entry that is no index (-1, for instance).
std::optional<std::vector<std::int64_t>> visible_devices() {
  const char* text = std::getenv("CUDA_VISIBLE_DEVICES");
  if (text == nullptr) return std::nullopt;
  std::vector<std::int64_t> indices;
  for (const std::string& entry : split(text, ',')) {
    const auto index = find_number(entry);
    if (!index || *index < 0) break;
    indices.push_back(*index);
  }
  return indices;
}

}  // namespace

std::vector<Device> find_gpus(std::int64_t slots_each) {
  std::vector<Device> gpus;
  const auto visible = visible_devices();
  if (visible && visible->empty()) return gpus;
  const auto listing =
      capture({"nvidia-smi", "--query-gpu=index,memory.total,name", "--format=csv,noheader,nounits"});
  if (!listing) return gpus;
  for (const std::string& line : split(*listing, '\n')) {
    const std::vector<std::string> fields = split(line, ',');
    if (fields.size() < 3) continue;
    const auto index = find_number(fields[0]);
    if (!index) continue;
    if (visible && std::find(visible->begin(), visible->end(), *index) == visible->end()) continue;
    constexpr double kMebibyte = 1 << 20;
    gpus.push_back({.kind = DeviceKind::cuda,
                    .cards = {*index},
                    .slots = slots_each,
                    .threads = 1,
                    // A card that does not tell its memory ("[N/A]") is not packed by it.
                    .memory_bytes = static_cast<double>(find_number(fields[1]).value_or(0)) * kMebibyte,
                    .description = printable(trimmed(fields[2]))});
  }
  return gpus;
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
