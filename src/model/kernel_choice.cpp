#include "model/kernel_choice.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "util/error.hpp"

namespace ablate {

namespace {

/// Whether the variable has the first of its two values, which it has where it is not set.
bool has_first(const char* variable, const char* first, const char* second) {
  const char* const found = std::getenv(variable);
  const std::string value = found == nullptr || *found == '\0' ? first : found;
  if (value != first && value != second)
    throw Error(fmt::format("{}: found '{}'; expected {} or {}", variable, value, first, second));
  return value == first;
}

}  // namespace

GpuAttention gpu_attention() {
  return has_first("ABLATE_GPU_ATTENTION", "varlen", "mask") ? GpuAttention::varlen : GpuAttention::mask;
}

GpuKernels gpu_kernels() {
  return has_first("ABLATE_GPU_KERNELS", "fused", "reference") ? GpuKernels::fused : GpuKernels::reference;
}

}  // namespace ablate
