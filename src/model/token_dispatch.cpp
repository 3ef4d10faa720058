#include "model/token_dispatch.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <utility>

namespace ablate {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;
using Ends = std::vector<std::int64_t>;

torch::Tensor tokens_of(const torch::Tensor& choices, std::int64_t k) {
  return torch::div(choices, k, "floor");
}

/// Adding by index is one row after the other on a CPU, and in no fixed order on a GPU. Each token has k
/// rows, so its gradient is gathered from there.
struct GatherTokens : torch::autograd::Function<GatherTokens> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& choices,
                               const torch::Tensor& rows, const torch::Tensor& kept) {
    context->save_for_backward({rows, kept});
    return x.index_select(0, tokens_of(choices, rows.size(1)));
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const tensor_list saved = context->get_saved_variables();
    const torch::Tensor &dy = gradients[0], &rows = saved[0];
    const torch::Tensor picked = dy.index_select(0, rows.flatten()).view({rows.size(0), rows.size(1), -1});
    return {(picked * saved[1].to(dy.dtype()).unsqueeze(-1)).sum(1), torch::Tensor(), torch::Tensor(),
            torch::Tensor()};
  }
};

struct CombineRows : torch::autograd::Function<CombineRows> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& rows,
                               const torch::Tensor& gates, const torch::Tensor& choices,
                               const torch::Tensor& filled, const torch::Tensor& places) {
    const torch::Tensor picked = pick(rows, places);
    context->save_for_backward({picked, gates, choices, filled});
    return (picked * gates.unsqueeze(-1)).sum(1);
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const tensor_list saved = context->get_saved_variables();
    const torch::Tensor &dy = gradients[0], &picked = saved[0], &gates = saved[1], &choices = saved[2];
    const torch::Tensor gate = gates.flatten().index_select(0, choices) * saved[3].to(gates.dtype());  // [M]
    const torch::Tensor drows =
        dy.index_select(0, tokens_of(choices, gates.size(1))).mul_(gate.unsqueeze(-1));
    const torch::Tensor dgates = (picked * dy.unsqueeze(1)).sum(-1);  // [N, k]
    return {drows, dgates, torch::Tensor(), torch::Tensor(), torch::Tensor()};
  }
  static torch::Tensor pick(const torch::Tensor& rows, const torch::Tensor& places) {
    return rows.index_select(0, places.flatten()).view({places.size(0), places.size(1), rows.size(1)});
  }
};

/// Calls with each expert and its rows.
template <class Visit>
void for_experts(const Ends& ends, const Visit& visit) {
  std::int64_t begin = 0;
  for (std::size_t e = 0; e < ends.size(); ++e) {
    visit(static_cast<std::int64_t>(e), begin, ends[e] - begin);
    begin = ends[e];
  }
}

/// Rows of each expert where all have as many; else 0.
std::int64_t even_rows(const Ends& ends) {
  const std::int64_t rows = ends.front();
  for (std::size_t e = 0; e < ends.size(); ++e)
    if (ends[e] != rows * static_cast<std::int64_t>(e + 1)) return 0;
  return rows;
}

/// x_e W_e, by expert; `weight` [E, I, O], any strides.
torch::Tensor products(const torch::Tensor& x, const torch::Tensor& weight, const Ends& ends) {
  const std::int64_t E = weight.size(0), O = weight.size(2);
  if (const std::int64_t rows = even_rows(ends))
    return torch::bmm(x.view({E, rows, x.size(1)}), weight).view({x.size(0), O});
  torch::Tensor y = torch::empty({x.size(0), O}, x.options());
  for_experts(ends, [&](std::int64_t e, std::int64_t begin, std::int64_t count) {
    if (count == 0) return;
    torch::Tensor to = y.narrow(0, begin, count);
    at::mm_out(to, x.narrow(0, begin, count), weight.select(0, e));
  });
  return y;
}

/// dy_e^T x_e, by expert: [E, O, I].
torch::Tensor weight_gradients(const torch::Tensor& dy, const torch::Tensor& x, const Ends& ends) {
  const auto E = static_cast<std::int64_t>(ends.size());
  if (const std::int64_t rows = even_rows(ends))
    return torch::bmm(dy.view({E, rows, dy.size(1)}).transpose(1, 2), x.view({E, rows, x.size(1)}));
  torch::Tensor dw = torch::empty({E, dy.size(1), x.size(1)}, x.options());
  for_experts(ends, [&](std::int64_t e, std::int64_t begin, std::int64_t count) {
    torch::Tensor to = dw.select(0, e);
    at::mm_out(to, dy.narrow(0, begin, count).t(), x.narrow(0, begin, count));
  });
  return dw;
}

/// One tensor for the gradient of all experts' weights, where a slice of each would make as many.
struct GroupedLinear : torch::autograd::Function<GroupedLinear> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& weight,
                               const Ends& ends) {
    context->save_for_backward({x, weight});
    context->saved_data["ends"] = ends;
    context->saved_data["x"] = x.requires_grad();
    context->saved_data["weight"] = weight.requires_grad();
    return products(x, weight.transpose(1, 2), ends);
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const tensor_list saved = context->get_saved_variables();
    const torch::Tensor dy = gradients[0].contiguous(), &x = saved[0], &weight = saved[1];
    const Ends ends = context->saved_data["ends"].toIntVector();
    torch::Tensor dx, dw;
    if (context->saved_data["x"].toBool()) dx = products(dy, weight, ends);
    if (context->saved_data["weight"].toBool()) dw = weight_gradients(dy, x, ends);
    return {dx, dw, torch::Tensor()};
  }
};

}  // namespace

