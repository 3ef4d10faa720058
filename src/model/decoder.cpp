#include "model/decoder.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "model/recompute.hpp"

namespace ablate {

namespace {

constexpr double kDecoderDeviation = 0.02;

std::int64_t head_width(const Llm& llm) { return llm.width / llm.heads; }

}  // namespace

RmsNormImpl::RmsNormImpl(std::int64_t width, double norm_epsilon)
    : weight(register_parameter("weight", empty_weight({width}))), epsilon(norm_epsilon) {}

torch::Tensor RmsNormImpl::forward(const torch::Tensor& x) { return rms_norm(x, weight, epsilon); }

DecoderBlockImpl::DecoderBlockImpl(const Llm& llm, bool is_sparse)
    : shape(llm),
      input_norm(register_module("input_norm", RmsNorm(llm.width, llm.norm_epsilon))),
      post_attention_norm(register_module("post_attention_norm", RmsNorm(llm.width, llm.norm_epsilon))),
      qkv(register_module("qkv", Linear(llm.width, (llm.heads + 2 * llm.kv_heads) * head_width(llm), false))),
      out(register_module("out", Linear(llm.width, llm.width, false))) {
  if (is_sparse)
    experts = register_module("experts", MixtureOfExperts(llm));
  else
    mlp = make_feed_forward(
        {.kind = FeedForwardKind::swiglu, .width = llm.width, .hidden_width = llm.mlp_width}, *this);
}

torch::Tensor DecoderBlockImpl::finish(const torch::Tensor& x, const torch::Tensor& attended,
                                       const torch::Tensor& padding) {
  const torch::Tensor mixed = x + out(attended);  // [B, T, D]
  const torch::Tensor normalised = post_attention_norm(mixed);
  return mixed + (mlp ? mlp->forward(normalised) : experts(normalised, padding));
}

torch::Tensor DecoderBlockImpl::forward(const torch::Tensor& x, const Visibility& visibility,
                                        const Rotary& rotary, const torch::Tensor& padding) {
  return finish(x, attention(qkv(input_norm(x)), shape.heads, shape.kv_heads, visibility, rotary), padding);
}

torch::Tensor DecoderBlockImpl::read(const torch::Tensor& x, const Visibility& visibility,
                                     const Rotary& rotary, std::int64_t room, KeyValues& kept) {
  const torch::Tensor projected = qkv(input_norm(x));
  kept = keep_keys_values(projected, shape.heads, shape.kv_heads, rotary, room);
  return finish(x, attention(projected, shape.heads, shape.kv_heads, visibility, rotary));
}

torch::Tensor DecoderBlockImpl::extend(const torch::Tensor& x, const Rotary& rotary,
                                       const torch::Tensor& lengths, std::int64_t longest, KeyValues& kept) {
  return finish(x,
                attend_next(qkv(input_norm(x)), shape.heads, shape.kv_heads, rotary, lengths, longest, kept));
}

void DecoderBlockImpl::append_weights(Weights& weights, const std::string& prefix) const {
  const Init init = Init::normal(kDecoderDeviation);
  const Init residual = Init::normal(kDecoderDeviation / std::sqrt(2.0 * static_cast<double>(shape.layers)));
  const std::int64_t keys = shape.kv_heads * head_width(shape);
  const auto add = [&](const char* name, const torch::Tensor& tensor, Init start) {
    weights.push_back({fmt::format("{}{}.weight", prefix, name), tensor, start});
  };
  add("input_layernorm", input_norm->weight, Init::constant(1));
  add("self_attn.q_proj", qkv->weight.narrow(0, 0, shape.width), init);
  add("self_attn.k_proj", qkv->weight.narrow(0, shape.width, keys), init);
  add("self_attn.v_proj", qkv->weight.narrow(0, shape.width + keys, keys), init);
  add("self_attn.o_proj", out->weight, residual);
  add("post_attention_layernorm", post_attention_norm->weight, Init::constant(1));
  if (mlp)
    mlp->append_weights(weights, prefix + "mlp.", init, residual);
  else
    experts->append_weights(weights, prefix + "block_sparse_moe.", init, residual);
}

DecoderImpl::DecoderImpl(const Llm& shape)
    : llm(shape),
      embedding(register_parameter("embedding", empty_weight({shape.vocab_size, shape.width}))),
      lm_head(shape.tied_head ? torch::Tensor()
                              : register_parameter("lm_head", empty_weight({shape.vocab_size, shape.width}))),
      norm(register_module("norm", RmsNorm(shape.width, shape.norm_epsilon))) {
  for (std::int64_t i = 0; i < shape.layers; ++i)
    blocks.push_back(register_module(fmt::format("block{}", i), DecoderBlock(shape, shape.is_sparse(i))));
}

torch::Tensor DecoderImpl::embed(const torch::Tensor& tokens, torch::ScalarType compute) {
  return torch::embedding(embedding, tokens).to(compute);
}

torch::Tensor DecoderImpl::forward(torch::Tensor x, const torch::Tensor& positions,
                                   const Visibility& visibility, const torch::Tensor& padding) {
  const Rotary rotary = make_rotary(positions, head_width(llm), llm.rope_theta);
  const Visibility seen = prepared(visibility, x, head_width(llm));
  for (DecoderBlock& block : blocks)
    x = maybe_recompute(recompute, x,
                        [=](const torch::Tensor& in) mutable { return block(in, seen, rotary, padding); });
  return norm(x);
}

torch::Tensor DecoderImpl::read(torch::Tensor x, const torch::Tensor& lengths, std::int64_t room,
                                Reading& reading) {
  const std::int64_t T = x.size(1);
  const Rotary rotary =
      make_rotary(torch::arange(T, lengths.options()).unsqueeze(0), head_width(llm), llm.rope_theta);
  const Visibility causal = see_causal(T, x.device());  // Padding comes after everything that counts.
  reading = {.blocks = std::vector<KeyValues>(blocks.size()), .lengths = lengths.clone(), .longest = T};
  for (std::size_t i = 0; i < blocks.size(); ++i)
    x = blocks[i]->read(x, causal, rotary, std::max(room, T), reading.blocks[i]);
  return norm(x);
}

torch::Tensor DecoderImpl::extend(torch::Tensor x, Reading& reading) {
  if (reading.longest >= reading.blocks.front().keys.size(1))
    throw std::logic_error("no room for another position");
  const Rotary rotary = make_rotary(reading.lengths.unsqueeze(1), head_width(llm), llm.rope_theta);
  for (std::size_t i = 0; i < blocks.size(); ++i)
    x = blocks[i]->extend(x, rotary, reading.lengths, reading.longest, reading.blocks[i]);
  reading.lengths += 1;
  ++reading.longest;
  return norm(x);
}

void DecoderImpl::train_routers(std::int64_t sequences) {
  for (DecoderBlock& block : blocks)
    if (block->experts)
      block->experts->sequence_weight = 1.0 / static_cast<double>(sequences * llm.sparse_layers());
}

Routing DecoderImpl::routing() const {
  std::vector<Routing> layers;
  for (const DecoderBlock& block : blocks)
    if (block->experts) layers.push_back(block->experts->routing);
  return stack(layers);
}

void DecoderImpl::append_weights(Weights& weights, const std::string& prefix) const {
  const Init init = Init::normal(kDecoderDeviation);
  weights.push_back({prefix + "model.embed_tokens.weight", embedding, init});
  for (std::size_t i = 0; i < blocks.size(); ++i)
    blocks[i]->append_weights(weights, fmt::format("{}model.layers.{}.", prefix, i));
  weights.push_back({prefix + "model.norm.weight", norm->weight, Init::constant(1)});
  if (!llm.tied_head) weights.push_back({prefix + "lm_head.weight", lm_head, init});
}

}  // namespace ablate
