#include "model/text_tower.hpp"

#include <torch/torch.h>

#include <cmath>

#include "model/vision_transformer.hpp"

namespace ablate {

namespace {

TowerShape text_shape(const Encoder& encoder) {
  return {.width = encoder.text.width,
          .layers = encoder.text.layers,
          .heads = encoder.text.heads,
          .mlp_width = encoder.text.mlp_width,
          .activation = encoder.activation,
          .norm_epsilon = norm_epsilon(encoder)};
}

}  // namespace

TextTransformerImpl::TextTransformerImpl(const Encoder& encoder)
    : loss(encoder.loss),
      token_embedding(
          register_parameter("token_embedding", empty_weight({encoder.text.vocab_size, encoder.text.width}))),
      positions(register_parameter("positions", empty_weight({encoder.text.context, encoder.text.width}))),
      tower(register_module("tower", Tower(text_shape(encoder)))),
      final_norm(register_module("final_norm", LayerNorm(encoder.text.width, norm_epsilon(encoder)))),
      projection(register_module(
          "projection", encoder.loss == EncoderLoss::clip
                            ? Linear(encoder.text.width, encoder.text.embed_width, /*with_bias=*/false)
                            : Linear(encoder.text.width, encoder.width, /*with_bias=*/true))) {}

torch::Tensor TextTransformerImpl::forward(const torch::Tensor& tokens, const torch::Tensor& lengths,
                                           torch::ScalarType dtype, bool recompute) {
  const std::int64_t C = tokens.size(1);
  torch::Tensor x = (torch::embedding(token_embedding, tokens) + positions.narrow(0, 0, C)).to(dtype);
  x = tower(x, loss == EncoderLoss::clip ? see_causal(C, x.device()) : see_all(C, x.device()),
            recompute);  // [B, C, D]
  if (loss == EncoderLoss::clip) {
    const torch::Tensor last = (lengths - 1).view({-1, 1, 1}).expand({-1, 1, x.size(2)});
    x = x.gather(1, last).squeeze(1);
  } else {
    x = x.select(1, C - 1);
  }
  return projection(final_norm(x));
}

// Standard deviations as in open_clip; the head with a bias as in big_vision.
void TextTransformerImpl::append_weights(Weights& weights) const {
  const std::string prefix = "text_model.";
  const std::int64_t D = positions.size(1);
  weights.push_back({prefix + "embeddings.token_embedding.weight", token_embedding, Init::normal(0.02)});
  weights.push_back({prefix + "embeddings.position_embedding.weight", positions, Init::normal(0.01)});
  tower->append_weights(weights, prefix);
  final_norm->append_weights(weights, prefix + "final_layer_norm.");
  const Init as_width = Init::normal(1 / std::sqrt(static_cast<double>(D)));
  projection->append_weights(weights, loss == EncoderLoss::clip ? "text_projection." : prefix + "head.",
                             as_width);
}

}  // namespace ablate
