#include "law/propose.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>

#include "law_data.hpp"
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
    BOOST_TEST(std::log2(proposal.runs[i].lr) == fit.bowls.scans[i].lr.high + 1,
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
  const auto made = noisy().sweeps(4, 1, 0);
  const auto fit = ablate::fit_law(made, {});
  const auto proposal = ablate::propose_runs(fit, options_for(std::exp2(32), 1e22));
  BOOST_TEST(!proposal.runs.empty());
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

/// Whether the fit used a run that was made where it was proposed, or the run closed an edge of its scan.
bool counts(const ablate::LawFit& before, const ablate::LawFit& after, const ablate::LawRun& bought) {
  const auto is_it = [&](const ablate::LawRun& run) {
    return run.params == bought.params && run.tokens == bought.tokens && run.lr == bought.lr &&
           run.batch == bought.batch;
  };
  for (const ablate::BowlResidual& used : after.bowls.residuals)
    if (is_it(after.runs[used.run])) return true;
  for (const ablate::ScanOptimum& old : before.bowls.scans)
    for (const ablate::ScanOptimum& now : after.bowls.scans)
      if (old.params == bought.params && old.tokens == bought.tokens && now.params == old.params &&
          now.tokens == old.tokens && now.batch == old.batch &&
          (old.lr.edge != now.lr.edge || old.batch_axis.edge != now.batch_axis.edge))
        return true;
  return false;
}

BOOST_AUTO_TEST_CASE(what_is_bought_of_a_known_bowl_counts_and_narrows_as_promised) {
  ablate::SyntheticLaw truth = noisy();
  // Narrow bowls: two octaves off the best the loss is 5 % higher, beyond the window.
  for (const double curvature : {0.008, 0.03}) {
    truth.lr.k = curvature;
    const auto runs = truth.sweeps(4, 1, 0.25);
    const auto fit = ablate::fit_law(runs, {});
    auto options = options_for(std::exp2(31), 1e21);
    options.candidates = {{std::exp2(30), std::exp2(35)}};
    options.max_runs = 8;
    const auto proposal = ablate::propose_runs(fit, options);
    const auto before = ablate::predict(fit, options.target);
    BOOST_TEST(proposal.log2_sd_before == before.lr.log2_sd, boost::test_tools::tolerance(1e-9));
    BOOST_REQUIRE(!proposal.runs.empty());
    auto all = runs;
    for (const ablate::ProposedRun& run : proposal.runs)
      all.push_back(truth.run(run.params, run.tokens, std::log2(run.lr), std::log2(run.batch)));
    const auto after = ablate::fit_law(all, {});
    for (std::size_t i = runs.size(); i < all.size(); ++i) BOOST_TEST(counts(fit, after, all[i]));
    const double sd = ablate::predict(after, options.target).lr.log2_sd;
    BOOST_TEST_MESSAGE("sd " << before.lr.log2_sd << ", promised " << proposal.log2_sd_after << ", became "
                             << sd);
    BOOST_TEST(std::abs(std::log(sd / proposal.log2_sd_after)) < std::log(1.5));
  }
}

/// Public runs stand in for those that a round would make: sweeps at one batch, of which every third or
/// fourth rate is made; of what is proposed, the run with the nearest rate.
BOOST_AUTO_TEST_CASE(what_is_bought_of_public_runs_counts) {
  const auto public_runs = ablate::sized(ablate::public_runs("steplaw_dense.csv"), 0, 4.3e8);
  if (public_runs.empty()) return;
  int bought = 0, counted = 0, agree = 0, rounds = 0;
  std::set<double> batches;
  for (const ablate::LawRun& run : public_runs) batches.insert(run.batch);
  for (const double batch : batches) {
    const auto runs =
        ablate::select(public_runs, [&](const ablate::LawRun& run) { return run.batch == batch; });
    for (const std::size_t thinning : {3u, 4u}) {
      std::vector<ablate::LawRun> made;
      for (std::size_t i = 0; i < runs.size(); i += thinning) made.push_back(runs[i]);
      auto options = options_for(1.07e9, 3e21);
      options.target.tokens = 2e10;
      options.max_runs = 6;
      for (int round = 0; round < 3; ++round) {
        const auto fit = ablate::fit_law(made, {});
        const auto proposal = ablate::propose_runs(fit, options);
        auto all = made;
        for (const ablate::ProposedRun& wanted : proposal.runs) {
          const auto is_near = [&](const ablate::LawRun& run) {
            return run.params == wanted.params && run.tokens == wanted.tokens &&
                   std::abs(std::log2(run.lr / wanted.lr)) < 0.26;
          };
          const auto near = std::find_if(runs.begin(), runs.end(), is_near);
          if (near != runs.end() && std::none_of(all.begin(), all.end(), is_near)) all.push_back(*near);
        }
        if (all.size() == made.size()) break;
        const auto after = ablate::fit_law(all, {});
        for (std::size_t i = made.size(); i < all.size(); ++i) {
          ++bought;
          counted += counts(fit, after, all[i]);
          if (!counts(fit, after, all[i]))
            BOOST_TEST_MESSAGE("thrown away: N " << all[i].params << " D " << all[i].tokens << " batch "
                                                 << batch << " lr " << all[i].lr);
        }
        if (!fit.refused() && !after.refused()) {
          ++rounds;
          const double sd = ablate::predict(after, options.target).lr.log2_sd;
          BOOST_TEST_MESSAGE("batch " << batch << ": sd " << proposal.log2_sd_before << ", promised "
                                      << proposal.log2_sd_after << ", became " << sd);
          agree += std::abs(std::log(sd / proposal.log2_sd_after)) < std::log(1.25);
        }
        made = std::move(all);
      }
    }
  }
  BOOST_TEST_MESSAGE(counted << " of " << bought << " bought runs count; " << agree << " of " << rounds
                             << " rounds keep their promise");
  BOOST_TEST(bought > 10);
  BOOST_TEST(counted == bought);
  BOOST_TEST(agree >= 0.9 * rounds);
}

BOOST_AUTO_TEST_CASE(a_new_size_is_swept_with_three_rates_or_not_at_all) {
  const auto fit = ablate::fit_law(noisy().sweeps(5, 1, 0), {});
  auto options = options_for(std::exp2(31), 1e22);
  options.candidates = {{std::exp2(30), std::exp2(35)}};
  for (const std::size_t most : {1u, 2u, 3u, 12u}) {
    options.max_runs = most;
    std::size_t fresh = 0;
    for (const ablate::ProposedRun& run : ablate::propose_runs(fit, options).runs)
      fresh += run.params == std::exp2(30);
    BOOST_TEST((fresh == 0 || fresh >= 3));
  }
}

BOOST_AUTO_TEST_CASE(nothing_is_proposed_where_nothing_helps_and_the_note_says_what_would) {
  const auto fit = ablate::fit_law(noisy().grid(), {});
  const auto enough = ablate::propose_runs(fit, options_for(std::exp2(32), 1e22));
  BOOST_TEST(enough.note.find("a size nearer to the target would") != std::string::npos);
  const auto few = ablate::fit_law(noisy().sweeps(4, 1, 0), {});
  const auto poor = ablate::propose_runs(few, options_for(std::exp2(32), 1e15));
  BOOST_TEST(poor.runs.empty());
  BOOST_TEST(poor.note.find("the cheapest runs that would tell more take") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(sweeps_of_two_rates_are_completed) {
  const auto fit = ablate::fit_law(noisy().sweeps(2, 1, 0), {});
  BOOST_REQUIRE(fit.refused());
  const auto proposal = ablate::propose_runs(fit, options_for(std::exp2(32), 1e22));
  BOOST_TEST(proposal.runs.size() == 4u);
  auto all = noisy().sweeps(2, 1, 0);
  for (const ablate::ProposedRun& run : proposal.runs)
    all.push_back(noisy().run(run.params, run.tokens, std::log2(run.lr), std::log2(run.batch)));
  BOOST_TEST(!ablate::fit_law(all, {}).bowls.scans.empty());
}

BOOST_AUTO_TEST_CASE(targets_and_budgets_that_make_no_sense_are_refused) {
  const auto fit = ablate::fit_law(noisy().sweeps(5, 1, 0), {});
  BOOST_CHECK_THROW(ablate::propose_runs(fit, options_for(0, 1e20)), ablate::Error);
  BOOST_CHECK_THROW(ablate::propose_runs(fit, options_for(1e9, 0)), ablate::Error);
}

BOOST_AUTO_TEST_SUITE_END()
