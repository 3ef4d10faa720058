// Switches of a process for comparing what runs on a GPU. They are read from the environment, and no job's
// identity has them: they change no number beyond its rounding.
#pragma once

namespace ablate {

/// ABLATE_GPU_KERNELS: `fused`, our kernels where there are any, or `reference`, LibTorch's operators.
enum class GpuKernels { fused, reference };
/// Throws Error where the variable has another value.
GpuKernels gpu_kernels();

/// ABLATE_GPU_ATTENTION: `varlen`, packed documents one by one where LibTorch has a kernel for them (bf16),
/// or `mask`, whole sequences with a mask.
enum class GpuAttention { varlen, mask };
GpuAttention gpu_attention();

}  // namespace ablate
