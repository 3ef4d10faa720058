#include "model/weights.hpp"

#include <torch/torch.h>

#include <boost/test/unit_test.hpp>

#include "util/random.hpp"

using namespace ablate;

BOOST_AUTO_TEST_SUITE(weights)

BOOST_AUTO_TEST_CASE(a_weight_depends_on_seed_name_and_index_alone) {
  const torch::Tensor alone = torch::empty({4, 8}), beside = torch::empty({4, 8}), other = torch::empty({3});
  const torch::Tensor fused = torch::empty({9, 8});
  initialise({{"a.weight", alone, Init::normal(0.5)}}, 7);
  initialise({{"b.weight", other, Init::normal(1)}, {"a.weight", beside, Init::normal(0.5)}}, 7);
  initialise({{"a.weight", fused.narrow(0, 2, 4), Init::normal(0.5)}}, 7);
  BOOST_TEST(torch::equal(alone, beside));
  BOOST_TEST(torch::equal(alone, fused.narrow(0, 2, 4)));
  initialise({{"a.weight", beside, Init::normal(0.5)}}, 8);
  BOOST_TEST(!torch::equal(alone, beside));
  const RandomStream random(7, "a.weight");
  BOOST_TEST(alone[1][2].item<float>() == static_cast<float>(random.normal(10)) * 0.5f);
}

BOOST_AUTO_TEST_CASE(initial_values_have_the_stated_distribution) {
  const torch::Tensor normal = torch::empty({200000}), uniform = torch::empty({200000});
  const torch::Tensor constant = torch::empty({5});
  initialise({{"n", normal, Init::normal(0.02)},
              {"u", uniform, Init::xavier(100, 50)},
              {"c", constant, Init::constant(3)}},
             1);
  BOOST_TEST(std::abs(normal.mean().item<double>()) < 3e-4);
  BOOST_TEST(normal.std().item<double>() == 0.02, boost::test_tools::tolerance(0.01));
  BOOST_TEST(uniform.abs().max().item<double>() <= 0.2);
  BOOST_TEST(uniform.std().item<double>() == 0.2 / std::sqrt(3.0), boost::test_tools::tolerance(0.01));
  BOOST_TEST(torch::equal(constant, torch::full({5}, 3.0f)));
}

BOOST_AUTO_TEST_SUITE_END()
