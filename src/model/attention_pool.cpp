#include <torch/torch.h>

#include <cmath>

#include "model/compat.hpp"
#include "model/connector.hpp"
#include "model/layers.hpp"

namespace ablate {

namespace {

/// k learned queries attend to all patches: norm on queries and on patches, attention with biases, a norm,
/// and a linear map to the decoder (open_clip's attentional pooler).
struct AttentionPool final : VisualConnector {
  explicit AttentionPool(const ConnectorShape& shape)
      : heads(shape.connector.heads),
        width(shape.encoder_width),
        query(register_parameter("query", empty_weight({shape.connector.tokens, width}))),
        query_norm(register_module("query_norm", LayerNorm(width, 1e-5))),
        key_norm(register_module("key_norm", LayerNorm(width, 1e-5))),
        out_norm(register_module("out_norm", LayerNorm(width, 1e-5))),
        q(register_module("q", Linear(width, width, true))),
        kv(register_module("kv", Linear(width, 2 * width, true))),
        out(register_module("out", Linear(width, width, true))),
        projection(register_module("projection", Linear(width, shape.llm_width, true))) {}

  torch::Tensor forward(const torch::Tensor& features) override {
    const std::int64_t N = features.size(0), P = features.size(1), k = query.size(0), C = width / heads;
    const torch::Tensor queries = q(query_norm(query.to(features.dtype())));              // [k, V]
    const auto keys_values = kv(key_norm(features)).view({N, P, 2, heads, C}).unbind(2);  // [N, P, H, C]
    const torch::Tensor mixed = compat::scaled_dot_product_attention(
        queries.view({1, k, heads, C}).expand({N, k, heads, C}).contiguous().transpose(1, 2),
        keys_values[0].transpose(1, 2), keys_values[1].transpose(1, 2), Visibility{});
    return projection(out_norm(out(mixed.transpose(1, 2).reshape({N, k, width}))));  // [N, k, D]
  }

  void append_weights(Weights& weights, const std::string& prefix) const override {
    const Init square = Init::xavier(width, width);
    weights.push_back({prefix + "query", query, Init::normal(1)});
    query_norm->append_weights(weights, prefix + "ln_q.");
    key_norm->append_weights(weights, prefix + "ln_k.");
    q->append_weights(weights, prefix + "attn.q_proj.", square);
    const char* const kNames[] = {"attn.k_proj.", "attn.v_proj."};
    for (std::int64_t i = 0; i < 2; ++i) {
      const std::string name = prefix + kNames[i];
      weights.push_back({name + "weight", kv->weight.narrow(0, i * width, width), square});
      weights.push_back({name + "bias", kv->bias.narrow(0, i * width, width), Init::constant(0)});
    }
    out->append_weights(weights, prefix + "attn.out_proj.", square);
    out_norm->append_weights(weights, prefix + "ln_out.");
    projection->append_weights(weights, prefix + "projection.",
                               Init::xavier(width, projection->weight.size(0)));
  }

  std::int64_t heads, width;
  torch::Tensor query;  // [k, V]
  LayerNorm query_norm, key_norm, out_norm;
  Linear q, kv, out, projection;  // [V, V], [2 V, V], [V, V], [D, V]
};

}  // namespace

std::shared_ptr<VisualConnector> make_attention_pool(const ConnectorShape& shape) {
  return std::make_shared<AttentionPool>(shape);
}

}  // namespace ablate
