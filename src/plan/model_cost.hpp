// Parameters and floating-point operations of the parts of a model by formula, before anything is built.
//
// A multiply-add counts as 2 operations; normalisations, activations and embeddings look-ups count as none.
// Attention is counted in full, also where it is causal (the convention of PaLM and nanoGPT). Letters: d
// width, f MLP width, L layers, T tokens, V vocabulary, D decoder width, k visual tokens, N patches, p patch.
#pragma once

#include <cstdint>

#include "config/experiment.hpp"

namespace ablate {

/// Operations of a part's products forward, by what their backward pass takes.
struct Products {
  /// Linear maps of what comes into the part: once for gradients with respect to that where something
  /// upstream trains, once for those of the maps' own weights.
  double entry = 0;
  /// Linear maps after something of the part that trains with it: the same, but the first also where the
  /// part itself trains.
  double linear = 0;
  /// Attention's scores and weighted sums: products of two activations, so twice forward wherever a gradient
  /// passes, whether or not the part's weights train.
  double attention = 0;

  double forward() const;
  /// Forward and backward, where something upstream of the part trains or not, and where its weights do.
  double step(bool upstream_trains, bool trains) const;
};

/// Parameters of a part.
struct Params {
  double total;   ///< All: what memory and checkpoints hold.
  double active;  ///< Those that one token passes, which its operations follow.
  /// Of a dense part, whose every token passes all of them.
  Params(double dense) : total(dense), active(dense) {}
};
Params operator+(const Params& a, const Params& b);

std::int64_t class_tokens(EncoderLoss loss);

/// A vision transformer with a class token, as CLIP's (Dosovitskiy et al. 2021; open_clip): image side only.
/// `embed_width`: of the projection after it; 0: none.
double vit_params(const Encoder& encoder, std::int64_t resolution, std::int64_t embed_width);
/// Operations of one picture forward: L (8 d^2 + 4 d f) T + 4 L d T^2 + 2 (3 p^2) d N, with T = N +
/// `extra_tokens`.
double vit_flops(const Encoder& encoder, std::int64_t resolution, std::int64_t extra_tokens);

/// The vision transformer as the decoder sees it, without projection and head, at the resolution of the
/// stage: position embeddings grow with it. One picture.
Params vision_params(const Experiment& experiment, std::int64_t resolution);
Products vision_products(const Experiment& experiment, std::int64_t resolution);

/// A text tower with its token and position embeddings, without a projection; one caption forward.
double text_tower_params(const TextTower& text);
double text_tower_flops(const TextTower& text);

/// The whole encoder of an experiment as the encoder stage trains it: towers, AIM's or the VAE's head.
Params encoder_params(const Experiment& experiment);
/// One picture (with its caption) forward.
double encoder_flops(const Experiment& experiment);
/// Beside that, once for a batch of so many pictures: their similarities with all captions, and the query of
/// SigLIP's pooling.
double encoder_batch_flops(const Experiment& experiment, double pictures);
/// Forward and backward of a step with so many pictures.
double encoder_step_flops(const Experiment& experiment, double pictures);

/// Between vision transformer and decoder; `patches_in` patches. Without an encoder: Fuyu's patch projection.
Params connector_params(const Experiment& experiment, std::int64_t patches_in);
/// Of one picture.
Products connector_products(const Experiment& experiment, std::int64_t patches_in);
double connector_flops(const Experiment& experiment, std::int64_t patches_in);
/// Once for all pictures together: the projection of attention pooling's learned queries. No gradient of the
/// encoder passes through it.
Products connector_batch_products(const Experiment& experiment);

/// A decoder with RMSNorm, rotary embedding, SwiGLU and grouped-query attention (Llama's form).
Params llm_params(const Llm& llm);
/// Parameters in matrices, without embedding and head: 12 L d^2 where f = 8 d / 3 and all heads have keys of
/// their own. A block with E experts has E times the MLP and a router of E d; a token passes the router and
/// the MLPs of top_k of them.
Params llm_body_params(const Llm& llm);
/// The blocks over one sequence of T tokens; the head at one position.
Products llm_products(const Llm& llm, std::int64_t tokens);
Products head_products(const Llm& llm);
/// Operations of one sequence of T tokens forward. Logits are computed where there is a token to predict, at
/// `targets` of the positions.
double llm_flops(const Llm& llm, std::int64_t tokens, double targets);

}  // namespace ablate
