// Switches of a process for comparing what runs on a GPU. They are read from the environment, and no job's
// identity has them: they change no number beyond its rounding.
#pragma once

namespace ablate {

/// ABLATE_GPU_KERNELS: `fused`, our kernels where there are any, or `reference`, LibTorch's operators.
enum class GpuKernels { fused, reference };
/// Throws Error where the variable has another value.
GpuKernels gpu_kernels();

}  // namespace ablate
