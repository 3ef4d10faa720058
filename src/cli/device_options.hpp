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

}  // namespace ablate
