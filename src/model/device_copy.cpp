#include "model/device_copy.hpp"

#include <torch/torch.h>

namespace ablate {

torch::Tensor copy_to_device(const torch::Tensor& tensor, torch::Device device) {
  return device.is_cuda() ? tensor.pin_memory().to(device, /*non_blocking=*/true) : tensor.to(device);
}

}  // namespace ablate
