#include "train/weight_files.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "model/vision_transformer.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr const char* kPositions = "embeddings.position_embedding.weight";
/// A C-Abstractor's, [1, P, width], without a class token.
constexpr const char* kAbstractorPositions = "abstractor.pos_emb";
constexpr const char* kPatchBias = "embeddings.patch_embedding.bias";
/// Buffers and other baggage of old files.
constexpr const char* kIgnoredEnds[] = {"embeddings.position_ids", "rotary_emb.inv_freq", "masked_bias",
                                        "attn.bias"};
constexpr std::size_t kMostNames = 8;

torch::Tensor open_tensor(const StoredTensor& stored, const std::string& where) {
  const auto type_of = [&] {
    if (stored.dtype == "F32") return torch::kFloat32;
    if (stored.dtype == "BF16") return torch::kBFloat16;
    if (stored.dtype == "F16") return torch::kFloat16;
    if (stored.dtype == "F64") return torch::kFloat64;
    throw Error(
        fmt::format("{}: '{}' is {}; expected F32, F16, BF16 or F64", where, stored.name, stored.dtype));
  };
  // Only read: from_blob has no const form.
  return torch::from_blob(const_cast<std::byte*>(stored.bytes.data()), stored.shape, type_of());
}

std::string shape_of(at::IntArrayRef sizes) { return fmt::format("[{}]", fmt::join(sizes, ", ")); }

std::string first_names(const std::vector<std::string>& names) {
  const std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kMostNames)));
  return join(shown, ", ") +
         (names.size() > kMostNames ? fmt::format(" and {} more", names.size() - kMostNames) : "");
}

bool is_ignored(const std::string& name) {
  return std::any_of(std::begin(kIgnoredEnds), std::end(kIgnoredEnds),
                     [&](const char* end) { return name.ends_with(end); });
}

/// One complaint for all that does not fit.
struct Misfit {
  std::vector<std::string> missing, unexpected, shapes;
  void complain(const std::string& where) const {
    std::vector<std::string> parts;
    if (!missing.empty()) parts.push_back("missing: " + first_names(missing));
    if (!shapes.empty()) parts.push_back("of another shape: " + first_names(shapes));
    if (!unexpected.empty()) parts.push_back("unexpected: " + first_names(unexpected));
    if (parts.empty()) return;
    const bool old_aim = parts.size() == 1 && missing.size() == 1 && missing[0].ends_with(kPatchBias);
    throw Error(fmt::format("{}: does not fit the model: {}{}", where, join(parts, "; "),
                            old_aim ? " (AIM's encoders had none in files of earlier versions; zeros under "
                                      "that name give the same encoder)"
                                    : ""));
  }
};

/// The tensor in the model's shape: position embeddings of another square grid are interpolated. Undefined
/// when it does not fit.
torch::Tensor fit(const torch::Tensor& found, const Weight& weight, std::int64_t class_tokens) {
  if (found.sizes() == weight.tensor.sizes()) return found.to(torch::kFloat32);
  if (weight.name.ends_with(kAbstractorPositions) && found.dim() == 3 && found.size(0) == 1) {
    const Weight grid{kPositions, weight.tensor[0], {}};
    const torch::Tensor resized = fit(found[0], grid, 0);
    return resized.defined() ? resized.unsqueeze(0) : resized;
  }
  const bool positions = weight.name.ends_with(kPositions) &&
                         weight.name.find("text_model.") == std::string::npos && found.dim() == 2 &&
                         found.size(1) == weight.tensor.size(1);
  if (!positions) return {};
  const auto side_of = [&](std::int64_t rows) {
    const auto side = std::llround(std::sqrt(static_cast<double>(rows - class_tokens)));
    return side > 0 && side * side + class_tokens == rows ? side : 0;
  };
  const std::int64_t from = side_of(found.size(0)), to = side_of(weight.tensor.size(0));
  if (from == 0 || to == 0) return {};
  const torch::Tensor wide = found.to(torch::kFloat32);
  return torch::cat({wide.narrow(0, 0, class_tokens),
                     resize_positions(wide.slice(0, class_tokens).contiguous(), from, to)});
}

}  // namespace

void save_tensors(const std::filesystem::path& path, const NamedTensors& tensors) {
  std::vector<torch::Tensor> held;  // On the CPU, contiguous: what the bytes below refer to.
  std::vector<StoredTensor> stored;
  for (const auto& [name, tensor] : tensors) {
    held.push_back(tensor.detach().to(torch::kCPU, torch::kFloat32).contiguous());
    const torch::Tensor& host = held.back();
    stored.push_back(
        {name,
         "F32",
         host.sizes().vec(),
         {static_cast<const std::byte*>(host.data_ptr()), static_cast<std::size_t>(host.nbytes())}});
  }
  write_safetensors(path, std::move(stored), {{"format", "pt"}});
}

void load_tensors(const std::filesystem::path& path, const NamedTensors& tensors) {
  const torch::NoGradGuard no_grad;
  const SafetensorsFile file(path);
  Misfit misfit;
  std::set<std::string> wanted;
  for (const auto& [name, tensor] : tensors) {
    wanted.insert(name);
    const StoredTensor* stored = file.find(name);
    if (!stored)
      misfit.missing.push_back(name);
    else if (at::IntArrayRef(stored->shape) != tensor.sizes())
      misfit.shapes.push_back(
          fmt::format("{} ({}, expected {})", name, shape_of(stored->shape), shape_of(tensor.sizes())));
  }
  for (const StoredTensor& stored : file.tensors())
    if (!wanted.count(stored.name)) misfit.unexpected.push_back(stored.name);
  misfit.complain(path.string());
  for (const auto& [name, tensor] : tensors) {
    torch::Tensor target = tensor;
    target.copy_(open_tensor(*file.find(name), path.string()));
  }
}

void save_weights(const std::filesystem::path& path, const Weights& weights) {
  NamedTensors tensors;
  for (const Weight& weight : weights) tensors.emplace_back(weight.name, weight.tensor);
  save_tensors(path, tensors);
}

void load_weights(const Weights& weights, const WeightSource& source, std::int64_t class_tokens) {
  const torch::NoGradGuard no_grad;
  const std::string where = fmt::format("{}: {}", source.what, source.path.string());
  const SafetensorsFile file(source.path);
  Misfit misfit;
  std::set<std::string> wanted;
  std::vector<std::pair<torch::Tensor, torch::Tensor>> copies;
  for (const Weight& weight : weights) {
    const std::string name = source.file_prefix + weight.name.substr(source.model_prefix.size());
    wanted.insert(name);
    const StoredTensor* stored = file.find(name);
    if (!stored) {
      misfit.missing.push_back(name);
      continue;
    }
    const torch::Tensor found = fit(open_tensor(*stored, where), weight, class_tokens);
    if (found.defined())
      copies.emplace_back(weight.tensor, found);
    else
      misfit.shapes.push_back(fmt::format("{} ({}, expected {})", name, shape_of(stored->shape),
                                          shape_of(weight.tensor.sizes())));
  }
  for (const StoredTensor& stored : file.tensors()) {
    const bool allowed =
        std::any_of(source.may_have.begin(), source.may_have.end(),
                    [&](const std::string& start) { return stored.name.starts_with(start); });
    if (!wanted.count(stored.name) && !allowed && !is_ignored(stored.name))
      misfit.unexpected.push_back(stored.name);
  }
  misfit.complain(where);
  for (auto& [target, found] : copies) target.copy_(found);
}

}  // namespace ablate
