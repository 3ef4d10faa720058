// A model's weights by name: what initialisation, checkpoints and Hugging Face's files have in common.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace ablate {

/// How a weight starts.
struct Init {
  enum class Kind { constant, normal, uniform };
  Kind kind = Kind::constant;
  double value = 0;  ///< The constant; the standard deviation (mean 0); the largest magnitude.
  static Init constant(double value) { return {Kind::constant, value}; }
  static Init normal(double deviation) { return {Kind::normal, deviation}; }
  static Init uniform(double most) { return {Kind::uniform, most}; }
  /// Glorot and Bengio 2010, eq. 16.
  static Init xavier(std::int64_t fan_in, std::int64_t fan_out);
};

/// One weight under the name that Hugging Face's files give it. `tensor` is a view into a parameter, in the
/// shape that those files have: several weights may be parts of one parameter (q_proj, k_proj and v_proj of
/// one fused matrix).
struct Weight {
  std::string name;
  torch::Tensor tensor;
  Init init;
};
using Weights = std::vector<Weight>;

/// Uninitialised memory for a weight, fp32, on the CPU or where a WeightDevice says.
torch::Tensor empty_weight(torch::IntArrayRef shape);

/// A place for a copy in bf16 of a parameter of `module`: an empty buffer that has the parameter's name with
/// "_bf16" after it. An optimiser that trains in bf16 fills it and keeps it true (train/optimizer.hpp).
torch::Tensor place_for_copy(torch::nn::Module& module, const std::string& parameter);
/// A weight in the number format that is computed in, differentiable: its copy where that is filled and of
/// that format, else cast anew. The same numbers either way.
torch::Tensor in_format(const torch::Tensor& weight, const torch::Tensor& copy, torch::ScalarType type);

/// While it lives, this thread's models are made on `device`: on torch::kMeta they have shapes and no memory.
class WeightDevice {
 public:
  explicit WeightDevice(torch::Device device);
  ~WeightDevice();
  WeightDevice(const WeightDevice&) = delete;
  WeightDevice& operator=(const WeightDevice&) = delete;

 private:
  torch::Device before_;
};

/// Fills each weight with numbers that are a pure function of (seed, its name, the element's index): models
/// that share a weight's name and shape start from the same numbers, whatever else they have.
void initialise(const Weights& weights, std::uint64_t seed);

}  // namespace ablate
