// Parameters, floating-point operations and memory by formula, before anything is built.
//
// A multiply-add counts as 2 operations; normalisations, activations and embeddings look-ups count as none.
// Attention is counted in full, also where it is causal (the convention of PaLM and nanoGPT). Letters: d
// width, f MLP width, L layers, T tokens, V vocabulary, D decoder width, k visual tokens, N patches, p patch.
#pragma once

#include <cstdint>

#include "config/experiment.hpp"
#include "plan/plan.hpp"

namespace ablate {

/// A vision transformer with a class token, as CLIP's (Dosovitskiy et al. 2021; open_clip): image side only.
/// `embed_width`: of the projection behind it; 0: none.
double vit_params(const Encoder& encoder, std::int64_t resolution, std::int64_t embed_width);
/// Operations of one picture forward: L (8 d^2 + 4 d f) T + 4 L d T^2 + 2 (3 p^2) d N, with T = N +
/// `extra_tokens`.
double vit_flops(const Encoder& encoder, std::int64_t resolution, std::int64_t extra_tokens);

/// A text tower with its token and position embeddings, without a projection; one caption forward.
double text_tower_params(const TextTower& text);
double text_tower_flops(const TextTower& text);

/// The whole encoder of an experiment as the encoder stage trains it (towers, AIM's or the VAE's head), and
/// as the decoder sees it (the vision transformer alone); one picture (with its caption) forward.
double encoder_params(const Experiment& experiment);
double encoder_flops(const Experiment& experiment);

/// Between vision transformer and decoder; `patches_in` patches. Without an encoder: Fuyu's patch projection.
double connector_params(const Experiment& experiment, std::int64_t patches_in);
double connector_flops(const Experiment& experiment, std::int64_t patches_in);

/// A decoder with RMSNorm, rotary embedding, SwiGLU and grouped-query attention (Llama's form).
double llm_params(const Llm& llm);
/// Parameters in matrices, without embedding and head: 12 L d^2 where f = 8 d / 3 and all heads have keys of
/// their own.
double llm_body_params(const Llm& llm);
/// Operations of one sequence of T tokens forward, logits at every position.
double llm_flops(const Llm& llm, std::int64_t tokens);

/// Operations forward and backward of one sequence of stage llm, vlm or sft, and of each picture in it:
/// backward counts twice the forward pass for what trains, once where a gradient only passes through, and not
/// at all where nothing upstream trains.
struct SequenceFlops {
  double per_sequence = 0, per_image = 0;
};
SequenceFlops training_flops(const Experiment& experiment, Stage stage);

/// Pictures in one sequence, as far as can be said without the data: as many as fit beside 64 tokens of text
/// each, at most data.max_images, in the share of sequences that have any.
double images_per_sequence(const Experiment& experiment, std::int64_t resolution);

/// What a stage (and for `eval` the task) of an experiment takes.
Cost stage_cost(const Experiment& experiment, Stage stage, EvalTask task);
/// Its optimiser steps; 0 for an evaluation.
std::int64_t stage_steps(const Experiment& experiment, Stage stage);

}  // namespace ablate
