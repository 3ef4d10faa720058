#include "train/learning_rate.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>

using namespace ablate;
namespace tt = boost::test_tools;

BOOST_AUTO_TEST_SUITE(learning_rate)

BOOST_AUTO_TEST_CASE(warm_up_is_linear_and_reaches_the_peak_at_its_last_step) {
  const Train train{.steps = 100, .peak_lr = 2e-3, .warmup_steps = 10};
  BOOST_TEST(lr_at(1, train) == 2e-4, tt::tolerance(1e-12));
  BOOST_TEST(lr_at(5, train) == 1e-3, tt::tolerance(1e-12));
  BOOST_TEST(lr_at(10, train) == 2e-3, tt::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(cosine_falls_to_its_floor_at_the_last_step) {
  const Train train{.steps = 110, .peak_lr = 1, .min_lr_ratio = 0.1, .warmup_steps = 10};
  BOOST_TEST(lr_at(60, train) == 0.55, tt::tolerance(1e-12));
  BOOST_TEST(lr_at(35, train) == 0.1 + 0.45 * (1 + std::cos(std::numbers::pi / 4)), tt::tolerance(1e-12));
  BOOST_TEST(lr_at(110, train) == 0.1, tt::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(other_schedules) {
  Train train{.steps = 20, .peak_lr = 1, .min_lr_ratio = 0.5, .warmup_steps = 10};
  train.schedule = LrSchedule::linear;
  BOOST_TEST(lr_at(15, train) == 0.75, tt::tolerance(1e-12));
  BOOST_TEST(lr_at(20, train) == 0.5, tt::tolerance(1e-12));
  train.schedule = LrSchedule::constant;
  BOOST_TEST(lr_at(20, train) == 1);
}

BOOST_AUTO_TEST_CASE(edges) {
  BOOST_TEST(lr_at(1, {.steps = 1, .peak_lr = 1, .min_lr_ratio = 0.1, .warmup_steps = 0}) == 0.1,
             tt::tolerance(1e-12));
  BOOST_TEST(lr_at(5, {.steps = 5, .peak_lr = 1, .warmup_steps = 5}) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
