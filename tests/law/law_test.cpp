#include "law/law.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>

#include "law/names.hpp"
#include "law_data.hpp"
#include "synthetic.hpp"
#include "util/error.hpp"

namespace {

using ablate::BatchMode;
using ablate::LawFit;
using ablate::LawRun;

bool found(const std::vector<ablate::LawFinding>& findings, ablate::FindingKind kind) {
  return std::any_of(findings.begin(), findings.end(),
                     [&](const ablate::LawFinding& one) { return one.kind == kind; });
}

/// Largest difference of exponents between two joint fits: rate's N, rate's D, batch's D.
struct ExponentShift {
  double lr_params, lr_tokens, batch_tokens;
};
ExponentShift shift(const LawFit& a, const LawFit& b) {
  return {std::abs(a.lr.params_exponent.value - b.lr.params_exponent.value),
          std::abs(a.lr.tokens_exponent.value - b.lr.tokens_exponent.value),
          std::abs(a.batch_law->tokens_exponent.value - b.batch_law->tokens_exponent.value)};
}
void check_unmoved(const ExponentShift& moved) {
  BOOST_TEST(moved.lr_params <= 0.005);
  BOOST_TEST(moved.lr_tokens <= 0.005);
  BOOST_TEST(moved.batch_tokens <= 0.02);
}

std::vector<LawRun> public_or_synthetic() {
  auto runs = ablate::sized(ablate::public_runs("steplaw_dense.csv"), 0, 4.3e8);
  ablate::SyntheticLaw noisy;
  noisy.noise = 1e-3;
  return runs.empty() ? noisy.grid() : runs;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(law)

const ablate::SyntheticLaw kExact;

BOOST_AUTO_TEST_CASE(a_grid_of_batches_is_fitted_jointly_and_forecasts_exactly) {
  const LawFit fit = ablate::fit_law(kExact.grid(), {});
  BOOST_TEST(fit.joint);
  BOOST_TEST((fit.chosen == ablate::LawMethod::bowl_joint));
  BOOST_TEST(fit.why.find("8 of 8 scans") != std::string::npos);
  BOOST_TEST(std::abs(fit.lr.params_exponent.value + 0.6) < 0.03);
  BOOST_TEST(std::abs(fit.batch_law->tokens_exponent.value - 0.58) < 0.03);
  const double params = std::exp2(31), tokens = std::exp2(37);
  const auto predicted = ablate::predict(fit, {.params = params, .tokens = tokens});
  BOOST_TEST(std::abs(std::log2(predicted.lr.value) - kExact.x(params, tokens)) < 0.1);
  BOOST_TEST(std::abs(std::log2(predicted.batch->value) - kExact.y(tokens)) < 0.15);
  BOOST_TEST(predicted.lr.p95.low < predicted.lr.p80.low);
  BOOST_TEST(predicted.lr.p80.low < predicted.lr.p50.low);
  BOOST_TEST(predicted.lr.p50.high < predicted.lr.p95.high);
  BOOST_TEST(predicted.flat_025.low < predicted.flat_01.low);
  BOOST_TEST(predicted.flat_01.low < predicted.lr.value);
  BOOST_TEST(predicted.expected_regret > 0);
  BOOST_TEST(predicted.expected_regret < predicted.regret_p90);
  BOOST_TEST(predicted.params_ratio == 4.0);
  BOOST_TEST(found(predicted.findings, ablate::FindingKind::extrapolation));
  BOOST_TEST(predicted.decay_per_step == 0.1 * predicted.lr.value);
  const auto low = ablate::predict(fit, {.params = 4, .tokens = tokens});
  BOOST_REQUIRE(found(low.findings, ablate::FindingKind::extrapolation));
  BOOST_TEST(std::count_if(low.findings.begin(), low.findings.end(), [](const ablate::LawFinding& one) {
               return one.message.find("times the smallest size") != std::string::npos;
             }) == 1);
}

BOOST_AUTO_TEST_CASE(one_batch_is_a_law_at_that_batch) {
  const LawFit fit = ablate::fit_law(kExact.sweeps(7, 0.5, 0), {});
  BOOST_TEST(!fit.joint);
  BOOST_TEST(fit.batch == std::exp2(19));
  BOOST_TEST(!fit.lr.tokens_free);
  const auto predicted = ablate::predict(fit, {.params = std::exp2(31)});
  BOOST_TEST(predicted.tokens == std::exp2(36), boost::test_tools::tolerance(1e-6));
  BOOST_TEST(found(predicted.findings, ablate::FindingKind::assumed_tokens));
  BOOST_TEST(std::abs(std::log2(predicted.lr.value) - kExact.fixed_x(31)) < 0.2);
  BOOST_TEST(!predicted.batch.has_value());
  BOOST_TEST(predicted.batch_used == std::exp2(19));
}

BOOST_AUTO_TEST_CASE(a_targets_batch_is_refitted_where_it_was_swept_else_moved_along_the_ridge) {
  const LawFit fit = ablate::fit_law(kExact.grid(), {});
  const double params = std::exp2(30), tokens = std::exp2(36);
  const auto at = [&](double log2_batch) {
    return ablate::predict(fit, {.params = params, .tokens = tokens, .batch = std::exp2(log2_batch)});
  };
  const auto ridge = [&](double log2_batch) {
    return kExact.x(params, tokens) + kExact.ridge * (log2_batch - kExact.y(tokens));
  };
  const auto swept = at(18);
  BOOST_TEST(!swept.batch.has_value());
  BOOST_TEST(found(swept.findings, ablate::FindingKind::own_batch));
  BOOST_TEST(std::abs(std::log2(swept.lr.value) - ridge(18)) < 0.3);
  const auto moved = at(22.7);
  BOOST_TEST(moved.batch.has_value());
  BOOST_TEST(std::abs(std::log2(moved.lr.value) - ridge(22.7)) < 0.15);
  BOOST_TEST(found(moved.findings, ablate::FindingKind::off_ridge));
  BOOST_TEST(!found(moved.findings, ablate::FindingKind::own_batch));
  BOOST_TEST(moved.batch_used == std::exp2(22.7));
}

BOOST_AUTO_TEST_CASE(modes_and_batches_can_be_asked_for) {
  const auto grid = kExact.grid();
  const LawFit fixed = ablate::fit_law(grid, {.batch_mode = BatchMode::fixed, .batch = std::exp2(18)});
  BOOST_TEST(!fixed.joint);
  BOOST_TEST(found(fixed.findings, ablate::FindingKind::mixed_batches));
  BOOST_CHECK_THROW(ablate::fit_law(grid, {.batch = 12345.0}), ablate::Error);
  BOOST_CHECK_THROW(ablate::fit_law(kExact.sweeps(5, 1, 0), {.batch_mode = BatchMode::tuned}), ablate::Error);
}

BOOST_AUTO_TEST_CASE(batches_that_go_with_the_size_are_kept_with_a_warning) {
  auto runs = kExact.sweeps(7, 0.5, 0);
  for (LawRun& run : runs) run.batch = std::sqrt(run.params);
  const LawFit fit = ablate::fit_law(runs, {});
  BOOST_TEST(fit.bowls.scans.size() == 4u);
  BOOST_TEST(found(fit.findings, ablate::FindingKind::mixed_batches));
}

BOOST_AUTO_TEST_CASE(the_largest_size_is_held_out_for_every_method) {
  const LawFit fit = ablate::fit_law(kExact.grid(), {});
  BOOST_REQUIRE(!fit.holdout.empty());
  BOOST_TEST(fit.holdout[0].scans == 2u);
  BOOST_TEST(fit.holdout[0].regret < 1e-3);
  BOOST_TEST(fit.holdout[0].lr_error < 0.1);
  for (const ablate::HoldoutResult& result : fit.holdout) {
    BOOST_TEST(result.regret >= 0);
    BOOST_TEST(result.worst_regret >= result.regret);
  }
}

BOOST_AUTO_TEST_CASE(a_regret_beyond_what_the_bowl_tells_is_not_bounded) {
  const auto runs = ablate::sized(kExact.grid(), std::exp2(27), std::exp2(27));
  const LawFit fit = ablate::fit_law(runs, {});
  const auto near = ablate::predict(fit, {.params = std::exp2(27), .tokens = std::exp2(32)});
  BOOST_TEST(std::isfinite(near.expected_regret));
  BOOST_TEST(near.regret_median < near.expected_regret);
  const auto far = ablate::predict(fit, {.params = 1e15, .tokens = 2e16});
  BOOST_TEST(std::isinf(far.expected_regret));
  BOOST_TEST((far.regret_p90 <= 0.2 || std::isinf(far.regret_p90)));
  // Rates a thousand times off are known to cost more than the bowl tells, and no more is said.
  auto sweeps = kExact.sweeps(7, 0.5, 0);
  for (LawRun& run : sweeps) run.lr *= 1000;
  for (const ablate::HoldoutResult& result : ablate::fit_law(sweeps, {}).holdout) {
    BOOST_TEST(result.worst_regret <= 0.2);
    if (result.method == ablate::LawMethod::published) BOOST_TEST(!result.bounded);
  }
}

BOOST_AUTO_TEST_CASE(all_methods_stand_side_by_side_at_a_target) {
  const auto predicted = ablate::predict(ablate::fit_law(kExact.grid(), {}), {.params = 1e9, .tokens = 2e10});
  for (const auto method : {ablate::LawMethod::mm1, ablate::LawMethod::step_law, ablate::LawMethod::quadratic,
                            ablate::LawMethod::fixed_slope, ablate::LawMethod::published})
    BOOST_TEST(std::any_of(predicted.others.begin(), predicted.others.end(),
                           [&](const ablate::MethodPrediction& other) { return other.method == method; }));
}

BOOST_AUTO_TEST_CASE(targets_that_make_no_sense_are_refused) {
  const LawFit fit = ablate::fit_law(kExact.grid(), {});
  BOOST_CHECK_THROW(ablate::predict(fit, {.params = 0}), ablate::Error);
  BOOST_CHECK_THROW(ablate::predict(fit, {.params = 1e9, .tokens = -1.0}), ablate::Error);
  BOOST_CHECK_THROW(ablate::predict(fit, {.params = 1e9, .batch = 0.0}), ablate::Error);
}

BOOST_AUTO_TEST_CASE(one_size_without_priors_says_nothing_of_others) {
  const auto runs = ablate::sized(kExact.grid(), std::exp2(27), std::exp2(27));
  BOOST_TEST(ablate::predict(ablate::fit_law(runs, {}), {.params = 1e9}).lr.value > 0);
  const LawFit fit = ablate::fit_law(runs, {.exponent_priors = false});
  BOOST_CHECK_THROW(ablate::predict(fit, {.params = 1e9}), ablate::Error);
  BOOST_TEST(ablate::predict(fit, {.params = std::exp2(27)}).lr.value > 0);
}

BOOST_AUTO_TEST_CASE(the_weight_decay_of_most_runs_is_handed_on) {
  auto runs = kExact.sweeps(7, 0.5, 0);
  for (LawRun& run : runs) run.weight_decay = 0.05;
  const auto predicted = ablate::predict(ablate::fit_law(runs, {}), {.params = 1e9});
  BOOST_TEST(predicted.weight_decay == 0.05);
  // Timescale 1 / (lr lambda) in steps, as a share of D / B steps.
  BOOST_TEST(
      predicted.decay_fraction == 1 / (0.05 * predicted.lr.value) / (predicted.tokens / predicted.batch_used),
      boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(a_weight_decay_that_few_runs_have_is_not_that_of_most) {
  auto runs = kExact.sweeps(7, 0.5, 0);
  for (LawRun& run : runs) run.weight_decay = 1e-4 / run.lr;
  const LawFit independent = ablate::fit_law(runs, {});
  BOOST_CHECK(independent.decay.source == ablate::DecaySource::per_step);
  const auto predicted = ablate::predict(independent, {.params = 1e9});
  BOOST_TEST(predicted.decay_per_step == 1e-4, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(predicted.weight_decay == 1e-4 / predicted.lr.value, boost::test_tools::tolerance(1e-9));
  for (std::size_t i = 0; i < runs.size(); ++i) runs[i].weight_decay = 0.01 * static_cast<double>(i + 1);
  const LawFit mixed = ablate::fit_law(runs, {});
  BOOST_CHECK(mixed.decay.source == ablate::DecaySource::mixed);
  BOOST_TEST(ablate::predict(mixed, {.params = 1e9}).weight_decay == 0.1);
  for (std::size_t i = 0; i < runs.size(); ++i) runs[i].weight_decay = i % 3 == 0 ? 0.3 : std::nan("");
  BOOST_CHECK(ablate::fit_law(runs, {}).decay.source == ablate::DecaySource::mixed);
  for (LawRun& run : runs) run.weight_decay = std::nan("");
  BOOST_CHECK(ablate::fit_law(runs, {}).decay.source == ablate::DecaySource::unknown);
}

BOOST_AUTO_TEST_CASE(a_table_of_optima_is_fitted_and_forecasts_larger_sizes) {
  const auto path = std::filesystem::path(ABLATE_LAW_DATA) / "lingle_optima.csv";
  if (!std::filesystem::exists(path)) {
    BOOST_TEST_MESSAGE("skipped: no " << path);
    return;
  }
  auto optima =
      ablate::read_law_optima(path, {.params = "N", .tokens = "D", .lr = "lr", .batch = "B_tokens"}).rows;
  std::vector<ablate::LawOptimum> large;
  std::erase_if(optima, [&](const ablate::LawOptimum& one) {
    if (one.params > 4e8) large.push_back(one);
    return one.params > 4e8;
  });
  const LawFit fit = ablate::fit_law(optima, {});
  BOOST_TEST((fit.chosen == ablate::LawMethod::optima_table));
  BOOST_TEST(fit.joint);
  double error = 0;
  for (const ablate::LawOptimum& one : large) {
    const auto predicted = ablate::predict(fit, {.params = one.params, .tokens = one.tokens});
    error += std::abs(std::log2(predicted.lr.value / one.lr)) / static_cast<double>(large.size());
    BOOST_TEST(std::isnan(predicted.expected_regret));
  }
  BOOST_TEST_MESSAGE("table of optima: mean error of the rate " << error << " octaves");
  BOOST_TEST(error < 0.35);
}

/// Acceptance check R.
BOOST_AUTO_TEST_CASE(units_order_repeats_and_diverged_runs_move_no_exponent) {
  const auto runs = public_or_synthetic();
  const LawFit fit = ablate::fit_law(runs, {});

  auto millions = runs;
  for (LawRun& run : millions) run.params /= 1e6;
  const LawFit in_millions = ablate::fit_law(millions, {});
  BOOST_TEST(shift(fit, in_millions).lr_params < 1e-9);
  const auto raw = ablate::predict(fit, {.params = 1e9, .tokens = 2e10});
  const auto scaled = ablate::predict(in_millions, {.params = 1e3, .tokens = 2e10});
  BOOST_TEST(raw.lr.value == scaled.lr.value, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(raw.lr.p95.high == scaled.lr.p95.high, boost::test_tools::tolerance(1e-6));

  auto reversed = runs;
  std::reverse(reversed.begin(), reversed.end());
  check_unmoved(shift(fit, ablate::fit_law(reversed, {})));
  BOOST_TEST(shift(fit, ablate::fit_law(reversed, {})).lr_params == 0.0);

  auto doubled = runs;
  doubled.insert(doubled.end(), runs.begin(), runs.end());
  check_unmoved(shift(fit, ablate::fit_law(doubled, {})));
  auto partly = runs;
  partly.insert(partly.end(), runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(runs.size() / 10));
  check_unmoved(shift(fit, ablate::fit_law(partly, {})));

  auto with_failures = runs;
  for (std::size_t i = 0; i < runs.size(); i += 7) {
    with_failures.push_back(runs[i]);
    with_failures.back().lr *= 64;
    with_failures.back().loss = i % 2 == 0 ? 9.5 : std::nan("");
  }
  check_unmoved(shift(fit, ablate::fit_law(with_failures, {})));
}

BOOST_AUTO_TEST_CASE(the_same_runs_give_the_same_bits) {
  const auto runs = public_or_synthetic();
  const auto bits = [&] {
    const auto p = ablate::predict(ablate::fit_law(runs, {}), {.params = 1e9, .tokens = 2e10});
    const double values[] = {p.lr.value, p.lr.p95.low, p.batch->value, p.expected_regret, p.flat_01.high};
    return std::vector<double>(std::begin(values), std::end(values));
  };
  const auto first = bits(), second = bits();
  BOOST_TEST(std::memcmp(first.data(), second.data(), first.size() * sizeof(double)) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
