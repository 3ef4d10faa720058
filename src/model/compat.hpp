// What differs between LibTorch 1.13.1 (Debian 12) and 2.x stands here and in compat.cpp, nowhere else.
#pragma once

#include <torch/types.h>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cuda/kernels.hpp"
#include "model/kernels.hpp"
#include "model/visibility.hpp"

namespace ablate::compat {

/// softmax(q k^T / sqrt(C)) v over what each position sees. q, k, v [B, H, T, C].
torch::Tensor scaled_dot_product_attention(const torch::Tensor& q, const torch::Tensor& k,
                                           const torch::Tensor& v, const Visibility& visibility);

/// Whether there is a document_attention() for activations like x and heads of that width: on GPUs since
/// Ampere, in bf16, LibTorch 2.x.
bool has_document_attention(const torch::Tensor& x, std::int64_t head_width);
/// Causal attention within each of the documents that `visibility.borders` has. q [B, T, H, C]; k, v
/// [B, T, K, C], with K a divisor of H. Returns [B, T, H, C].
torch::Tensor document_attention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                                 const Visibility& visibility);

/// Where our kernels run for a tensor: on LibTorch's stream of its device, or on the host.
cuda::Place place_of(const torch::Tensor& x);

/// LibTorch's fused AdamW over one tensor, in place, as adamw_step (model/kernels.hpp) has it; the gradient
/// is scaled in place. False, and nothing is done, where the version has none for that device.
bool fused_adamw(torch::Tensor& param, const torch::Tensor& grad, torch::Tensor& mean, torch::Tensor& square,
                 const torch::Tensor& grad_scale, std::int64_t step, const AdamW& settings);

/// Records what a function enqueues on the GPU, so that later calls cost one launch (CUDA graphs;
/// LibTorch 2.2 or later with CUDA). The function must always work on the same tensors and never wait for the
/// device.
class StepGraph {
 public:
  /// For functions that work on `device`.
  explicit StepGraph(torch::Device device);
  ~StepGraph();
  /// Runs `body`: plainly the first few times, then recorded, from then on replayed. Elsewhere, and for a
  /// device that is no GPU, always plainly.
  void run(const std::function<void()>& body);

 private:
  struct Recording;
  std::unique_ptr<Recording> recording_;
};

/// Whether attention may be cuDNN's, which comes first on recent GPUs, and plans anew for each shape.
void allow_cudnn_attention(bool allowed);

/// Whether LibTorch takes only algorithms that give the same bits each time, where it has them. Memory that
/// nothing has been written to stays as it is either way.
void ask_for_determinism(bool wanted);

/// Name of GPU 0, and most bytes that LibTorch's allocator has held there, in use or not: what others cannot
/// have. Only where there is a GPU.
std::string gpu_name();
double gpu_peak_memory();
/// Gives back what is cached, and counts the peak from now on.
void gpu_forget_memory();
/// A name for what the GPU is given between the two, for profilers (NVTX). Only where there is a GPU.
void gpu_range_push(const char* name);
void gpu_range_pop();
/// Whether an exception says that memory has run out, by its class or by its message.
bool is_out_of_memory(const std::exception& error);
/// By its message alone: that of the allocators of host and GPU, of the CUDA runtime, of cuBLAS and of cuDNN.
bool tells_of_no_memory(std::string_view message);

}  // namespace ablate::compat
