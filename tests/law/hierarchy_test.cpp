#include "law/hierarchy.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "util/random.hpp"

namespace {

/// 4 sizes x 3 ratios on value = 3 - 0.6 n + 0.2 d, with a deviation for each size.
std::vector<ablate::LawObservation> observations(double size_sd, double scan_sd, std::uint64_t seed) {
  const ablate::RandomStream random(seed, "observations");
  std::vector<ablate::LawObservation> all;
  for (int size = 0; size < 4; ++size)
    for (int ratio = 0; ratio < 3; ++ratio) {
      const double n = 26 + size, d = n + 4 + ratio;
      const auto index = static_cast<std::uint64_t>(3 * size + ratio);
      const double spread =
          size_sd * random.normal(static_cast<std::uint64_t>(size), 1) + scan_sd * random.normal(index, 2);
      all.push_back({n, d, 3 - 0.6 * n + 0.2 * d + spread, 0.01});
    }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(law_hierarchy)

BOOST_AUTO_TEST_CASE(exact_observations_give_the_exponents) {
  const auto law = ablate::fit_regression(observations(0, 0, 1), ablate::lr_priors());
  BOOST_TEST(law.tokens_free);
  BOOST_TEST(std::abs(law.params_exponent.value + 0.6) < 0.02);
  BOOST_TEST(std::abs(law.tokens_exponent.value - 0.2) < 0.02);
  const auto far = law.predict(31, 36);
  BOOST_TEST(std::abs(far.mean() - (3 - 0.6 * 31 + 0.2 * 36)) < 0.1);
  BOOST_TEST(far.sd() < 0.4);
}

BOOST_AUTO_TEST_CASE(intervals_of_new_sizes_cover_as_often_as_they_say) {
  int covered95 = 0, covered80 = 0;
  constexpr int kRounds = 200;
  for (int round = 0; round < kRounds; ++round) {
    const ablate::RandomStream random(static_cast<std::uint64_t>(round), "target");
    const auto law = ablate::fit_regression(observations(0.2, 0.12, static_cast<std::uint64_t>(round)),
                                            ablate::lr_priors());
    const auto predicted = law.predict(30.5, 35.5);
    const double truth = 3 - 0.6 * 30.5 + 0.2 * 35.5 + 0.2 * random.normal(0) + 0.12 * random.normal(1);
    covered95 += predicted.quantile(0.025) < truth && truth < predicted.quantile(0.975);
    covered80 += predicted.quantile(0.1) < truth && truth < predicted.quantile(0.9);
  }
  BOOST_TEST(covered95 >= 0.91 * kRounds);
  BOOST_TEST(covered80 >= 0.72 * kRounds);
  BOOST_TEST(covered80 <= 0.90 * kRounds);
}

BOOST_AUTO_TEST_CASE(one_size_leaves_the_exponent_to_the_prior) {
  const std::vector<ablate::LawObservation> one = {{27, 31, -9, 0.05}};
  const auto law = ablate::fit_regression(one, ablate::lr_priors_at_fixed_batch());
  BOOST_TEST(!law.tokens_free);
  // What is believed and its doubt have the mean -0.5, and with a probability of 1/8 sizes change nothing.
  BOOST_TEST(std::abs(law.params_exponent.value + 0.5 * 7 / 8) < 1e-6);
  BOOST_TEST(std::abs(law.params_unchanged - 1.0 / 8) < 1e-6);
  BOOST_TEST(law.predict(30, 34).sd() > 0.45);
  BOOST_TEST(std::abs(law.predict(30, 34).quantile(0.5) + 10.5) < 0.15);
}

BOOST_AUTO_TEST_CASE(clear_data_overrule_the_prior) {
  std::vector<ablate::LawObservation> flat;
  for (int size = 0; size < 5; ++size) flat.push_back({24.0 + 2 * size, 32, -9, 0.02});
  const auto law = ablate::fit_regression(flat, ablate::lr_priors());
  BOOST_TEST(std::abs(law.params_exponent.value) < 0.1);
}

BOOST_AUTO_TEST_CASE(each_exponent_is_doubted_by_itself) {
  // Sizes of a public search of mixtures of experts, whose best rate does not change with the size.
  std::vector<ablate::LawObservation> flat;
  for (const double size : {27.49, 27.79, 29.14})
    for (const double tokens : {31, 32, 33}) flat.push_back({size, tokens, -9 + 0.22 * tokens, 0.1});
  const auto law = ablate::fit_regression(flat, ablate::lr_priors());
  BOOST_TEST(law.params_trust < 1.0 / 3);
  BOOST_TEST(law.tokens_trust > 0.6);
  BOOST_TEST(std::abs(law.params_exponent.value) < 0.15);
  // What D does takes no trust from the belief about N: the odds are the same with D's belief left out.
  ablate::LawPriors only_params = ablate::lr_priors();
  only_params.tokens.sd = std::numeric_limits<double>::infinity();
  const auto other = ablate::fit_regression(flat, only_params);
  BOOST_TEST(std::abs(law.params_trust - other.params_trust) < 0.05);
  BOOST_TEST(std::isnan(other.tokens_trust));
}

BOOST_AUTO_TEST_CASE(a_rate_that_does_not_change_with_the_size_is_recognised) {
  std::vector<ablate::LawObservation> flat, falling;
  for (const double size : {27.5, 28.3, 29.1})
    for (const double tokens : {31, 32, 33}) {
      flat.push_back({size, tokens, -9 + 0.22 * tokens, 0.05});
      falling.push_back({size, tokens, -9 - 0.55 * (size - 28) + 0.22 * tokens, 0.05});
    }
  const auto same = ablate::fit_regression(flat, ablate::lr_priors());
  BOOST_TEST(same.params_unchanged > 0.4);
  BOOST_TEST(same.params_trust < 0.2);
  BOOST_TEST(std::abs(same.params_exponent.value) < 0.06);
  const auto counts = ablate::weighed(ablate::lr_priors(), same);
  BOOST_TEST(counts.params.mean > -0.2);
  BOOST_TEST(counts.params.sd > 0.15);
  const auto falls = ablate::fit_regression(falling, ablate::lr_priors());
  BOOST_TEST(falls.params_unchanged < 0.03);
  BOOST_TEST(std::abs(falls.params_exponent.value + 0.55) < 0.02);
  // The best batch is believed not to change with N as it is, so there is nothing else to see.
  BOOST_TEST(ablate::fit_regression(flat, ablate::batch_priors()).params_unchanged == 0.0);
}

BOOST_AUTO_TEST_CASE(trust_grows_with_data_that_agree_and_stays_without_any) {
  const auto agree = ablate::fit_regression(observations(0, 0, 1), ablate::lr_priors());
  BOOST_TEST(agree.params_trust > 0.6);
  BOOST_TEST(agree.tokens_trust > 0.6);
  const std::vector<ablate::LawObservation> one = {{27, 31, -9, 0.05}};
  const auto nothing = ablate::fit_regression(one, ablate::lr_priors());
  BOOST_TEST(std::abs(nothing.params_trust - 0.5) < 1e-6);
  const auto none =
      ablate::fit_regression(observations(0, 0, 1), ablate::without_exponents(ablate::lr_priors()));
  BOOST_TEST(std::isnan(none.params_trust));
}

BOOST_AUTO_TEST_CASE(a_belief_about_the_sum_of_exponents_is_surer_than_either) {
  const auto priors = ablate::lr_priors_at_fixed_batch();
  const auto own = ablate::exponent_prior(priors, true), sum = ablate::exponent_prior(priors, false);
  BOOST_TEST(own.mean == -0.4, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(own.sd == 0.25, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(sum.mean == -0.5, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(sum.sd == 0.15, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(ablate::belief_of(priors).covariance(0, 1) == -0.04, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(units_change_only_the_constant) {
  auto moved = observations(0.2, 0.1, 5);
  const auto law = ablate::fit_regression(moved, ablate::lr_priors());
  for (ablate::LawObservation& one : moved) one.log2_params -= 20, one.log2_tokens -= 30;
  const auto other = ablate::fit_regression(moved, ablate::lr_priors());
  BOOST_TEST(std::abs(law.params_exponent.value - other.params_exponent.value) < 1e-9);
  BOOST_TEST(std::abs(law.predict(31, 36).quantile(0.9) - other.predict(11, 6).quantile(0.9)) < 1e-8);
}

BOOST_AUTO_TEST_CASE(a_bend_is_found_where_there_is_one) {
  auto bent = observations(0, 0, 1);
  for (ablate::LawObservation& one : bent) one.value += 0.1 * std::pow(one.log2_params - 27.5, 2);
  const auto bend = ablate::bend_in_params(bent, ablate::lr_priors());
  BOOST_TEST(std::abs(bend.value - 0.1) < 0.05);
  BOOST_TEST(std::isinf(
      ablate::bend_in_params(std::vector(bent.begin(), bent.begin() + 6), ablate::lr_priors()).sd));
}

BOOST_AUTO_TEST_CASE(quantiles_of_a_mixture_are_those_of_its_parts) {
  const ablate::LawDistribution one({{1, 2, 3}});
  BOOST_TEST(one.quantile(0.975) == 2 + 3 * 1.959963985, boost::test_tools::tolerance(1e-8));
  const ablate::LawDistribution two({{0.5, -1, 0.1}, {0.5, 1, 0.1}});
  BOOST_TEST(std::abs(two.mean()) < 1e-12);
  BOOST_TEST(two.sd() == std::sqrt(1.01), boost::test_tools::tolerance(1e-9));
  BOOST_TEST(std::abs(two.quantile(0.25) + 1) < 1e-8);
}

BOOST_AUTO_TEST_SUITE_END()
