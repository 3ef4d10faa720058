#include "model/visibility.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <vector>

#include "model/device_copy.hpp"

namespace ablate {

namespace {

torch::Tensor count_up(std::int64_t tokens, torch::Device device) {
  return torch::arange(tokens, torch::TensorOptions(torch::kInt32).device(device)).unsqueeze(0);
}

Visibility make_intervals(const torch::Tensor& begin, const torch::Tensor& end) {
  return {.kind = Visibility::Kind::intervals, .begin = begin, .end = end};
}

/// Adds borders: where a position is in another document than the one before, or in another row.
void set_borders(const torch::Tensor& documents, Visibility& visibility) {
  const std::int64_t rows = documents.size(0), tokens = documents.size(1);
  const auto document = documents.accessor<std::int32_t, 2>();
  std::vector<std::int32_t> borders;
  for (std::int64_t b = 0; b < rows; ++b)
    for (std::int64_t t = 0; t < tokens; ++t)
      if (t == 0 || document[b][t] != document[b][t - 1])
        borders.push_back(static_cast<std::int32_t>(b * tokens + t));
  borders.push_back(static_cast<std::int32_t>(rows * tokens));
  for (std::size_t i = 1; i < borders.size(); ++i)
    visibility.longest = std::max<std::int64_t>(visibility.longest, borders[i] - borders[i - 1]);
  visibility.borders = torch::tensor(borders, torch::kInt32);
}

}  // namespace

Visibility copy_to_device(const Visibility& visibility, torch::Device device) {
  Visibility made = visibility;
  for (torch::Tensor* bound :
       {&made.begin, &made.end, &made.gap_begin, &made.gap_end, &made.mask, &made.borders})
    if (bound->defined()) *bound = copy_to_device(*bound, device);
  return made;
}

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
  if (visibility.kind != Visibility::Kind::intervals) return visibility;
  Visibility made = visibility;
  const torch::Tensor sees = dense_mask(visibility);
  made.mask = torch::zeros(sees.sizes(), sees.options().dtype(type))
                  .masked_fill_(sees.logical_not(), -std::numeric_limits<double>::infinity());
  return made;
}

Visibility as_intervals(const Visibility& visibility, std::int64_t rows) {
  if (visibility.kind == Visibility::Kind::intervals) return visibility;
  const std::int64_t tokens = visibility.begin.size(1);
  Visibility made = make_intervals(visibility.begin.expand({rows, tokens}).contiguous(),
                                   visibility.end.expand({rows, tokens}).contiguous());
  if (visibility.kind == Visibility::Kind::causal) {
    const auto each_row = torch::TensorOptions(torch::kInt32).device(visibility.begin.device());
    made.borders = torch::arange(rows + 1, each_row) * tokens;
    made.longest = tokens;
  }
  return made;
}

Visibility with_room_for_documents(const Visibility& visibility, std::int64_t documents) {
  Visibility made = visibility;
  if (!visibility.borders.defined()) return made;
  const std::int64_t missing = documents + 1 - visibility.borders.size(0);
  if (missing < 0) throw std::logic_error("more documents than there is room for");
  made.borders = torch::cat({visibility.borders, visibility.borders.slice(0, -1).expand({missing})});
  made.longest = visibility.begin.size(1);
  return made;
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
  return make_intervals(torch::zeros_like(end), end.contiguous());
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
  Visibility made = make_intervals(begin, end);
  if (!branches.defined()) {
    set_borders(documents, made);
    return copy_to_device(made, device);
  }

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
  made.gap_begin = gap_begin;
  made.gap_end = gap_end;
  return copy_to_device(made, device);
}

}  // namespace ablate
