#include "model/device_copy.hpp"

#include <torch/torch.h>

namespace ablate {

torch::Tensor empty_for(torch::Device device, torch::IntArrayRef shape, torch::ScalarType type) {
  return torch::empty(shape, torch::TensorOptions(type).pinned_memory(device.is_cuda()));
}

torch::Tensor copy_to_device(const torch::Tensor& tensor, torch::Device device) {
  const bool to_gpu = tensor.is_cpu() && device.is_cuda();
  return to_gpu ? tensor.pin_memory().to(device, /*non_blocking=*/true) : tensor.to(device);
}

}  // namespace ablate
