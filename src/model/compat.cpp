#include "model/compat.hpp"

#include <torch/torch.h>
#include <torch/version.h>
#ifdef ABLATE_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/csrc/profiler/stubs/base.h>
#endif

#include <algorithm>
#include <iterator>
#include <stdexcept>

#define ABLATE_TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

namespace ablate::compat {

// No mask is {}: an undefined tensor counts as one.
torch::Tensor scaled_dot_product_attention(const torch::Tensor& q, const torch::Tensor& k,
                                           const torch::Tensor& v, const Visibility& visibility) {
  if (q.is_meta()) return torch::empty_like(q);  // The mask's `where` has no shape-only kernel.
  const bool causal = visibility.kind == Visibility::Kind::causal;
#if ABLATE_TORCH_AT_LEAST(2, 0)
  if (visibility.kind == Visibility::Kind::intervals)
    return at::scaled_dot_product_attention(q, k, v, dense_mask(visibility));
  return at::scaled_dot_product_attention(q, k, v, {}, /*dropout_p=*/0.0, causal);
#else
  if (visibility.kind == Visibility::Kind::intervals)
    return std::get<0>(at::_scaled_dot_product_attention(q, k, v, dense_mask(visibility)));
  return std::get<0>(at::_scaled_dot_product_attention(q, k, v, {}, /*dropout_p=*/0.0,
                                                       /*need_attn_weights=*/false, causal));
#endif
}

#if defined(ABLATE_CUDA) && ABLATE_TORCH_AT_LEAST(2, 0)
bool has_document_attention(const torch::Tensor& x, std::int64_t head_width) {
  return x.is_cuda() && x.scalar_type() == torch::kBFloat16 && head_width % 8 == 0 && head_width <= 256 &&
         at::cuda::getDeviceProperties(x.get_device())->major >= 8;
}

torch::Tensor document_attention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                                 const Visibility& visibility) {
  const auto packed = [](const torch::Tensor& x) { return x.flatten(0, 1); };  // [B T, heads, C]
  return std::get<0>(at::_flash_attention_forward(packed(q), packed(k), packed(v), visibility.borders,
                                                  visibility.borders, visibility.longest, visibility.longest,
                                                  /*dropout_p=*/0.0, /*is_causal=*/true,
                                                  /*return_debug_mask=*/false))
      .view(q.sizes());
}
#else
bool has_document_attention(const torch::Tensor&, std::int64_t) { return false; }
torch::Tensor document_attention(const torch::Tensor&, const torch::Tensor&, const torch::Tensor&,
                                 const Visibility&) {
  throw std::logic_error("this build has no attention by documents");
}
#endif

cuda::Place place_of([[maybe_unused]] const torch::Tensor& x) {
#ifdef ABLATE_CUDA
  if (x.is_cuda())
    return {.on_gpu = true,
            .stream = at::cuda::getCurrentCUDAStream(x.get_device()).stream(),
            .processors = at::cuda::getDeviceProperties(x.get_device())->multiProcessorCount};
#endif
  return {};
}

bool fused_adamw([[maybe_unused]] torch::Tensor& param, [[maybe_unused]] const torch::Tensor& grad,
                 [[maybe_unused]] torch::Tensor& mean, [[maybe_unused]] torch::Tensor& square,
                 [[maybe_unused]] const torch::Tensor& grad_scale, [[maybe_unused]] std::int64_t step,
                 [[maybe_unused]] const AdamW& settings) {
#if ABLATE_TORCH_AT_LEAST(2, 4)  // CUDA since 2.0, the CPU since 2.4.
  if (!param.is_cuda() && !param.is_cpu()) return false;
  const torch::NoGradGuard no_grad;
  const torch::Tensor steps = torch::full({}, static_cast<double>(step), param.options());
  // LibTorch divides by its scale.
  at::_fused_adamw_({param}, {grad}, {mean}, {square}, {}, {steps}, settings.lr, settings.beta1,
                    settings.beta2, settings.weight_decay, settings.epsilon, /*amsgrad=*/false,
                    /*maximize=*/false, grad_scale.reciprocal());
  return true;
#else
  return false;
#endif
}

