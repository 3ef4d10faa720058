#include "law/baselines.hpp"

#include <boost/test/unit_test.hpp>

#include "law_data.hpp"
#include "synthetic.hpp"

namespace {

const ablate::BaselineLaw& law_of(const std::vector<ablate::BaselineLaw>& laws, ablate::LawMethod method) {
  for (const ablate::BaselineLaw& law : laws)
    if (law.method == method) return law;
  throw std::out_of_range("no such recipe");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(law_baselines)

using ablate::LawMethod;

/// Acceptance check A1: the recipes as others compute them, to 1e-5.
BOOST_AUTO_TEST_CASE(recipes_give_the_known_lines_on_public_sweeps) {
  const auto step = ablate::sized(ablate::public_runs("steplaw_dense.csv"), 0, 4.3e8);
  const auto oellm = ablate::sized(ablate::public_runs("oellm.csv"), 0, 3.1e8);
  if (step.empty() || oellm.empty()) return;
  const auto close = boost::test_tools::tolerance(1e-6);
  const auto laws = ablate::fit_baselines(step, true);
  BOOST_TEST(law_of(laws, LawMethod::mm1).lr.constant == 11.417689, close);
  BOOST_TEST(law_of(laws, LawMethod::mm1).lr.params_exponent == -0.883681, close);
  const ablate::BaselineLaw& plane = law_of(laws, LawMethod::step_law);
  BOOST_TEST(plane.lr.constant == 7.768310, close);
  BOOST_TEST(plane.lr.params_exponent == -1.013572, close);
  BOOST_TEST(plane.lr.tokens_exponent == 0.260464, boost::test_tools::tolerance(2e-6));
  BOOST_TEST(plane.batch->constant == 0.519400, boost::test_tools::tolerance(2e-6));
  BOOST_TEST(plane.batch->tokens_exponent == 0.531173, close);
  const auto wide = law_of(ablate::fit_baselines(oellm, true), LawMethod::mm1).lr;
  BOOST_TEST(wide.constant == 4.480855, close);
  BOOST_TEST(wide.params_exponent == -0.584242, close);
}

BOOST_AUTO_TEST_CASE(recipes_recover_an_exact_power_law) {
  std::vector<ablate::LawOptimum> optima;
  for (const double params : {1e7, 1e8, 1e9})
    for (const double ratio : {10.0, 40.0}) {
      ablate::LawOptimum one;
      one.params = params;
      one.tokens = ratio * params;
      one.lr = 3 * std::pow(params, -0.7) * std::pow(one.tokens, 0.3);
      one.batch = 0.5 * std::pow(one.tokens, 0.6);
      optima.push_back(one);
    }
  const auto plane = law_of(ablate::fit_baselines(optima), LawMethod::step_law);
  const auto close = boost::test_tools::tolerance(1e-9);
  BOOST_TEST(plane.lr.at(3e9, 1e11) == 3 * std::pow(3e9, -0.7) * std::pow(1e11, 0.3), close);
  BOOST_TEST(plane.batch->at(3e9, 1e11) == 0.5 * std::pow(1e11, 0.6), close);
}

BOOST_AUTO_TEST_CASE(what_the_runs_cannot_feed_is_left_out) {
  const ablate::SyntheticLaw truth;
  const auto one_size = ablate::sized(truth.grid(), std::exp2(26), std::exp2(26));
  const auto laws = ablate::fit_baselines(one_size, true);
  BOOST_REQUIRE(laws.size() == 1u);
  BOOST_TEST((laws[0].method == LawMethod::fixed_slope));
  const auto one_ratio = ablate::fit_baselines(truth.sweeps(5, 1, 0), false);
  for (const ablate::BaselineLaw& law : one_ratio) BOOST_TEST((law.method != LawMethod::step_law));
}

BOOST_AUTO_TEST_CASE(a_parabola_finds_its_own_vertex) {
  ablate::SyntheticLaw truth;
  truth.lr = {1e-4, 1e-4, 0.01};  // As good as a parabola.
  for (const ablate::LawOptimum& one : ablate::parabola_optima(truth.sweeps(5, 1, 0.25), false))
    BOOST_TEST(std::log2(one.lr) == truth.fixed_x(std::log2(one.params)), boost::test_tools::tolerance(1e-3));
}

BOOST_AUTO_TEST_CASE(published_laws_are_applied_only_with_certain_units) {
  for (const ablate::PublishedLaw& law : ablate::published_laws()) {
    BOOST_TEST(law.refusal.empty() == (law.at != nullptr));
    if (law.name == "Bjorck") BOOST_TEST(law.at == nullptr);
    if (law.name == "MM1") BOOST_TEST(*law.at(30e9, 6e11).lr == 2.2e-5, boost::test_tools::tolerance(0.03));
    if (law.name == "Step Law") {
      BOOST_TEST(*law.at(1e9, 1e11).lr == 1.6e-3, boost::test_tools::tolerance(0.05));
      BOOST_TEST(*law.at(1e9, 1e11).batch == 1.11e6, boost::test_tools::tolerance(0.05));
    }
    if (law.name == "OpenAI") BOOST_TEST(!law.at(2e10, 0).lr.has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()
