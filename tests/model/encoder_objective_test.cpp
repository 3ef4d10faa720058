#include "model/encoder_objective.hpp"

#include <torch/torch.h>

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "golden.hpp"
#include "model/contrastive.hpp"
#include "model/vae.hpp"
#include "util/error.hpp"

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

constexpr EncoderLoss kLosses[] = {EncoderLoss::clip, EncoderLoss::siglip, EncoderLoss::aim,
                                   EncoderLoss::vae};

struct EncoderStep {
  std::vector<double> metrics;
  torch::Tensor gradient;  ///< Of all parameters, one after the other.
};

EncoderStep take_step(EncoderObjective& objective, const std::vector<EncoderBatch>& micro_batches,
                      std::uint64_t first_picture = 0) {
  EncoderStep step;
  objective.zero_grad();
  for (const auto& [name, value] : objective.accumulate(micro_batches, first_picture))
    step.metrics.push_back(value.item<double>());
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& parameter : objective.parameters())
    gradients.push_back(parameter.grad().flatten().clone());
  step.gradient = torch::cat(gradients);
  return step;
}

double largest_difference(const EncoderStep& a, const EncoderStep& b) {
  return ((a.gradient - b.gradient).abs().max() / a.gradient.norm()).item<double>();
}

/// The gradient's product with the fixed direction of golden/encoders.py. Overwrites the weights: under their
/// names the gradient then stands.
double slope_of(EncoderObjective& objective) {
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : objective.parameters()) parameter.copy_(parameter.grad());
  Weights gradients;
  objective.append_weights(gradients);
  double slope = 0;
  for (const Weight& weight : gradients)
    slope += (weight.tensor * golden::numbers("slope/" + weight.name, weight.tensor.sizes()))
                 .sum(torch::kFloat64)
                 .item<double>();
  return slope;
}

struct GoldenStep {
  double loss, gradient, slope;
};

