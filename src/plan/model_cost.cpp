#include "plan/model_cost.hpp"

#include <cmath>
#include <stdexcept>

#include "plan/real.hpp"

namespace ablate {

namespace {

/// A tower's block: attention, a two-matrix MLP, two LayerNorms; all matrices with biases, or none.
double block_params(double d, double f, bool biases = true) {
  return 4 * d * d + 2 * d * f + (biases ? 5 * d + f : 0) + 4 * d;
}
/// A tower of such blocks over T tokens.
Products tower_products(std::int64_t layers, double d, double f, double tokens) {
  return {.linear = real(layers) * (8 * d * d + 4 * d * f) * tokens,
          .attention = real(layers) * 4 * d * tokens * tokens};
}

double patch_values(const Encoder& encoder) { return 3.0 * real(encoder.patch) * real(encoder.patch); }

Products vit_products(const Encoder& encoder, std::int64_t resolution, std::int64_t extra_tokens) {
  const double d = real(encoder.width), n = real(patches(resolution, encoder.patch));
  Products products = tower_products(encoder.layers, d, real(encoder.mlp_width), n + real(extra_tokens));
  products.entry = 2 * patch_values(encoder) * d * n;
  return products;
}

/// timm's RegNet bottleneck with squeeze-excite, as Honeybee's C-Abstractor uses it.
double bottleneck_params(double in, double h) {
  const double squeezed = std::round(0.25 * in);
  const double shortcut = in == h ? 0 : in * h + 2 * h;
  return in * h + 2 * h + 9 * h + 2 * h + (h * squeezed + squeezed + squeezed * h + h) + h * h + 2 * h +
         shortcut;
}
double bottleneck_flops(double in, double h, double pixels) {
  const double squeezed = std::round(0.25 * in);
  return 2 * (in * h + 9 * h + h * h + (in == h ? 0 : in * h)) * pixels + 4 * h * squeezed;
}

}  // namespace

double Products::forward() const { return entry + linear + attention; }

double Products::step(bool upstream_trains, bool trains) const {
  const bool passed = upstream_trains || trains;
  return entry * (1 + upstream_trains + trains) + linear * (1 + passed + trains) +
         attention * (1 + 2 * passed);
}

Params operator+(const Params& a, const Params& b) {
  Params sum = a;
  sum.total += b.total, sum.active += b.active;
  return sum;
}

std::int64_t class_tokens(EncoderLoss loss) { return loss == EncoderLoss::clip ? 1 : 0; }

double vit_params(const Encoder& encoder, std::int64_t resolution, std::int64_t embed_width) {
  const double d = real(encoder.width), f = real(encoder.mlp_width);
  const double positions = real(patches(resolution, encoder.patch) + 1);
  return patch_values(encoder) * d + d + positions * d + 2 * d /* norm before */ +
         real(encoder.layers) * block_params(d, f) + 2 * d /* norm after */ + d * real(embed_width);
}

double vit_flops(const Encoder& encoder, std::int64_t resolution, std::int64_t extra_tokens) {
  return vit_products(encoder, resolution, extra_tokens).forward();
}

// CLIP's has a class token, a norm before the blocks and no bias in the patch projection; SigLIP's and the
// VAE's the reverse; AIM's a bias there, fixed positions, a norm after the patch projection and no biases in
// the blocks.
Params vision_params(const Experiment& e, std::int64_t resolution) {
  const Encoder& encoder = e.encoder;
  const double d = real(encoder.width), n = real(patches(resolution, encoder.patch));
  const bool biases = encoder.loss != EncoderLoss::aim;
  const double blocks = real(encoder.layers) * block_params(d, real(encoder.mlp_width), biases);
  const double common = patch_values(encoder) * d + d + blocks + 2 * d /* norm after */;
  switch (encoder.loss) {
    case EncoderLoss::clip:
      return vit_params(encoder, resolution, 0);
    case EncoderLoss::siglip:
    case EncoderLoss::vae:
      return common + n * d;
    case EncoderLoss::aim:
      return common + 2 * d;
    case EncoderLoss::none:
      return 0;
  }
  throw std::logic_error("unknown encoder loss");
}

Products vision_products(const Experiment& e, std::int64_t resolution) {
  if (e.encoder.loss == EncoderLoss::none) return {};
  return vit_products(e.encoder, resolution, class_tokens(e.encoder.loss));
}

double text_tower_params(const TextTower& text) {
  const double d = real(text.width);
  return real(text.vocab_size) * d + real(text.context) * d +
         real(text.layers) * block_params(d, real(text.mlp_width)) + 2 * d;
}

double text_tower_flops(const TextTower& text) {
  return tower_products(text.layers, real(text.width), real(text.mlp_width), real(text.context)).forward();
}

Params encoder_params(const Experiment& e) {
  const Encoder& encoder = e.encoder;
  const double d = real(encoder.width), f = real(encoder.mlp_width), v = patch_values(encoder);
  const double h = real(encoder.aim_head_width), z = real(encoder.vae_latent_width);
  const double w = real(encoder.text.width), embed = real(encoder.text.embed_width);
  const Params vision = vision_params(e, encoder.resolution);
  switch (encoder.loss) {
    case EncoderLoss::clip:
      return vision + d * embed + text_tower_params(encoder.text) + w * embed + 1;
    case EncoderLoss::siglip: {
      const double pooling =
          d + 4 * d * d + 4 * d + 2 * d + 2 * d * f + f + d;  // probe, attention, norm, MLP
      return vision + pooling + text_tower_params(encoder.text) + w * d + d + 2;
    }
    case EncoderLoss::aim:
      return vision + d * h + h + real(encoder.aim_head_layers) * (8 * h * h + 2 * h) + 2 * h + h * v + v;
    case EncoderLoss::vae:
      return vision + 2 * d * z + 2 * z + z * d + d + real(encoder.vae_decoder_layers) * block_params(d, f) +
             2 * d + d * v + v;
    case EncoderLoss::none:
      return 0;
  }
  throw std::logic_error("unknown encoder loss");
}

double encoder_flops(const Experiment& e) {
  const Encoder& encoder = e.encoder;
  const double d = real(encoder.width), f = real(encoder.mlp_width), v = patch_values(encoder);
  const double h = real(encoder.aim_head_width), z = real(encoder.vae_latent_width);
  const double w = real(encoder.text.width), embed = real(encoder.text.embed_width);
  const double n = real(patches(encoder.resolution, encoder.patch));
  const double vision = vision_products(e, encoder.resolution).forward();
  switch (encoder.loss) {
    case EncoderLoss::clip:
      return vision + text_tower_flops(encoder.text) + 2 * (w + d) * embed;
    case EncoderLoss::siglip:
      return vision + text_tower_flops(encoder.text) + 2 * w * d + 4 * d * d * n + 4 * d * n + 2 * d * d +
             4 * d * f;
    case EncoderLoss::aim:  // The last patch predicts nothing.
      return vision + 2 * (n - 1) * (d * h + real(encoder.aim_head_layers) * 8 * h * h + h * v);
    case EncoderLoss::vae:
      return vision + 2 * n * (2 * d * z + z * d + d * v) +
             tower_products(encoder.vae_decoder_layers, d, f, n).forward();
    case EncoderLoss::none:
      return 0;
  }
  throw std::logic_error("unknown encoder loss");
}

double encoder_batch_flops(const Experiment& e, double pictures) {
  const double d = real(e.encoder.width);
  const double pairs = pictures * pictures;
  if (e.encoder.loss == EncoderLoss::clip) return 2 * pairs * real(e.encoder.text.embed_width);
  if (e.encoder.loss == EncoderLoss::siglip) return 2 * pairs * d + 2 * d * d;
  return 0;
}

double encoder_step_flops(const Experiment& e, double pictures) {
  const Products vision = vision_products(e, e.encoder.resolution);
  const double rest = pictures * (encoder_flops(e) - vision.forward()) + encoder_batch_flops(e, pictures);
  return pictures * vision.step(/*upstream_trains=*/false, /*trains=*/true) + 3 * rest;
}

Params connector_params(const Experiment& e, std::int64_t patches_in) {
  const double d = real(e.encoder.width), out = real(e.llm.width), k = real(e.connector.tokens);
  const double h = real(e.connector.width), depth = real(e.connector.depth);
  if (e.encoder.loss == EncoderLoss::none) return patch_values(e.encoder) * out + out + out;
  switch (e.connector.kind) {
    case ConnectorKind::average_pool:
      return d * out + out;
    case ConnectorKind::attention_pool:
      return k * d + 4 * d + 4 * d * d + 4 * d + 2 * d + d * out + out;
    case ConnectorKind::c_abstractor: {
      const double blocks =
          depth == 0 ? 0 : bottleneck_params(d, h) + (2 * depth - 1) * bottleneck_params(h, h);
      const double into = depth == 0 ? d : h;
      return real(patches_in) * d + blocks + into * out + out + out * out + out;
    }
    case ConnectorKind::mlp:
      return d * out + out + out * out + out;
  }
  throw std::logic_error("unknown connector");
}

// A learned vector before a map (positions, a norm's scale) wants the gradient with respect to the map's
// input, whether or not the encoder does.
Products connector_products(const Experiment& e, std::int64_t patches_in) {
  const double d = real(e.encoder.width), out = real(e.llm.width), k = real(e.connector.tokens),
               n = real(patches_in);
  const double h = real(e.connector.width), depth = real(e.connector.depth);
  if (e.encoder.loss == EncoderLoss::none) return {.entry = 2 * patch_values(e.encoder) * out * n};
  switch (e.connector.kind) {
    case ConnectorKind::average_pool:
      return {.entry = 2 * k * d * out};
    case ConnectorKind::attention_pool:
      return {.linear = 4 * n * d * d + 2 * k * d * d + 2 * k * d * out, .attention = 4 * k * n * d};
    case ConnectorKind::c_abstractor: {
      const double blocks = depth == 0 ? 0
                                       : bottleneck_flops(d, h, n) + (depth - 1) * bottleneck_flops(h, h, n) +
                                             depth * bottleneck_flops(h, h, k);
      return {.linear = blocks + 2 * k * ((depth == 0 ? d : h) * out + out * out)};
    }
    case ConnectorKind::mlp:
      return {.entry = 2 * n * d * out, .linear = 2 * n * out * out};
  }
  throw std::logic_error("unknown connector");
}

double connector_flops(const Experiment& e, std::int64_t patches_in) {
  return connector_products(e, patches_in).forward();
}

Products connector_batch_products(const Experiment& e) {
  const double d = real(e.encoder.width);
  if (e.encoder.loss == EncoderLoss::none || e.connector.kind != ConnectorKind::attention_pool) return {};
  return {.linear = 2 * real(e.connector.tokens) * d * d};
}

Params llm_body_params(const Llm& llm) {
  const double d = real(llm.width), kv = d / real(llm.heads) * real(llm.kv_heads);
  const double mlp = 3 * d * real(llm.mlp_width), sparse = real(llm.sparse_layers());
  Params params = real(llm.layers) * (2 * d * d + 2 * d * kv) + (real(llm.layers) - sparse) * mlp;
  const double experts = real(llm.moe.experts), router = d * experts;
  params.total += sparse * (experts * mlp + router);
  params.active += sparse * (real(llm.moe.top_k) * mlp + router);
  return params;
}

Params llm_params(const Llm& llm) {
  const double d = real(llm.width), embedding = real(llm.vocab_size) * d;
  return llm_body_params(llm) + real(llm.layers) * 2 * d + d + embedding * (llm.tied_head ? 1 : 2);
}

Products llm_products(const Llm& llm, std::int64_t tokens) {
  const double t = real(tokens), d = real(llm.width);
  return {.linear = 2 * llm_body_params(llm).active * t, .attention = 4 * real(llm.layers) * d * t * t};
}

Products head_products(const Llm& llm) { return {.linear = 2 * real(llm.width) * real(llm.vocab_size)}; }

double llm_flops(const Llm& llm, std::int64_t tokens, double targets) {
  return llm_products(llm, tokens).forward() + targets * head_products(llm).forward();
}

}  // namespace ablate
