#include "model/key_values.hpp"

#include <torch/torch.h>

#include <cmath>
#include <limits>

namespace ablate {

KeyValues keep_keys_values(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads,
                           const Rotary& rotary, std::int64_t room) {
  const Heads split = split_heads(qkv, heads, kv_heads, rotary);
  const auto with_room = [&](const torch::Tensor& x) {
    torch::Tensor wide = torch::zeros({x.size(0), room, x.size(2), x.size(3)}, x.options());
    wide.narrow(1, 0, x.size(1)).copy_(x);
    return wide;
  };
  return {with_room(split.keys), with_room(split.values)};
}

torch::Tensor attend_next(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads,
                          const Rotary& rotary, const torch::Tensor& lengths, std::int64_t longest,
                          KeyValues& read) {
  const std::int64_t B = qkv.size(0), K = kv_heads, S = longest + 1;
  const Heads next = split_heads(qkv, heads, kv_heads, rotary);
  const std::int64_t C = next.queries.size(3);
  const torch::Tensor place = lengths.view({B, 1, 1, 1}).expand({B, 1, K, C});
  read.keys.scatter_(1, place, next.keys);
  read.values.scatter_(1, place, next.values);
  const torch::Tensor keys = read.keys.narrow(1, 0, S).permute({0, 2, 3, 1});  // [B, K, C, S]
  const torch::Tensor values = read.values.narrow(1, 0, S).transpose(1, 2);    // [B, K, S, C]
  const torch::Tensor queries = next.queries.view({B, K, heads / K, C});       // grouped-query attention
  const torch::Tensor unread = torch::arange(S, lengths.options()) > lengths.unsqueeze(1);  // [B, S]
  const torch::Tensor scores =
      torch::matmul(queries, keys).to(torch::kFloat32) / std::sqrt(static_cast<double>(C));
  const torch::Tensor probabilities =
      scores.masked_fill(unread.view({B, 1, 1, S}), -std::numeric_limits<float>::infinity()).softmax(-1);
  return torch::matmul(probabilities.to(values.dtype()), values).view({B, 1, heads * C});
}

}  // namespace ablate
