#include "model/visibility.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <limits>

#include "model/device_copy.hpp"

namespace ablate {

namespace {

torch::Tensor count_up(std::int64_t tokens, torch::Device device) {
  return torch::arange(tokens, torch::TensorOptions(torch::kInt32).device(device)).unsqueeze(0);
}

Visibility make_intervals(const torch::Tensor& begin, const torch::Tensor& end, torch::Device device) {
  Visibility made{.kind = Visibility::Kind::intervals,
                  .begin = copy_to_device(begin, device),
                  .end = copy_to_device(end, device)};
  if (!device.is_cpu()) made.mask = dense_mask(made);
  return made;
}

}  // namespace

torch::Tensor dense_mask(const Visibility& visibility) {
  if (visibility.mask.defined()) return visibility.mask;
  const torch::Tensor keys =
      count_up(visibility.begin.size(1), visibility.begin.device()).unsqueeze(1);  // [1, 1, T]
  const auto within = [&](const torch::Tensor& begin, const torch::Tensor& end) {
    return (keys >= begin.unsqueeze(2)) & (keys < end.unsqueeze(2));  // [B, T, T]
  };
  torch::Tensor mask = within(visibility.begin, visibility.end);
  if (visibility.gap_begin.defined()) mask = mask & ~within(visibility.gap_begin, visibility.gap_end);
  return mask.unsqueeze(1);
}

Visibility with_added_mask(const Visibility& visibility, torch::ScalarType type) {
  if (!visibility.mask.defined()) return visibility;
  Visibility made = visibility;
  made.mask = torch::zeros(visibility.mask.sizes(), visibility.mask.options().dtype(type))
                  .masked_fill_(visibility.mask.logical_not(), -std::numeric_limits<double>::infinity());
  return made;
}

Visibility as_intervals(const Visibility& visibility, std::int64_t rows) {
  if (visibility.kind == Visibility::Kind::intervals) return visibility;
  const std::int64_t tokens = visibility.begin.size(1);
  return make_intervals(visibility.begin.expand({rows, tokens}).contiguous(),
                        visibility.end.expand({rows, tokens}).contiguous(), visibility.begin.device());
}

Visibility see_all(std::int64_t tokens, torch::Device device) {
  const torch::Tensor begin = torch::zeros({1, tokens}, torch::TensorOptions(torch::kInt32).device(device));
  return {.kind = Visibility::Kind::full, .begin = begin, .end = begin + tokens};
}

Visibility see_causal(std::int64_t tokens, torch::Device device) {
  const torch::Tensor positions = count_up(tokens, device);
  return {.kind = Visibility::Kind::causal, .begin = torch::zeros_like(positions), .end = positions + 1};
}

Visibility see_prefix(const torch::Tensor& prefix, std::int64_t tokens) {
  const torch::Tensor causal = count_up(tokens, prefix.device()) + 1;
  const torch::Tensor end = torch::maximum(causal, prefix.to(torch::kInt32).unsqueeze(1));
  return make_intervals(torch::zeros_like(end), end.contiguous(), prefix.device());
}

Visibility see_documents(const torch::Tensor& documents, torch::Device device,
                         const torch::Tensor& branches) {
  const std::int64_t rows = documents.size(0), tokens = documents.size(1);
  const auto document = documents.accessor<std::int32_t, 2>();
  torch::Tensor begin = torch::empty_like(documents);
  auto first = begin.accessor<std::int32_t, 2>();
  for (std::int64_t b = 0; b < rows; ++b)
    for (std::int64_t t = 0; t < tokens; ++t) {
      const bool same = t > 0 && document[b][t] >= 0 && document[b][t] == document[b][t - 1];
      first[b][t] = same ? first[b][t - 1] : static_cast<std::int32_t>(t);
    }
  const bool one_document = begin.max().item<std::int32_t>() == 0;
  if (one_document && !branches.defined()) return see_causal(tokens, device);
  const torch::Tensor end = (count_up(tokens, torch::kCPU) + 1).expand({rows, tokens}).contiguous();
  if (!branches.defined()) return make_intervals(begin, end, device);

  torch::Tensor gap_begin = begin.clone(), gap_end = begin.clone();
  auto gap_first = gap_begin.accessor<std::int32_t, 2>(), gap_last = gap_end.accessor<std::int32_t, 2>();
  const auto branch = branches.accessor<std::int32_t, 2>();
  for (std::int64_t b = 0; b < rows; ++b)
    for (std::int64_t t = 0; t < tokens; ++t) {
      if (document[b][t] < 0 || branch[b][t] == 0) continue;
      const bool first_of_document = first[b][t] == t;
      const bool goes_on = !first_of_document && branch[b][t] == branch[b][t - 1];
      // The gap is what stands between the trunk and this branch.
      const bool first_branch = first_of_document || branch[b][t - 1] == 0;
      gap_first[b][t] = first_branch ? static_cast<std::int32_t>(t) : gap_first[b][t - 1];
      gap_last[b][t] = goes_on ? gap_last[b][t - 1] : static_cast<std::int32_t>(t);
    }
  Visibility made{.kind = Visibility::Kind::intervals,
                  .begin = copy_to_device(begin, device),
                  .end = copy_to_device(end, device),
                  .gap_begin = copy_to_device(gap_begin, device),
                  .gap_end = copy_to_device(gap_end, device)};
  if (!device.is_cpu()) made.mask = dense_mask(made);
  return made;
}

}  // namespace ablate
