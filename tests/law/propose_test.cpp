#include "law/propose.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "synthetic.hpp"
#include "util/error.hpp"

namespace {

using ablate::ProposalReason;

const ablate::SyntheticLaw& noisy() {
  static const ablate::SyntheticLaw truth{.noise = 1e-3};
  return truth;
}

ablate::ProposeOptions options_for(double params, double budget) {
  ablate::ProposeOptions options;
  options.target.params = params;
  options.target.tokens = 32 * params;
  options.budget_flops = budget;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(law_propose)

BOOST_AUTO_TEST_CASE(edges_come_first_even_when_no_law_can_be_fitted) {
  const auto fit = ablate::fit_law(noisy().sweeps(5, 0.5, -2.5), {});
  BOOST_REQUIRE(fit.refused());
  const auto proposal = ablate::propose_runs(fit, options_for(1e10, 1e22));
  BOOST_REQUIRE(proposal.runs.size() == 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    BOOST_TEST((proposal.runs[i].reason == ProposalReason::bracket));
    BOOST_TEST(std::log2(proposal.runs[i].lr) == fit.bowls.cells[i].lr.high + 1,
               boost::test_tools::tolerance(1e-9));
  }
}

BOOST_AUTO_TEST_CASE(a_proposal_keeps_to_the_budget_and_narrows_the_interval) {
  const auto fit = ablate::fit_law(noisy().sweeps(4, 1, 0), {});
  const double budget = 60 * 6 * std::exp2(29) * std::exp2(34);
  auto options = options_for(std::exp2(33), budget);
  options.candidates = {{std::exp2(30), std::exp2(35)}, {std::exp2(34), std::exp2(39)}};
  const auto proposal = ablate::propose_runs(fit, options);
  BOOST_REQUIRE(!proposal.runs.empty());
  double flops = 0, sd = proposal.log2_sd_before;
  bool covered = false;
  for (const ablate::ProposedRun& run : proposal.runs) {
    flops += run.flops;
    BOOST_TEST(run.flops == 6 * run.params * run.tokens);
    BOOST_TEST(run.params <= std::exp2(33));  // Not above the target.
    BOOST_TEST(run.batch == std::exp2(19));
    covered = covered || (run.reason == ProposalReason::cover && run.params == std::exp2(30));
    BOOST_TEST(run.log2_sd_after <= sd + 1e-9);
    sd = run.log2_sd_after;
  }
  BOOST_TEST(covered);
  BOOST_TEST(proposal.runs.at(2).log2_sd_after <
             proposal.log2_sd_before);  // Three rates of a new size tell something.
  BOOST_TEST(flops == proposal.flops, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(flops <= budget);
  BOOST_TEST(proposal.log2_sd_after < proposal.log2_sd_before);
}

BOOST_AUTO_TEST_CASE(nothing_is_proposed_twice_or_that_was_made) {
  const auto made = noisy().grid();
  const auto fit = ablate::fit_law(made, {});
  const auto proposal = ablate::propose_runs(fit, options_for(std::exp2(32), 1e22));
  const auto same = [](const auto& a, const auto& b) {
    return a.params == b.params && a.tokens == b.tokens && std::abs(std::log2(a.lr / b.lr)) < 0.1 &&
           std::abs(std::log2(a.batch / b.batch)) < 0.1;
  };
  for (std::size_t i = 0; i < proposal.runs.size(); ++i) {
    for (const ablate::LawRun& run : made) BOOST_TEST(!same(proposal.runs[i], run));
    for (std::size_t j = 0; j < i; ++j) BOOST_TEST(!same(proposal.runs[i], proposal.runs[j]));
  }
}

BOOST_AUTO_TEST_CASE(running_what_is_proposed_leads_to_the_law) {
  ablate::SyntheticLaw truth = noisy();
  auto runs = truth.sweeps(3, 1, -0.5);
  std::erase_if(runs, [](const ablate::LawRun& run) { return run.params > std::exp2(27); });
  auto options = options_for(std::exp2(31), 3e20);
  options.candidates = {{std::exp2(28), std::exp2(33)}, {std::exp2(29), std::exp2(34)}};
  options.max_runs = 6;
  double first = 0;
  for (int round = 0; round < 3; ++round) {
    const auto fit = ablate::fit_law(runs, {});
    const auto proposal = ablate::propose_runs(fit, options);
    if (round == 0) first = proposal.log2_sd_before;
    for (const ablate::ProposedRun& run : proposal.runs)
      runs.push_back(truth.run(run.params, run.tokens, std::log2(run.lr), std::log2(run.batch)));
  }
  const auto predicted = ablate::predict(ablate::fit_law(runs, {}), options.target);
  BOOST_TEST(predicted.lr.log2_sd < first);
  BOOST_TEST(std::abs(std::log2(predicted.lr.value) - truth.fixed_x(31)) < 0.5);
}

BOOST_AUTO_TEST_CASE(targets_and_budgets_that_make_no_sense_are_refused) {
  const auto fit = ablate::fit_law(noisy().sweeps(5, 1, 0), {});
  BOOST_CHECK_THROW(ablate::propose_runs(fit, options_for(0, 1e20)), ablate::Error);
  BOOST_CHECK_THROW(ablate::propose_runs(fit, options_for(1e9, 0)), ablate::Error);
}

BOOST_AUTO_TEST_SUITE_END()
