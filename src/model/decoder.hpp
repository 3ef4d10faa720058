// The decoder: a language model of Llama's form. RMSNorm before attention and MLP, rotary positions, SwiGLU,
// grouped-query attention, no biases (Touvron et al. 2023); in some blocks a mixture of experts for the MLP,
// as in Mixtral (Jiang et al. 2024).
//
// Shape letters: B sequences, T positions, D width, V vocabulary.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <memory>
#include <string>
#include <vector>

#include "config/experiment.hpp"
#include "model/feed_forward.hpp"
#include "model/kernels.hpp"
#include "model/key_values.hpp"
#include "model/layers.hpp"
#include "model/mixture_of_experts.hpp"
#include "model/weights.hpp"

namespace ablate {

/// RMSNorm with a weight.
struct RmsNormImpl : torch::nn::Module {
  RmsNormImpl(std::int64_t width, double norm_epsilon);
  torch::Tensor forward(const torch::Tensor& x);
  torch::Tensor weight;
  double epsilon;
};
TORCH_MODULE(RmsNorm);

/// x + attention(norm(x)), x + mlp(norm(x)); the MLP is SwiGLU, or a mixture of them.
struct DecoderBlockImpl : torch::nn::Module {
  DecoderBlockImpl(const Llm& llm, bool is_sparse);
  torch::Tensor forward(const torch::Tensor& x, const Visibility& visibility, const Rotary& rotary,
                        const torch::Tensor& padding);
  /// The same, and keeps what was read, with room for `room` positions.
  torch::Tensor read(const torch::Tensor& x, const Visibility& visibility, const Rotary& rotary,
                     std::int64_t room, KeyValues& kept);
  /// The next position of each row, x [B, 1, D]: see attend_next().
  torch::Tensor extend(const torch::Tensor& x, const Rotary& rotary, const torch::Tensor& lengths,
                       std::int64_t longest, KeyValues& kept);
  /// "input_layernorm.weight", "self_attn.{q,k,v,o}_proj.weight", "post_attention_layernorm.weight",
  /// "mlp.{gate,up,down}_proj.weight"; "block_sparse_moe." and those of MixtureOfExperts.
  void append_weights(Weights& weights, const std::string& prefix) const;

  Llm shape;
  RmsNorm input_norm, post_attention_norm;
  Linear qkv, out;                   ///< qkv [(H + 2 K) C, D].
  std::shared_ptr<FeedForward> mlp;  ///< Null where there are experts.
  MixtureOfExperts experts{nullptr};

 private:
  torch::Tensor finish(const torch::Tensor& x, const torch::Tensor& attended,
                       const torch::Tensor& padding = {});
};
TORCH_MODULE(DecoderBlock);

struct DecoderImpl : torch::nn::Module {
  explicit DecoderImpl(const Llm& llm);

  /// tokens [B, T] int64 -> [B, T, D] of number format `compute`.
  torch::Tensor embed(const torch::Tensor& tokens, torch::ScalarType compute);
  /// Hidden states after the final norm [B, T, D]; x [B, T, D], positions [B, T]. padding [B, T] bool, for
  /// experts, which take none; undefined: there is none.
  torch::Tensor forward(torch::Tensor x, const torch::Tensor& positions, const Visibility& visibility,
                        const torch::Tensor& padding = {});
  /// Rows that were read, each from position 0: from here a text goes on position by position.
  struct Reading {
    std::vector<KeyValues> blocks;
    torch::Tensor lengths;     ///< [B] int64
    std::int64_t longest = 0;  ///< The greatest of them.
  };
  /// forward() over one document in each row, x [B, T, D], padded after `lengths` [B] int64; `room`
  /// positions of a row can be read in all.
  torch::Tensor read(torch::Tensor x, const torch::Tensor& lengths, std::int64_t room, Reading& reading);
  /// Hidden states of the next position of each row, x [B, 1, D]. Throws std::logic_error when there is no
  /// room.
  torch::Tensor extend(torch::Tensor x, Reading& reading);
  /// Experts' auxiliary losses become part of the loss that is minimised, as means over so many sequences of
  /// a step and over layers.
  void train_routers(std::int64_t sequences);
  /// Of the blocks with experts, in the last forward pass in training; only where there are any.
  Routing routing() const;

  /// The matrix that turns hidden states into logits [V, D].
  const torch::Tensor& head() const { return llm.tied_head ? embedding : lm_head; }

  /// "model.embed_tokens.weight", "model.layers.0....", "model.norm.weight", "lm_head.weight" (absent when
  /// tied). Matrices start with deviation 0.02, those that end a residual branch with 0.02 / sqrt(2 layers)
  /// (Radford et al. 2019, section 2.3).
  void append_weights(Weights& weights, const std::string& prefix) const;

  Llm llm;
  torch::Tensor embedding, lm_head;  ///< [V, D]; `lm_head` is undefined when tied.
  std::vector<DecoderBlock> blocks;
  RmsNorm norm;
  bool recompute = false;  ///< Activation checkpointing.
};
TORCH_MODULE(Decoder);

}  // namespace ablate
