#include "model/contrastive.hpp"

#include <torch/torch.h>

namespace ablate {

torch::Tensor to_length_one(const torch::Tensor& rows) {
  return torch::nn::functional::normalize(rows.to(torch::kFloat32),
                                          torch::nn::functional::NormalizeFuncOptions().dim(-1));
}

ContrastiveObjective::ContrastiveObjective(const Encoder& config, std::uint64_t random_seed)
    : EncoderObjective(config, random_seed), text(register_module("text", TextTransformer(config))) {}

torch::Tensor ContrastiveObjective::embed_pictures(const torch::Tensor& pixels) {
  return to_length_one(pool(vision(patchify(pixels, encoder, PatchOrder::channel_row_column, compute))));
}

torch::Tensor ContrastiveObjective::embed_captions(const torch::Tensor& tokens,
                                                   const torch::Tensor& lengths) {
  return to_length_one(text(tokens, lengths, compute, vision->recompute));
}

torch::Tensor ContrastiveObjective::logits(const torch::Tensor& pictures,
                                           const torch::Tensor& captions) const {
  const torch::Tensor products = logit_scale.exp() * torch::mm(pictures, captions.t());
  return logit_bias.defined() ? products + logit_bias : products;
}

StepMetrics ContrastiveObjective::accumulate(const std::vector<EncoderBatch>& micro_batches, std::uint64_t) {
  const bool twice = micro_batches.size() > 1;
  std::vector<torch::Tensor> pictures, captions;
  {
    const torch::AutoGradMode with_grad(!twice);
    for (const EncoderBatch& batch : micro_batches) {
      pictures.push_back(embed_pictures(batch.pixels));
      captions.push_back(embed_captions(batch.tokens, batch.lengths));
    }
  }
  torch::Tensor all_pictures = twice ? torch::cat(pictures) : pictures[0];
  torch::Tensor all_captions = twice ? torch::cat(captions) : captions[0];
  if (twice) {
    all_pictures.requires_grad_(true);
    all_captions.requires_grad_(true);
  }
  const torch::Tensor scores = logits(all_pictures, all_captions);  // [B, B]
  const torch::Tensor loss = picture_losses(scores).mean();
  loss.backward();
  if (twice) {
    std::int64_t first = 0;
    for (const EncoderBatch& batch : micro_batches) {
      const std::int64_t B = batch.pixels.size(0);
      torch::autograd::backward(
          {embed_pictures(batch.pixels), embed_captions(batch.tokens, batch.lengths)},
          {all_pictures.grad().narrow(0, first, B), all_captions.grad().narrow(0, first, B)});
      first += B;
    }
  }
  const torch::Tensor own = torch::arange(scores.size(0), scores.options().dtype(torch::kInt64));
  const torch::Tensor hits = scores.detach().argmax(1) == own;
  return {{"loss", loss.detach()},
          {"accuracy", hits.to(torch::kFloat32).mean()},
          {"logit_scale", logit_scale.detach().sum()}};  // A sum of one: a scalar, and a copy.
}

}  // namespace ablate
