#include "model/sequence_batch.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstring>

#include "model/device_copy.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

torch::Tensor to_tensor(const std::vector<std::int64_t>& values, torch::Device device) {
  const torch::Tensor tensor = empty_for(device, {static_cast<std::int64_t>(values.size())}, torch::kInt64);
  std::copy(values.begin(), values.end(), tensor.data_ptr<std::int64_t>());
  return tensor;
}

}  // namespace

std::int64_t count_targets(const Sequence& sequence) {
  return std::count_if(sequence.labels.begin(), sequence.labels.end(),
                       [](std::int32_t label) { return label != kNoTarget; });
}

std::int64_t count_views(const Sequence& sequence) {
  std::int64_t count = 0;
  for (const ImagePlace& image : sequence.images) count += image.views;
  return count;
}

SequenceBatch make_sequence_batch(std::span<const Sequence> sequences, std::int64_t resolution,
                                  std::int64_t vocab_size, torch::Device device) {
  const auto B = static_cast<std::int64_t>(sequences.size());
  const auto T = static_cast<std::int64_t>(sequences.front().tokens.size());
  std::int64_t views = 0;
  for (const Sequence& sequence : sequences) views += count_views(sequence);

  const torch::Tensor tokens = empty_for(device, {B, T}, torch::kInt64);
  const torch::Tensor positions = empty_for(device, {B, T}, torch::kInt32);
  const torch::Tensor documents = torch::empty({B, T}, torch::kInt32);
  const torch::Tensor padding = empty_for(device, {B, T}, torch::kBool);
  const bool branched = std::any_of(sequences.begin(), sequences.end(),
                                    [](const Sequence& sequence) { return !sequence.branches.empty(); });
  const torch::Tensor branches = branched ? torch::zeros({B, T}, torch::kInt32) : torch::Tensor();
  const torch::Tensor pixels = empty_for(device, {views, resolution, resolution, 3}, torch::kUInt8);
  std::vector<std::int64_t> visual_positions, target_positions, targets, target_roles;
  auto* pixel = pixels.data_ptr<std::uint8_t>();
  for (std::int64_t b = 0; b < B; ++b) {
    const Sequence& sequence = sequences[static_cast<std::size_t>(b)];
    const auto largest = std::max_element(sequence.tokens.begin(), sequence.tokens.end());
    if (*largest >= vocab_size)
      throw Error(
          fmt::format("the tokenizer gives piece {}; expected pieces below the model's vocabulary "
                      "('llm.vocab_size', {})",
                      *largest, vocab_size));
    std::copy(sequence.tokens.begin(), sequence.tokens.end(), tokens.data_ptr<std::int64_t>() + b * T);
    std::copy(sequence.positions.begin(), sequence.positions.end(),
              positions.data_ptr<std::int32_t>() + b * T);
    std::copy(sequence.documents.begin(), sequence.documents.end(),
              documents.data_ptr<std::int32_t>() + b * T);
    std::transform(sequence.documents.begin(), sequence.documents.end(), padding.data_ptr<bool>() + b * T,
                   [](std::int32_t document) { return document < 0; });
    if (branched)
      std::copy(sequence.branches.begin(), sequence.branches.end(),
                branches.data_ptr<std::int32_t>() + b * T);
    for (std::int64_t t = 0; t < T; ++t) {
      const std::int32_t label = sequence.labels[static_cast<std::size_t>(t)];
      if (label == kNoTarget) continue;
      target_positions.push_back(b * T + t);
      targets.push_back(label);
      target_roles.push_back(static_cast<std::int64_t>(sequence.role));
    }
    for (const ImagePlace& image : sequence.images)
      for (std::int64_t i = 0; i < image.tokens; ++i) visual_positions.push_back(b * T + image.start + i);
    pixel = std::copy(sequence.pixels.begin(), sequence.pixels.end(), pixel);
  }
  return {.tokens = tokens,
          .positions = positions,
          .padding = padding,
          .visibility = see_documents(documents, torch::kCPU, branches),
          .pixels = pixels,
          .visual_positions = to_tensor(visual_positions, device),
          .target_positions = to_tensor(target_positions, device),
          .targets = to_tensor(targets, device),
          .target_weights =
              empty_for(device, {static_cast<std::int64_t>(targets.size())}, torch::kFloat32).fill_(1),
          .target_roles = to_tensor(target_roles, device)};
}

std::int64_t count_documents(const SequenceBatch& batch) {
  const torch::Tensor& borders = batch.visibility.borders;
  return borders.defined() ? borders.size(0) - 1 : batch.tokens.size(0);
}

SequenceBatch copy_to_device(const SequenceBatch& batch, torch::Device device) {
  SequenceBatch copy = batch;
  for (torch::Tensor* tensor :
       {&copy.tokens, &copy.positions, &copy.padding, &copy.pixels, &copy.visual_positions,
        &copy.target_positions, &copy.targets, &copy.target_weights, &copy.target_roles})
    *tensor = copy_to_device(*tensor, device);
  copy.visibility = copy_to_device(batch.visibility, device);
  return copy;
}

SequenceBatch to_fixed_shape(const SequenceBatch& batch, std::int64_t documents) {
  const std::int64_t B = batch.tokens.size(0), T = batch.tokens.size(1);
  SequenceBatch fixed = batch;
  fixed.target_positions = torch::arange(B * T, batch.targets.options());
  const auto spread = [&](const torch::Tensor& values) {
    return torch::zeros({B * T}, values.options()).index_copy(0, batch.target_positions, values);
  };
  fixed.targets = spread(batch.targets);
  fixed.target_weights = spread(batch.target_weights);
  fixed.target_roles = spread(batch.target_roles);
  fixed.visibility = with_room_for_documents(as_intervals(batch.visibility, B), documents);
  return fixed;
}

void copy_batch(const SequenceBatch& batch, SequenceBatch& target) {
  const auto copy = [](const torch::Tensor& from, torch::Tensor& to) {
    if (to.defined()) to.copy_(from);
  };
  copy(batch.tokens, target.tokens);
  copy(batch.positions, target.positions);
  copy(batch.padding, target.padding);
  copy(batch.visibility.begin, target.visibility.begin);
  copy(batch.visibility.end, target.visibility.end);
  copy(batch.visibility.borders, target.visibility.borders);
  copy(batch.target_positions, target.target_positions);
  copy(batch.targets, target.targets);
  copy(batch.target_weights, target.target_weights);
  copy(batch.target_roles, target.target_roles);
}

}  // namespace ablate
