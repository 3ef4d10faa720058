// Weights into safetensors files and out of them.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "model/weights.hpp"
#include "util/safetensors.hpp"

namespace ablate {

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

/// Writes tensors in fp32, whole and to the disk. Throws Error.
void save_tensors(const std::filesystem::path& path, const NamedTensors& tensors);
/// Fills the tensors with those of the same names. Throws Error that lists what is missing, what has another
/// shape, and what the file has beyond.
void load_tensors(const std::filesystem::path& path, const NamedTensors& tensors);

void save_weights(const std::filesystem::path& path, const Weights& weights);

/// How names in a file differ from those of a model's weights.
struct WeightSource {
  std::filesystem::path path;
  std::string what;          ///< For messages: "encoder.init".
  std::string model_prefix;  ///< In front of the model's names: "vision_tower.".
  std::string file_prefix;   ///< Instead of it in the file: "".
  /// Beginnings of names that the file may have beyond the model's: the text tower, where only the image side
  /// is wanted.
  std::vector<std::string> may_have;
};
/// Fills `weights` from a file of Hugging Face's (CLIP, SigLIP, Llama-like) or of ours, in F32, F16 or BF16.
/// Position embeddings of another resolution are interpolated (`class_tokens` stand before a tower's grid).
/// Buffers that old files carry (position_ids, rotary frequencies) are passed over. Throws Error that names
/// what is missing, unexpected or of another shape; nothing is changed then.
void load_weights(const Weights& weights, const WeightSource& source, std::int64_t class_tokens);

}  // namespace ablate
