#include "model/aim.hpp"

#include <torch/torch.h>

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "golden.hpp"

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

constexpr std::int64_t kAimPatches = 9;

struct AimModel {
  std::shared_ptr<AimObjective> objective =
      std::dynamic_pointer_cast<AimObjective>(golden::tiny_objective(EncoderLoss::aim));
  EncoderBatch batch = golden::tiny_batch(3);

  torch::Tensor targets() const {
    return aim_targets(
        patchify(batch.pixels, objective->encoder, PatchOrder::row_column_channel, torch::kFloat32));
  }
  torch::Tensor predict(const torch::Tensor& pixels, const torch::Tensor& prefix) const {
    const torch::NoGradGuard no_grad;
    return objective->predict(pixels, see_prefix(prefix, kAimPatches));
  }
  /// The pictures with one patch in negative.
  torch::Tensor pixels_with_changed(std::int64_t patch) const {
    torch::Tensor pixels = batch.pixels.clone();
    pixels.narrow(1, patch / 3 * 4, 4).narrow(2, patch % 3 * 4, 4).bitwise_not_();
    return pixels;
  }
};

torch::Tensor prefixes_of(std::vector<std::int64_t> prefixes) {
  return torch::tensor(prefixes, torch::kInt64);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(aim, AimModel)

BOOST_AUTO_TEST_CASE(aim_is_that_of_pytorchs_own_modules) {
  const torch::Tensor prefix = prefixes_of({1, 4, 7});
  const Visibility visibility = see_prefix(prefix, kAimPatches);
  const torch::Tensor loss =
      aim_errors(objective->predict(batch.pixels, visibility), targets(), prefix).sum() / (27 - 12);
  loss.backward();
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : objective->parameters()) parameter.copy_(parameter.grad());
  Weights gradients;
  objective->append_weights(gradients);
  double squares = 0, slope = 0;
  for (const Weight& weight : gradients) {
    squares += weight.tensor.square().sum().item<double>();
    slope +=
        (weight.tensor * golden::numbers("slope/" + weight.name, weight.tensor.sizes())).sum().item<double>();
  }
  BOOST_TEST(loss.item<double>() == 1.11874603, tt::tolerance(1e-5));
  BOOST_TEST(std::sqrt(squares) == 0.732983018, tt::tolerance(1e-5));
  BOOST_TEST(slope == -0.0647824677, tt::tolerance(1e-4));
}

BOOST_AUTO_TEST_CASE(no_patch_after_the_prefix_is_seen_before_it_is_predicted) {
  const torch::Tensor prefix = prefixes_of({1, 3, 4});
  const torch::Tensor before = predict(batch.pixels, prefix);
  for (std::int64_t j = 4; j < kAimPatches; ++j) {
    const torch::Tensor after = predict(pixels_with_changed(j), prefix);
    // Row q predicts patch q + 1: those up to and with j stay, those after it change.
    BOOST_TEST(torch::equal(after.narrow(1, 0, j), before.narrow(1, 0, j)));
    for (std::int64_t q = j; q + 1 < kAimPatches; ++q)
      BOOST_TEST((after - before).select(1, q).abs().amax(-1).min().item<double>() > 1e-5);
  }
}

BOOST_AUTO_TEST_CASE(every_prediction_sees_the_whole_prefix) {
  const torch::Tensor prefix = prefixes_of({4, 5, 8});
  const torch::Tensor before = predict(batch.pixels, prefix);
  for (std::int64_t j = 0; j < 4; ++j) {
    const torch::Tensor change = (predict(pixels_with_changed(j), prefix) - before).abs().amax(-1);
    BOOST_TEST(change.min().item<double>() > 1e-5);
  }
}

BOOST_AUTO_TEST_CASE(patches_of_the_prefix_are_no_targets) {
  const torch::Tensor prefix = prefixes_of({2, 5, 8}), expected = targets();
  const torch::Tensor predictions = golden::numbers("predictions", {3, 8, 48});
  const torch::Tensor errors = aim_errors(predictions, expected, prefix);
  for (std::int64_t b = 0; b < 3; ++b)
    for (std::int64_t t = 0; t < kAimPatches; ++t) {
      torch::Tensor changed = expected.clone();
      changed[b][t] += 1;
      const bool counts = t >= prefix[b].item<std::int64_t>();
      const torch::Tensor differs = aim_errors(predictions, changed, prefix) != errors;
      for (std::int64_t other = 0; other < 3; ++other)
        BOOST_TEST(differs[other].item<bool>() == (other == b && counts));
    }
}

BOOST_AUTO_TEST_CASE(the_loss_is_a_mean_over_the_targets_of_the_step) {
  const torch::Tensor drawn = objective->draw_prefixes(3, 40);
  const double count = 27 - drawn.sum().item<double>();
  BOOST_TEST(objective->picture_counts(3, 40).sum().item<double>() == count);
  const double expected =
      aim_errors(predict(batch.pixels, drawn), targets(), drawn).sum().item<double>() / count;
  const StepMetrics metrics =
      objective->accumulate({golden::part_of(batch, 0, 1), golden::part_of(batch, 1, 2)}, 40);
  BOOST_TEST(metrics[0].first == "loss");
  BOOST_TEST(metrics[0].second.item<double>() == expected, tt::tolerance(1e-5));
}

BOOST_AUTO_TEST_CASE(targets_have_mean_0_and_variance_1) {
  const torch::Tensor made = targets();
  BOOST_TEST(made.mean(-1).abs().max().item<double>() < 1e-6);
  BOOST_TEST((made.var(-1, /*unbiased=*/true) - 1).abs().max().item<double>() < 1e-5);
  BOOST_TEST(aim_targets(torch::full({1, 2, 48}, 0.3)).abs().max().item<double>() < 1e-3);  // Of one colour.
}

BOOST_AUTO_TEST_CASE(prefixes_are_uniform_and_belong_to_the_picture) {
  const torch::Tensor drawn = objective->draw_prefixes(8000, 100);
  BOOST_TEST(torch::equal(objective->draw_prefixes(50, 150), drawn.narrow(0, 50, 50)));
  const torch::Tensor counts = torch::bincount(drawn, {}, kAimPatches);
  BOOST_TEST(counts.size(0) == kAimPatches);
  BOOST_TEST(counts[0].item<std::int64_t>() == 0);
  for (std::int64_t prefix = 1; prefix < kAimPatches; ++prefix)
    BOOST_TEST(std::abs(counts[prefix].item<double>() - 1000) < 150);
}

BOOST_AUTO_TEST_SUITE_END()
