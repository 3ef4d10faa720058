#include "train/device.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <torch/torch.h>

#include <chrono>

#include "model/compat.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

struct KnownPeak {
  const char* name;  ///< Part of the device's name.
  double flops;
};
// NVIDIA's data sheets: dense bf16 with fp32 accumulation.
constexpr KnownPeak kPeaks[] = {{"H100 PCIe", 756e12}, {"H100", 989e12}, {"H200", 989e12}, {"A100", 312e12}};

double time_matmul(torch::Device device, torch::ScalarType type) {
  using Clock = std::chrono::steady_clock;
  const torch::NoGradGuard no_grad;
  const std::int64_t size = device.is_cuda() ? 8192 : 512;
  const int rounds = 5;
  const auto options = torch::TensorOptions(type).device(device);
  // Numbers that are no round ones: a GPU multiplies zeros faster.
  const torch::Tensor a = torch::linspace(-1, 1, size * size, options).view({size, size});
  torch::Tensor product = torch::mm(a, a);
  synchronize(device);
  double best = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto start = Clock::now();
    torch::mm_out(product, a, a);
    synchronize(device);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, 2.0 * static_cast<double>(size * size * size) / seconds);
  }
  return best;
}

}  // namespace

torch::Device choose_device(const std::string& name) {
  const bool available = torch::cuda::is_available();
  if (name == "cpu" || (name == "auto" && !available)) return torch::kCPU;
  if (name != "auto" && name != "cuda")
    throw Error(fmt::format("device: found '{}'; expected auto, cpu or cuda", name));
  if (!available)
    throw Error("device: found 'cuda', but this LibTorch sees no GPU; expected cpu or auto on this machine");
  return torch::Device(torch::kCUDA, 0);
}

torch::ScalarType compute_type(Precision precision, torch::Device device, bool cpu_bf16) {
  return precision == Precision::bf16 && (device.is_cuda() || cpu_bf16) ? torch::kBFloat16 : torch::kFloat32;
}

void set_up_device(torch::Device device, std::int64_t threads, bool shapes_vary) {
  torch::set_num_threads(static_cast<int>(threads));
  compat::ask_for_determinism(device.is_cpu());
  compat::allow_cudnn_attention(!shapes_vary);
}

std::size_t steps_ahead(torch::Device device) { return device.is_cuda() ? 1 : 0; }

std::string device_name(torch::Device device, std::int64_t threads) {
  if (device.is_cuda()) return compat::gpu_name();
  return fmt::format("CPU, {} thread{}", threads, threads == 1 ? "" : "s");
}

double device_peak(torch::Device device) {
  if (!device.is_cuda()) return 0;
  const std::string name = compat::gpu_name();
  for (const KnownPeak& known : kPeaks)
    if (name.find(known.name) != std::string::npos) return known.flops;
  return 0;
}

double measure_matmul_rate(torch::Device device, torch::ScalarType type) {
  const double rate = time_matmul(device, type);
  if (device.is_cuda()) compat::gpu_forget_memory();
  return rate;
}

void synchronize(torch::Device device) {
  if (device.is_cuda()) torch::cuda::synchronize();
}

double peak_memory(torch::Device device) {
  if (device.is_cuda()) return compat::gpu_peak_memory();
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

}  // namespace ablate
