#include "model/visibility.hpp"

#include <torch/torch.h>

#include <algorithm>

namespace ablate {

namespace {

torch::Tensor count_up(std::int64_t tokens, torch::Device device) {
  return torch::arange(tokens, torch::TensorOptions(torch::kInt32).device(device)).unsqueeze(0);
}

Visibility make_intervals(torch::Tensor begin, torch::Tensor end, torch::Device device) {
  Visibility made{Visibility::Kind::intervals, begin.to(device), end.to(device), {}};
  if (device.is_cpu()) return made;
  const torch::Tensor keys = count_up(begin.size(1), device).unsqueeze(1);  // [1, 1, T]
  made.mask = ((keys >= made.begin.unsqueeze(2)) & (keys < made.end.unsqueeze(2))).unsqueeze(1);
  return made;
}

}  // namespace

Visibility as_intervals(const Visibility& visibility, std::int64_t rows) {
  if (visibility.kind == Visibility::Kind::intervals) return visibility;
  const std::int64_t tokens = visibility.begin.size(1);
  return make_intervals(visibility.begin.expand({rows, tokens}).contiguous(),
                        visibility.end.expand({rows, tokens}).contiguous(), visibility.begin.device());
}

Visibility see_all(std::int64_t tokens, torch::Device device) {
  const torch::Tensor begin = torch::zeros({1, tokens}, torch::TensorOptions(torch::kInt32).device(device));
  return {Visibility::Kind::full, begin, begin + tokens, {}};
}

Visibility see_causal(std::int64_t tokens, torch::Device device) {
  const torch::Tensor positions = count_up(tokens, device);
  return {Visibility::Kind::causal, torch::zeros_like(positions), positions + 1, {}};
}

Visibility see_prefix(const torch::Tensor& prefix, std::int64_t tokens) {
  const torch::Tensor causal = count_up(tokens, prefix.device()) + 1;
  const torch::Tensor end = torch::maximum(causal, prefix.to(torch::kInt32).unsqueeze(1));
  return make_intervals(torch::zeros_like(end), end.contiguous(), prefix.device());
}

Visibility see_documents(const torch::Tensor& documents, torch::Device device) {
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
  if (one_document) return see_causal(tokens, device);
  const torch::Tensor end = (count_up(tokens, torch::kCPU) + 1).expand({rows, tokens}).contiguous();
  return make_intervals(begin, end, device);
}

}  // namespace ablate
