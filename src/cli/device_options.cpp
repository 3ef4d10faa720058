#include "cli/device_options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/common.hpp"
#include "util/text.hpp"

namespace ablate {

std::vector<OptionSpec> device_options() {
  OptionSpec gpus = value("--gpus", ValueType::text, "GPUS", "auto, none, or numbers such as 0,1");
  gpus.fallback = "auto";
  OptionSpec share = at_least(1, value("--jobs-per-gpu", ValueType::integer, "N",
                                       "workers at a time on one GPU, where memory allows"));
  share.fallback = "1";
  return {
      at_least(1,
               value("--slots", ValueType::integer, "N", "workers at a time on the CPU [cores / threads]")),
      at_least(1, value("--threads", ValueType::integer, "N", "CPU threads of each worker [cores / slots]")),
      gpus, share};
}

std::vector<Device> devices_of(const Arguments& arguments) {
  const std::string wanted = arguments.text("--gpus");
  const std::int64_t slots = arguments.find_integer("--slots").value_or(0);
  const std::int64_t threads = arguments.find_integer("--threads").value_or(0);
  std::vector<Device> devices;
  if (wanted != "none") {
    std::vector<Device> found = find_gpus(arguments.find_integer("--jobs-per-gpu").value_or(1));
    if (wanted == "auto") {
      devices = std::move(found);
    } else {
      std::vector<std::string> known;
      for (const Device& device : found)
        for (const std::int64_t card : device.cards) known.push_back(std::to_string(card));
      for (const std::string& number : split(wanted, ',')) {
        const auto at = std::find_if(found.begin(), found.end(),
                                     [&](const Device& device) { return device.name() == "cuda:" + number; });
        if (at == found.end())
          throw Error(fmt::format("--gpus: there is no GPU '{}' here; found: {}", number,
                                  known.empty() ? "none" : join(known, ", ")));
        devices.push_back(*at);
      }
    }
    share_cores(devices);
    if (threads > 0)
      for (Device& device : devices) device.threads = threads;
  }
  if (devices.empty() || arguments.has("--slots")) devices.push_back(cpu_device(slots, threads));
  return devices;
}

}  // namespace ablate