void check_golden(EncoderObjective& objective, const EncoderStep& step, const GoldenStep& expected) {
  const double length = step.gradient.norm().item<double>();
  BOOST_TEST(step.metrics[0] == expected.loss, tt::tolerance(1e-5));
  BOOST_TEST(length == expected.gradient, tt::tolerance(1e-5));
  BOOST_TEST(std::abs(slope_of(objective) - expected.slope) < 1e-5 * length);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(encoder_objective)

BOOST_AUTO_TEST_CASE(clip_is_that_of_pytorchs_own_modules) {
  auto objective = golden::tiny_objective(EncoderLoss::clip);
  const EncoderStep step = take_step(*objective, {golden::tiny_batch(3)});
  BOOST_TEST(step.metrics[1] == 1.0 / 3, tt::tolerance(1e-6));
  BOOST_TEST(step.metrics[2] == 2.0);
  check_golden(*objective, step, {1.47575973, 7.50610074, 1.84716099});
}

BOOST_AUTO_TEST_CASE(siglip_is_that_of_pytorchs_own_modules) {
  auto objective = golden::tiny_objective(EncoderLoss::siglip);
  const EncoderStep step = take_step(*objective, {golden::tiny_batch(3)});
  BOOST_TEST(step.metrics[1] == 0.0);
  BOOST_TEST(step.metrics[2] == 2.0);
  check_golden(*objective, step, {2.53797329, 12.3405594, -1.51995382});
}

// Its noise cannot be had elsewhere: with a variance of next to nothing it does not matter.
BOOST_AUTO_TEST_CASE(the_vae_is_that_of_pytorchs_own_modules) {
  auto objective = golden::tiny_objective(EncoderLoss::vae);
  {
    const torch::NoGradGuard no_grad;
    const Linear latent = std::dynamic_pointer_cast<VaeObjective>(objective)->latent_projection;
    latent->weight.narrow(0, 3, 3).zero_();
    latent->bias.narrow(0, 3, 3).fill_(-25);
  }
  const EncoderStep step = take_step(*objective, {golden::tiny_batch(3)});
  BOOST_TEST(step.metrics[1] == 1.51393065, tt::tolerance(1e-5));
  BOOST_TEST(step.metrics[2] == 0.75515584, tt::tolerance(1e-5));
  check_golden(*objective, step, {1.52148221, 0.989557643, 0.112098453});
}

BOOST_AUTO_TEST_CASE(the_gradient_does_not_depend_on_the_micro_batches) {
  const EncoderBatch batch = golden::tiny_batch(5);
  for (const EncoderLoss loss : kLosses) {
    auto objective = golden::tiny_objective(loss);
    const EncoderStep whole = take_step(*objective, {batch}, 1000);
    for (const std::vector<std::int64_t>& sizes : {std::vector<std::int64_t>{2, 3}, {1, 1, 1, 1, 1}}) {
      std::vector<EncoderBatch> parts;
      std::int64_t first = 0;
      for (const std::int64_t size : sizes) {
        parts.push_back(golden::part_of(batch, first, size));
        first += size;
      }
      const EncoderStep divided = take_step(*objective, parts, 1000);
      BOOST_TEST(divided.metrics == whole.metrics, tt::tolerance(1e-5) << tt::per_element());
      BOOST_TEST(largest_difference(whole, divided) < 1e-6);
    }
  }
}

BOOST_AUTO_TEST_CASE(recomputation_leaves_every_bit_of_the_gradient) {
  const EncoderBatch batch = golden::tiny_batch(5);
  for (const EncoderLoss loss : kLosses) {
    auto objective = golden::tiny_objective(loss);
    const std::vector<EncoderBatch> parts = {golden::part_of(batch, 0, 3), golden::part_of(batch, 3, 2)};
    const EncoderStep kept = take_step(*objective, parts);
    objective->vision->recompute = true;
    const EncoderStep recomputed = take_step(*objective, parts);
    BOOST_TEST(torch::equal(kept.gradient, recomputed.gradient));
    BOOST_TEST(kept.metrics == recomputed.metrics, tt::per_element());
  }
}

BOOST_AUTO_TEST_CASE(bf16_arithmetic_comes_near) {
  for (const EncoderLoss loss : kLosses) {
    auto objective = golden::tiny_objective(loss);
    const double exact = take_step(*objective, {golden::tiny_batch(5)}).metrics[0];
    objective->compute = torch::kBFloat16;
    const EncoderStep coarse = take_step(*objective, {golden::tiny_batch(5)});
    BOOST_TEST(coarse.metrics[0] == exact, tt::tolerance(0.05));
    BOOST_TEST(coarse.metrics[0] != exact);
    BOOST_TEST((coarse.gradient.scalar_type() == torch::kFloat32));
  }
}

BOOST_AUTO_TEST_CASE(random_numbers_belong_to_the_picture_in_the_run) {
  for (const EncoderLoss loss : {EncoderLoss::aim, EncoderLoss::vae}) {
    auto objective = golden::tiny_objective(loss);
    const EncoderBatch batch = golden::tiny_batch(5);
    const double first = take_step(*objective, {batch}, 0).metrics[0];
    BOOST_TEST(take_step(*objective, {batch}, 0).metrics[0] == first);
    BOOST_TEST(take_step(*objective, {batch}, 5).metrics[0] != first);
    auto other_seed = golden::tiny_objective(loss, 4);
    BOOST_TEST(take_step(*other_seed, {batch}, 0).metrics[0] != first);
  }
}

BOOST_AUTO_TEST_CASE(there_is_no_objective_without_an_encoder) {
  BOOST_CHECK_THROW(make_encoder_objective(golden::tiny_encoder(EncoderLoss::none), 0), Error);
}

BOOST_AUTO_TEST_CASE(all_parameters_are_listed_once_and_counted_by_formula) {
  const std::int64_t d = 16, f = 24, n = 9, v = 48, L = 2;                    // encoder
  const std::int64_t w = 12, g = 20, Lt = 2, vocab = 11, context = 6, e = 8;  // text tower
  const std::int64_t h = 8, Lh = 2, z = 3, Lv = 1;                            // AIM's head, VAE
  const auto block = [](std::int64_t width, std::int64_t mlp) {
    return 4 * width * width + 4 * width + 2 * width * mlp + mlp + width + 4 * width;
  };
  const std::int64_t text = vocab * w + context * w + Lt * block(w, g) + 2 * w;
  const std::int64_t with_bias = v * d + d + n * d + L * block(d, f) + 2 * d;
  const std::int64_t expected[] = {
      v * d + d + (n + 1) * d + 2 * d + L * block(d, f) + 2 * d + d * e + text + w * e + 1,
      with_bias + (d + 4 * d * d + 4 * d + 2 * d + 2 * d * f + f + d) + text + w * d + d + 2,
      v * d + 3 * d + L * (4 * d * d + 2 * d * f + 4 * d) + 2 * d + d * h + h + Lh * (8 * h * h + 2 * h) +
          2 * h + h * v + v,
      with_bias + 2 * d * z + 2 * z + z * d + d + Lv * block(d, f) + 2 * d + d * v + v};
  for (std::size_t i = 0; i < 4; ++i) {
    auto objective = golden::tiny_objective(kLosses[i]);
    std::int64_t held = 0, listed = 0;
    for (const torch::Tensor& parameter : objective->parameters()) held += parameter.numel();
    Weights weights;
    objective->append_weights(weights);
    for (const Weight& weight : weights) listed += weight.tensor.numel();
    BOOST_TEST(held == expected[i]);
    BOOST_TEST(listed == expected[i]);
  }
}

BOOST_AUTO_TEST_CASE(clips_loss_has_its_closed_form_for_orthonormal_pairs) {
  for (const double scale : {0.0, 1.0, 14.3}) {
    const double expected = std::log(1 + 4 * std::exp(-scale));
    BOOST_TEST(clip_losses(torch::eye(5, torch::kFloat64) * scale).mean().item<double>() == expected,
               tt::tolerance(1e-9));
  }
}

BOOST_AUTO_TEST_CASE(clips_loss_treats_pictures_and_captions_alike) {
  const torch::Tensor logits = golden::numbers("logits", {5, 5}) * 10;
  BOOST_TEST(torch::allclose(clip_losses(logits), clip_losses(logits.t()), 1e-6));
}

BOOST_AUTO_TEST_CASE(clips_temperature_keeps_its_bounds) {
  auto objective = std::dynamic_pointer_cast<ContrastiveObjective>(golden::tiny_objective(EncoderLoss::clip));
  const torch::NoGradGuard no_grad;
  for (const auto& [before, after] : {std::pair{7.0, std::log(100.0)}, {-1.0, 0.0}, {2.5, 2.5}}) {
    objective->logit_scale.fill_(before);
    objective->after_update();
    BOOST_TEST(objective->logit_scale.item<double>() == after, tt::tolerance(1e-6));
  }
}

BOOST_AUTO_TEST_CASE(siglips_loss_sums_over_pairs_and_divides_by_pictures) {
  const torch::Tensor logits = golden::numbers("logits", {4, 4}) * 10;
  const torch::Tensor losses = siglip_losses(logits);
  BOOST_TEST(losses.size(0) == 4);
  double expected = 0;
  for (std::int64_t i = 0; i < 4; ++i) {
    double own = 0;
    for (std::int64_t j = 0; j < 4; ++j) {
      const double l = logits[i][j].item<double>(), back = logits[j][i].item<double>();
      expected += std::log1p(std::exp(i == j ? -l : l)) / 4;
      own += i == j ? std::log1p(std::exp(-l)) : (std::log1p(std::exp(l)) + std::log1p(std::exp(back))) / 2;
    }
    BOOST_TEST(losses[i].item<double>() == own, tt::tolerance(1e-5));
  }
  BOOST_TEST(losses.mean().item<double>() == expected, tt::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(contrastive_objectives_begin_with_the_published_temperature) {
  const auto initial = [](EncoderLoss loss) {
    auto made = std::dynamic_pointer_cast<ContrastiveObjective>(
        make_encoder_objective(golden::tiny_encoder(loss), 0));
    Weights weights;
    made->append_weights(weights);
    initialise(weights, 1);
    return made;
  };
  const auto clip = initial(EncoderLoss::clip), siglip = initial(EncoderLoss::siglip);
  BOOST_TEST(clip->needs_captions());
  BOOST_TEST(clip->logit_scale.item<double>() == 2.6593, tt::tolerance(1e-4));
  BOOST_TEST(clip->logit_scale.dim() == 0);
  BOOST_TEST(siglip->logit_scale.item<double>() == std::log(10.0), tt::tolerance(1e-6));
  BOOST_TEST(siglip->logit_bias.item<double>() == -10.0);
}

// Padding after the last token does not reach CLIP's embedding, the last token does.
BOOST_AUTO_TEST_CASE(clip_reads_a_caption_up_to_its_length) {
  auto objective = std::dynamic_pointer_cast<ContrastiveObjective>(golden::tiny_objective(EncoderLoss::clip));
  const EncoderBatch batch = golden::tiny_batch(1);  // Of length 2.
  const torch::Tensor before = objective->embed_captions(batch.tokens, batch.lengths);
  torch::Tensor padded = batch.tokens.clone(), changed = batch.tokens.clone();
  padded[0][2] = (padded[0][2] + 1) % 11;
  changed[0][1] = (changed[0][1] + 1) % 11;
  BOOST_TEST(torch::equal(objective->embed_captions(padded, batch.lengths), before));
  BOOST_TEST(!torch::allclose(objective->embed_captions(changed, batch.lengths), before, 1e-3, 1e-3));
}

BOOST_AUTO_TEST_CASE(the_divergence_has_its_closed_form) {
  const torch::Tensor zero = torch::zeros({2, 3, 4});
  BOOST_TEST(vae_divergence(zero, zero).sum().item<double>() == 0.0);
  BOOST_TEST(vae_divergence(zero + 2, zero).mean().item<double>() == 12 * 2.0, tt::tolerance(1e-6));
  const double wide = 12 * 0.5 * (std::exp(1.5) - 1 - 1.5);
  BOOST_TEST(vae_divergence(zero, zero + 1.5).mean().item<double>() == wide, tt::tolerance(1e-5));
}

BOOST_AUTO_TEST_SUITE_END()
