// The options that say where jobs run.
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "schedule/devices.hpp"

namespace ablate {

std::vector<OptionSpec> device_options();
/// Throws Error for GPUs that are not there and for more threads than cores.
std::vector<Device> devices_of(const Arguments& arguments);
/// What `ablate run` uses when it is not told: the GPUs, else a slot for each core.
std::vector<Device> default_devices();
/// "2 cpu slots of 1 thread", "cuda:0 and cuda:1 (NVIDIA H200)".
std::string describe_devices(const std::vector<Device>& devices);

}  // namespace ablate
