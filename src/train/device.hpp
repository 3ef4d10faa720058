// The device that a job trains on.
#pragma once

#include <torch/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "config/experiment.hpp"

namespace ablate {

/// "auto": a GPU where LibTorch finds one, else the CPU; "cpu"; "cuda". Throws Error when a GPU is asked for
/// where there is none.
torch::Device choose_device(const std::string& name);
/// The number format that a model computes in: bf16 where the recipe asks for it on a GPU (with `cpu_bf16` on
/// a CPU, too), else fp32. A model that was trained in bf16 is evaluated on a CPU in fp32.
torch::ScalarType compute_type(Precision precision, torch::Device device, bool cpu_bf16 = false);
/// Sets the threads of LibTorch and of the matrix products, and asks for reproducible algorithms on a CPU. On
/// a GPU they would sort where they add, and attention's gradient would still differ from run to run.
/// `shapes_vary`: whether batches differ in shape, so that what plans for a shape would plan again and again.
void set_up_device(torch::Device device, std::int64_t threads, bool shapes_vary = false);

/// Steps whose data are prepared while another one is computed: one on a GPU, which must not wait for them;
/// none on a CPU, all of whose cores compute.
std::size_t steps_ahead(torch::Device device);

/// Its name, for the journal: "NVIDIA H200", "CPU, 2 threads".
std::string device_name(torch::Device device, std::int64_t threads);
/// Dense bf16 peak of the data sheet, FLOP/s; 0 when it is not known (all CPUs).
double device_peak(torch::Device device);
/// FLOP/s of a large matrix product in that number format, measured now (some 50 ms on a CPU).
double measure_matmul_rate(torch::Device device, torch::ScalarType type);
/// Waits for all that was started. Nothing on a CPU.
void synchronize(torch::Device device);
/// Most memory that was taken so far, bytes: by the process on a CPU, by LibTorch's allocator on a GPU.
double peak_memory(torch::Device device);

}  // namespace ablate
