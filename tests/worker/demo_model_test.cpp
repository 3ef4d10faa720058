#include "worker/demo_model.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>

#include "worker/demo_pictures.hpp"

namespace ablate {

namespace {

DemoBatch draw_some(const DemoPictures& pictures, std::int64_t count) {
  DemoBatch batch;
  const auto pixels = static_cast<std::size_t>(pictures.pixels());
  batch.pictures.resize(static_cast<std::size_t>(count) * pixels);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
    batch.classes.push_back(pictures.draw(i, std::span(batch.pictures).subspan(i * pixels, pixels)));
  return batch;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(demo_model)

BOOST_AUTO_TEST_CASE(gradients_equal_finite_differences) {
  DemoModel model(4, 5, Demo::kShapes);
  model.initialise(7);
  const DemoBatch batch = draw_some(DemoPictures(7, "training", 2, 0.5), 16);
  std::vector<double> gradient;
  compute_loss(model, batch, &gradient);
  BOOST_TEST_REQUIRE(gradient.size() == model.parameters.size());
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    constexpr double kStep = 1e-6;
    DemoModel above = model, below = model;
    above.parameters[i] += kStep;
    below.parameters[i] -= kStep;
    const double slope =
        (compute_loss(above, batch, nullptr).loss - compute_loss(below, batch, nullptr).loss) / (2 * kStep);
    BOOST_TEST(std::abs(slope - gradient[i]) < 1e-8,
               "parameter " << i << ": " << slope << " and " << gradient[i]);
  }
}

BOOST_AUTO_TEST_CASE(an_untrained_model_without_weights_guesses) {
  const DemoModel model(64, 8, Demo::kShapes);
  const DemoBatch batch = draw_some(DemoPictures(1, "training", 8, 0.5), 64);
  BOOST_TEST(std::abs(compute_loss(model, batch, nullptr).loss - std::log(8.0)) < 1e-12);
}

BOOST_AUTO_TEST_CASE(a_state_reads_back_bit_for_bit_and_another_model_is_refused) {
  DemoState state(DemoModel(4, 5, 3));
  state.model.initialise(3);
  state.update(std::vector<double>(state.momentum.size(), 0.1), 0.3);
  DemoState copy(DemoModel(4, 5, 3));
  load_state(save_state(state), copy);
  BOOST_TEST(copy.step == 1);
  BOOST_TEST((copy.model.parameters == state.model.parameters));
  BOOST_TEST((copy.momentum == state.momentum));
  DemoState other(DemoModel(5, 4, 3));
  BOOST_CHECK_THROW(load_state(save_state(state), other), std::runtime_error);
  BOOST_CHECK_THROW(load_state(save_state(state).substr(1), copy), std::runtime_error);
  BOOST_CHECK_THROW(load_state("", copy), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(the_learning_rate_is_a_cosine) {
  BOOST_TEST(cosine_lr(0, 100, 0.4) == 0.4);
  BOOST_TEST(std::abs(cosine_lr(50, 100, 0.4) - 0.2) < 1e-15);
  BOOST_TEST(cosine_lr(100, 100, 0.4) < 1e-15);
}

BOOST_AUTO_TEST_CASE(pictures_depend_on_seed_purpose_and_index_alone) {
  std::vector<double> one(256), two(256);
  const DemoPictures pictures(5, "training", 16, 0.5);
  BOOST_TEST(pictures.draw(9, one) == pictures.draw(9, two));
  BOOST_TEST((one == two));
  pictures.draw(10, two);
  BOOST_TEST((one != two));
  DemoPictures(5, "held-out", 16, 0.5).draw(9, two);
  BOOST_TEST((one != two));
  std::set<std::int64_t> shapes;
  for (std::uint64_t i = 0; i < 100; ++i) shapes.insert(pictures.draw(i, one));
  BOOST_TEST(shapes.size() == 8u);
}

BOOST_AUTO_TEST_CASE(a_low_resolution_is_the_mean_of_a_high_one) {
  std::vector<double> fine(256), coarse(16);
  DemoPictures(5, "training", 16, 0.5).draw(3, fine);
  DemoPictures(5, "training", 4, 0.5).draw(3, coarse);
  double mean = 0;
  for (std::size_t y = 4; y < 8; ++y)
    for (std::size_t x = 8; x < 12; ++x) mean += fine[y * 16 + x] / 16;
  BOOST_TEST(std::abs(coarse[1 * 4 + 2] - mean) < 1e-12);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