#if defined(ABLATE_CUDA) && ABLATE_TORCH_AT_LEAST(2, 2)
// As PyTorch's tutorial on CUDA graphs has it: warm-up and capture on a stream that is not the default one,
// since cuBLAS and the allocator set themselves up at the first calls.
struct StepGraph::Recording {
  static constexpr int kWarmUp = 3;
  at::cuda::CUDAStream stream = at::cuda::getStreamFromPool();
  at::cuda::CUDAGraph graph;
  int calls = 0;
};
StepGraph::StepGraph(torch::Device device)
    : recording_(device.is_cuda() ? std::make_unique<Recording>() : nullptr) {}

void StepGraph::run(const std::function<void()>& body) {
  if (!recording_) return body();
  Recording& recording = *recording_;
  if (recording.calls++ > Recording::kWarmUp) return recording.graph.replay();
  // Inputs were written on the usual stream, and results are read there.
  torch::cuda::synchronize();
  {
    const at::cuda::CUDAStreamGuard on_stream(recording.stream);
    if (recording.calls <= Recording::kWarmUp) {
      body();
    } else {
      // A recording has memory of its own: what the warm-up took is not used again.
      c10::cuda::CUDACachingAllocator::emptyCache();
      // Another thread may meanwhile take page-locked memory for the next batch.
      recording.graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
      body();
      recording.graph.capture_end();
    }
    torch::cuda::synchronize();
  }
  if (recording.calls > Recording::kWarmUp) recording.graph.replay();  // Capturing computes nothing.
}
#else
struct StepGraph::Recording {};
StepGraph::StepGraph(torch::Device) {}
void StepGraph::run(const std::function<void()>& body) { body(); }
#endif
StepGraph::~StepGraph() = default;

void allow_cudnn_attention([[maybe_unused]] bool allowed) {
#if ABLATE_TORCH_AT_LEAST(2, 5)  // Before it is off unless an environment variable asks for it.
  at::globalContext().setSDPUseCuDNN(allowed);
#endif
}

void ask_for_determinism(bool wanted) {
  at::globalContext().setDeterministicAlgorithms(wanted, /*warn_only=*/true);
#if ABLATE_TORCH_AT_LEAST(2, 2)
  at::globalContext().setDeterministicFillUninitializedMemory(false);
#endif
}

#ifdef ABLATE_CUDA
std::string gpu_name() { return at::cuda::getDeviceProperties(0)->name; }
double gpu_peak_memory() {
  const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(0);
  return static_cast<double>(stats.reserved_bytes[0].peak);  // 0: of all pools together.
}
void gpu_forget_memory() {
  c10::cuda::CUDACachingAllocator::emptyCache();
  c10::cuda::CUDACachingAllocator::resetPeakStats(0);
}
void gpu_range_push(const char* name) {
  if (const auto* nvtx = torch::profiler::impl::cudaStubs(); nvtx->enabled()) nvtx->rangePush(name);
}
void gpu_range_pop() {
  if (const auto* nvtx = torch::profiler::impl::cudaStubs(); nvtx->enabled()) nvtx->rangePop();
}
#else
void gpu_range_push(const char*) { throw std::logic_error("this build has no CUDA"); }
void gpu_range_pop() { throw std::logic_error("this build has no CUDA"); }
std::string gpu_name() { throw std::logic_error("this build has no CUDA"); }
void gpu_forget_memory() { throw std::logic_error("this build has no CUDA"); }
double gpu_peak_memory() { throw std::logic_error("this build has no CUDA"); }
#endif

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error)) return true;
  // c10::OutOfMemoryError is its own class since 1.13; the CPU's allocator throws a plain c10::Error.
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error)) return true;
  return tells_of_no_memory(error.what());
}

bool tells_of_no_memory(std::string_view message) {
  constexpr std::string_view kSigns[] = {
      "DefaultCPUAllocator: can't allocate memory", "CUDA out of memory", "CUDA error: out of memory",
      "CUBLAS_STATUS_ALLOC_FAILED", "CUSOLVER_STATUS_ALLOC_FAILED",
      // cuBLAS takes its workspace when it starts.
      "CUBLAS_STATUS_NOT_INITIALIZED",
      // cuDNN 8, then 9.
      "CUDNN_STATUS_ALLOC_FAILED", "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
      "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED"};
  return std::any_of(std::begin(kSigns), std::end(kSigns),
                     [&](std::string_view sign) { return message.find(sign) != std::string_view::npos; });
}

}  // namespace ablate::compat
