// Copies from host memory to a device that the program does not wait for.
#pragma once

#include <torch/types.h>

namespace ablate {

/// Uninitialised memory on the host for what is to be copied to `device`: page-locked where that is a GPU.
torch::Tensor empty_for(torch::Device device, torch::IntArrayRef shape, torch::ScalarType type);

/// `tensor` on `device`; the tensor itself where it is there already. From ordinary memory a copy to
/// a GPU waits for the GPU's queue, so it goes through page-locked memory, unless it is there already.
torch::Tensor copy_to_device(const torch::Tensor& tensor, torch::Device device);

}  // namespace ablate