TokenDispatch sort_by_expert(const torch::Tensor& experts, const torch::Tensor& padding,
                             std::int64_t num_experts, std::int64_t capacity) {
  const std::int64_t B = experts.size(0), T = experts.size(1), k = experts.size(2);
  const torch::Tensor chosen = experts.to(torch::kCPU).contiguous();
  const torch::Tensor padded =
      padding.defined() ? padding.to(torch::kCPU).contiguous() : torch::zeros({B, T}, torch::kBool);
  const auto* expert = chosen.data_ptr<std::int64_t>();
  const bool* is_padding = padded.data_ptr<bool>();

  std::vector<std::vector<std::int64_t>> queues(static_cast<std::size_t>(num_experts));
  for (std::int64_t b = 0; b < B; ++b) {
    std::vector<std::int64_t> taken(queues.size());
    for (std::int64_t rank = 0; rank < k; ++rank)
      for (std::int64_t token = b * T; token < (b + 1) * T; ++token) {
        const std::int64_t choice = token * k + rank;
        const auto e = static_cast<std::size_t>(expert[choice]);
        if (is_padding[token] || (capacity > 0 && taken[e] == capacity)) continue;
        ++taken[e];
        queues[e].push_back(choice);
      }
  }

  TokenDispatch dispatch;
  std::int64_t M = 0;
  for (const auto& queue : queues) dispatch.ends.push_back(M += std::ssize(queue));
  const bool is_empty = M == 0;  // Of padding alone. A row all the same: nothing can be taken from no rows.
  if (is_empty) dispatch.ends.assign(queues.size(), M = 1);
  torch::Tensor choices = torch::zeros({M}, torch::kInt64), rows = torch::zeros({B * T, k}, torch::kInt64),
                kept = torch::zeros({B * T, k}, torch::kFloat32);
  std::int64_t row = 0;
  for (const auto& queue : queues)
    for (const std::int64_t choice : queue) {
      choices.data_ptr<std::int64_t>()[row] = choice;
      rows.data_ptr<std::int64_t>()[choice] = row++;
      kept.data_ptr<float>()[choice] = 1;
    }
  dispatch.choices = choices.to(experts.device());
  dispatch.filled = torch::full({M}, is_empty ? 0 : 1, kept.options()).to(experts.device());
  dispatch.rows = rows.to(experts.device());
  dispatch.kept = kept.to(experts.device());
  return dispatch;
}

TokenDispatch seat_by_expert(const torch::Tensor& experts, const torch::Tensor& padding,
                             std::int64_t num_experts, std::int64_t capacity) {
  const std::int64_t B = experts.size(0), T = experts.size(1), k = experts.size(2),
                     M = num_experts * B * capacity;
  const auto whole = experts.options();
  const torch::Tensor queue = experts.transpose(1, 2).reshape({B, k * T});        // First choices first.
  torch::Tensor asks = queue.unsqueeze(-1) == torch::arange(num_experts, whole);  // [B, k T, E]
  if (padding.defined()) asks = asks & padding.logical_not().repeat({1, k}).unsqueeze(-1);
  const torch::Tensor place = asks.to(torch::kInt64).cumsum(1).gather(2, queue.unsqueeze(-1)).squeeze(-1) - 1;
  const torch::Tensor kept = asks.any(-1) & (place < capacity);  // [B, k T]
  const torch::Tensor group = torch::arange(B, whole).unsqueeze(1);
  // What is not kept is written to a row beyond the last.
  const torch::Tensor row =
      torch::where(kept, (queue * B + group) * capacity + place, torch::full({}, M, whole));
  const torch::Tensor choice =
      torch::arange(B * T * k, whole).view({B, T, k}).transpose(1, 2).reshape({B, k * T});
  const auto by_row = [&](const torch::Tensor& values) {
    return torch::zeros({M + 1}, values.options())
        .scatter(0, row.flatten(), values.flatten())
        .narrow(0, 0, M);
  };
  const auto by_choice = [&](const torch::Tensor& values) {
    return values.view({B, k, T}).transpose(1, 2).reshape({B * T, k});
  };
  TokenDispatch dispatch;
  dispatch.choices = by_row(choice);
  dispatch.filled = by_row(kept.to(torch::kFloat32));
  dispatch.rows = by_choice(row * kept.to(torch::kInt64));
  dispatch.kept = by_choice(kept.to(torch::kFloat32));
  for (std::int64_t e = 1; e <= num_experts; ++e) dispatch.ends.push_back(e * B * capacity);
  return dispatch;
}

torch::Tensor gather_tokens(const torch::Tensor& x, const TokenDispatch& dispatch) {
  return GatherTokens::apply(x, dispatch.choices, dispatch.rows, dispatch.kept);
}

torch::Tensor combine_rows(const torch::Tensor& rows, const torch::Tensor& gates,
                           const TokenDispatch& dispatch) {
  return CombineRows::apply(rows, gates, dispatch.choices, dispatch.filled, dispatch.rows);
}

torch::Tensor grouped_linear(const torch::Tensor& x, const torch::Tensor& weight,
                             const std::vector<std::int64_t>& ends) {
  return GroupedLinear::apply(x, weight, ends);
}

}  // namespace ablate
