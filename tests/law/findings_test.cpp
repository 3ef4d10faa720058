#include "law/findings.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "law/law.hpp"
#include "law/names.hpp"
#include "law/propose.hpp"
#include "synthetic.hpp"
#include "util/error.hpp"

namespace {

using ablate::FindingKind;

const ablate::LawFinding* finding(const std::vector<ablate::LawFinding>& all, FindingKind kind) {
  for (const ablate::LawFinding& one : all)
    if (one.kind == kind) return &one;
  return nullptr;
}
bool refuses(const std::vector<ablate::LawFinding>& all, FindingKind kind) {
  const ablate::LawFinding* one = finding(all, kind);
  return one != nullptr && one->refuses;
}
bool warns(const std::vector<ablate::LawFinding>& all, FindingKind kind) {
  const ablate::LawFinding* one = finding(all, kind);
  return one != nullptr && !one->refuses && !one->message.empty();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(law_findings)

const ablate::SyntheticLaw kTruth;

BOOST_AUTO_TEST_CASE(every_finding_has_a_name) {
  for (const std::string& name : ablate::known_names<FindingKind>())
    BOOST_TEST(ablate::to_name(ablate::from_name<FindingKind>(name)) == name);
}

BOOST_AUTO_TEST_CASE(good_runs_have_no_findings) {
  const auto clean = ablate::clean_runs(kTruth.grid());
  BOOST_TEST(clean.findings.empty());
  BOOST_TEST(clean.runs.size() == kTruth.grid().size());
}

BOOST_AUTO_TEST_CASE(no_runs_are_refused) {
  BOOST_TEST(refuses(ablate::fit_law(std::vector<ablate::LawRun>{}, {}).findings, FindingKind::no_runs));
}

/// Acceptance check A7: as in public nanoGPT sweeps.
BOOST_AUTO_TEST_CASE(losses_that_fall_to_zero_are_refused) {
  auto runs = kTruth.sweeps(5, 1, 0);
  runs.back().loss = 0;
  const auto fit = ablate::fit_law(runs, {});
  BOOST_TEST(refuses(fit.findings, FindingKind::losses_fall_to_zero));
  BOOST_TEST(fit.refused());
  BOOST_CHECK_THROW(ablate::throw_if_refused(fit.findings), ablate::Error);
  BOOST_CHECK_THROW(ablate::predict(fit, {.params = 1e9}), ablate::Error);
  runs.back().loss = 0.1;
  BOOST_TEST(refuses(ablate::clean_runs(runs).findings, FindingKind::losses_fall_to_zero));
}

BOOST_AUTO_TEST_CASE(rates_on_one_side_of_every_optimum_are_refused) {
  const auto fit = ablate::fit_law(kTruth.sweeps(5, 0.5, -2.5), {});
  BOOST_TEST(refuses(fit.findings, FindingKind::one_sided_rates));
  BOOST_TEST(refuses(ablate::fit_law(kTruth.sweeps(5, 0.5, 2.5), {}).findings, FindingKind::one_sided_rates));
}

BOOST_AUTO_TEST_CASE(two_rates_for_each_size_are_refused) {
  BOOST_TEST(refuses(ablate::fit_law(kTruth.sweeps(2, 1, 0), {}).findings, FindingKind::no_scan_with_rates));
}

BOOST_AUTO_TEST_CASE(a_size_with_few_rates_is_left_out_with_a_warning) {
  auto runs = kTruth.sweeps(5, 1, 0);
  runs.resize(runs.size() - 3);
  const auto fit = ablate::fit_law(runs, {});
  BOOST_TEST(warns(fit.findings, FindingKind::few_rates));
  BOOST_TEST(fit.bowls.scans.size() == 3u);
}

BOOST_AUTO_TEST_CASE(one_size_is_a_warning_and_the_interval_is_wide) {
  const auto runs = kTruth.sweeps(7, 0.5, 0);
  const auto fit = ablate::fit_law(std::vector(runs.begin(), runs.begin() + 7), {});
  BOOST_TEST(warns(fit.findings, FindingKind::one_size));
  BOOST_TEST(ablate::predict(fit, {.params = 1e9}).lr.log2_sd > 0.5);
}

BOOST_AUTO_TEST_CASE(diverged_runs_are_marked_not_removed) {
  auto runs = kTruth.sweeps(5, 1, 0);
  runs[4].loss *= 1.3;
  runs[9].loss = std::nan("");
  const auto clean = ablate::clean_runs(runs);
  BOOST_TEST(warns(clean.findings, FindingKind::diverged_runs));
  std::size_t marked = 0;
  for (const ablate::LawRun& run : clean.runs) marked += run.diverged;
  BOOST_TEST(marked == 2u);
}

/// Rates of 1/16 of the best and more lose a fifth and more of loss, and have not diverged.
BOOST_AUTO_TEST_CASE(a_low_rate_has_not_diverged_however_high_its_loss) {
  const auto runs_of = [](std::initializer_list<double> losses) {
    std::vector<ablate::LawRun> runs;
    for (int size = 0; size < 3; ++size) {
      double rate = 1e-5 / std::exp2(size);
      for (const double loss : losses) {
        ablate::LawRun run;
        run.params = 1e7 * std::exp2(2 * size);
        run.tokens = 20 * run.params;
        run.batch = 65536;
        run.lr = rate;
        run.loss = loss - 0.2 * size;
        run.where = "made up";
        runs.push_back(run);
        rate *= 10;
      }
    }
    return runs;
  };
  const auto rising = ablate::fit_law(runs_of({5, 4, 3}), {});
  BOOST_TEST(!warns(rising.findings, FindingKind::diverged_runs));
  const ablate::LawFinding* refusal = finding(rising.findings, FindingKind::one_sided_rates);
  BOOST_REQUIRE(refusal != nullptr);
  BOOST_TEST(refusal->message.find("at the highest rate tried: try higher ones") != std::string::npos);
  // What to try next is above the highest.
  const auto next = ablate::propose_runs(rising, {.target = {.params = 1e9}, .budget_flops = 1e21});
  BOOST_REQUIRE(!next.runs.empty());
  for (const ablate::ProposedRun& run : next.runs) BOOST_TEST(run.lr > 1e-3 / 4);

  const auto falling = ablate::fit_law(runs_of({3, 3.2, 5}), {});
  BOOST_TEST(warns(falling.findings, FindingKind::diverged_runs));
  // Where losses rise as much below the best rate, those above it are the other side of one bowl.
  const auto both = ablate::clean_runs(runs_of({5, 4, 3, 3.1, 4, std::nan("")}));
  BOOST_TEST(warns(both.findings, FindingKind::high_losses));
  std::size_t marked = 0;
  for (const ablate::LawRun& run : both.runs) {
    marked += run.diverged;
    BOOST_TEST(run.diverged == std::isnan(run.loss));
  }
  BOOST_TEST(marked == 3u);
}

BOOST_AUTO_TEST_CASE(a_high_loss_above_the_best_rate_has_diverged_where_no_bowl_has_it) {
  struct Row {
    double octaves, loss;
    bool diverged;
  };
  const auto check = [](const std::vector<Row>& rows) {
    std::vector<ablate::LawRun> runs;
    for (const Row& row : rows) {
      ablate::LawRun run;
      run.params = 1e8, run.tokens = 2e9, run.batch = 65536, run.where = "made up";
      run.lr = 1e-3 * std::exp2(row.octaves), run.loss = row.loss;
      runs.push_back(run);
    }
    const auto clean = ablate::clean_runs(runs);
    for (const Row& row : rows)
      for (const ablate::LawRun& run : clean.runs)
        if (run.loss == row.loss) BOOST_TEST(run.diverged == row.diverged, "loss " << row.loss);
  };
  check({{-2, 3.8, false}, {0, 3, false}, {2, 3.81, false}, {4, 6.2, false}});
  check({{-2, 3.05, false},
         {0, 3, false},
         {2, 7.4, true},
         {4, 7.5, true}});                                    // StepLaw's, at every fourth rate.
  check({{0, 3, false}, {2, 3.81, true}});                    // Nothing tells of the low side.
  check({{-2, 3.8, false}, {0, 3, false}, {0, 3.81, true}});  // Another seed did well there,
  check({{-2, 3.8, false}, {0, 3, false}, {1, 3.81, true}, {2, 3.01, false}});  // or at a higher rate.
}

BOOST_AUTO_TEST_CASE(the_best_rate_above_which_runs_diverge_is_that_of_their_batch) {
  std::vector<ablate::LawRun> runs;
  const auto add = [&](double batch, double lr, double loss) {
    ablate::LawRun run;
    run.params = 1e8, run.tokens = 2e9, run.batch = batch, run.lr = lr, run.loss = loss,
    run.where = "made up";
    runs.push_back(run);
  };
  for (const auto& [lr, loss] : {std::pair{1e-4, 3.0}, {1e-3, 4.0}, {1e-2, 5.0}}) add(65536, lr, loss);
  for (const auto& [lr, loss] : {std::pair{1e-4, 4.5}, {1e-3, 3.0}, {1e-2, 3.1}}) add(524288, lr, loss);
  const auto clean = ablate::clean_runs(runs);
  for (const ablate::LawRun& run : clean.runs)
    BOOST_TEST(run.diverged == (run.batch == 65536 && run.lr > 1e-4));
}

BOOST_AUTO_TEST_CASE(what_failed_below_the_best_rate_bounds_nothing) {
  auto runs = kTruth.sweeps(5, 1, 0);
  const auto clean = ablate::clean_runs(runs);
  runs.push_back(runs[0]);
  runs.back().lr *= 1.1;
  runs.back().diverged = true;
  runs.back().where = "runs.csv:7";
  const auto found = ablate::clean_runs(runs);
  const ablate::LawFinding* told = finding(found.findings, FindingKind::failed_below_best);
  BOOST_REQUIRE(told != nullptr);
  BOOST_TEST(!told->refuses);
  BOOST_TEST(told->message.find("(runs.csv:7)") != std::string::npos);
  BOOST_TEST(!finding(found.findings, FindingKind::diverged_runs));
  BOOST_TEST(found.runs.size() == clean.runs.size());
}

BOOST_AUTO_TEST_CASE(a_loss_of_a_diverged_run_is_no_reason_to_refuse) {
  auto runs = kTruth.sweeps(5, 1, 0);
  runs.back().loss = 0;  // As some write where there is none.
  runs.back().diverged = true;
  BOOST_TEST(!finding(ablate::clean_runs(runs).findings, FindingKind::losses_fall_to_zero));
}

BOOST_AUTO_TEST_CASE(repeats_become_one_run_that_weighs_more) {
  auto runs = kTruth.sweeps(5, 1, 0);
  runs.push_back(runs[2]);
  runs.back().loss += 0.02;
  const auto clean = ablate::clean_runs(runs);
  BOOST_TEST(warns(clean.findings, FindingKind::duplicates));
  BOOST_TEST(clean.runs.size() == runs.size() - 1);
  BOOST_TEST(clean.runs[2].weight == 2.0);
  BOOST_TEST(clean.runs[2].loss == runs[2].loss + 0.01, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(odd_units_are_named) {
  const auto with = [](auto&& change) {
    auto runs = kTruth.sweeps(5, 1, 0);
    for (ablate::LawRun& run : runs) change(run);
    return ablate::clean_runs(runs).findings;
  };
  BOOST_TEST(warns(with([](ablate::LawRun& run) { run.params /= 1e6; }), FindingKind::unlike_units));
  BOOST_TEST(warns(with([](ablate::LawRun& run) { run.tokens /= 1e9; }), FindingKind::unlike_units));
  BOOST_TEST(warns(with([](ablate::LawRun& run) { run.batch /= 4096; }), FindingKind::unlike_units) == false);
  BOOST_TEST(warns(with([](ablate::LawRun& run) { run.batch /= 8192; }), FindingKind::unlike_units));
  BOOST_TEST(warns(with([](ablate::LawRun& run) { run.lr *= 1e4; }), FindingKind::unlike_units));
}

BOOST_AUTO_TEST_CASE(mixtures_are_named) {
  auto runs = kTruth.sweeps(5, 1, 0);
  runs[0].schedule = "wsd";
  runs[1].weight_decay = 0.2;
  const auto clean = ablate::clean_runs(runs);
  BOOST_TEST(warns(clean.findings, FindingKind::mixed_schedules));
  BOOST_TEST(warns(clean.findings, FindingKind::mixed_weight_decay));
}

BOOST_AUTO_TEST_CASE(grids_edges_and_missing_tokens_are_named) {
  const auto coarse = ablate::fit_law(kTruth.sweeps(5, 1, 0), {});
  BOOST_TEST(warns(coarse.findings, FindingKind::coarse_grid));
  auto runs = kTruth.sweeps(7, 0.5, 0);
  std::erase_if(runs, [](const ablate::LawRun& run) {
    return run.params == std::exp2(29) && std::log2(run.lr) > kTruth.fixed_x(29) - 0.2;
  });
  BOOST_TEST(warns(ablate::fit_law(runs, {}).findings, FindingKind::edge_optimum));
  runs = kTruth.sweeps(7, 0.5, 0);
  for (ablate::LawRun& run : runs) run.tokens = 0;
  const auto fit = ablate::fit_law(runs, {});
  BOOST_TEST(warns(fit.findings, FindingKind::unknown_tokens));
  BOOST_TEST(ablate::predict(fit, {.params = std::exp2(31)}).tokens == 0.0);
}

/// Four sizes with these losses at rates a factor of two apart.
std::vector<ablate::LawRun> scans_of(const std::vector<double>& losses) {
  std::vector<ablate::LawRun> runs;
  for (int size = 26; size <= 29; ++size)
    for (std::size_t i = 0; i < losses.size(); ++i) {
      ablate::LawRun run;
      run.params = std::exp2(size), run.tokens = std::exp2(size + 5), run.batch = 65536,
      run.where = "made up";
      run.lr = 1e-3 * std::exp2(static_cast<double>(i)), run.loss = losses[i];
      runs.push_back(run);
    }
  return runs;
}

BOOST_AUTO_TEST_CASE(equal_lowest_losses_are_at_an_edge_whichever_it_is) {
  const auto up = ablate::fit_law(scans_of({3.5137, 3.4271, 3.4271, 3.4271, 3.4271}), {});
  const auto down = ablate::fit_law(scans_of({3.4271, 3.4271, 3.4271, 3.4271, 3.5137}), {});
  BOOST_REQUIRE(refuses(up.findings, FindingKind::one_sided_rates));
  BOOST_REQUIRE(refuses(down.findings, FindingKind::one_sided_rates));
  BOOST_TEST(finding(up.findings, FindingKind::one_sided_rates)->message.find("higher ones") !=
             std::string::npos);
  BOOST_TEST(finding(down.findings, FindingKind::one_sided_rates)->message.find("lower ones") !=
             std::string::npos);
  // In between, the best rate is in the middle of them.
  const auto middle = ablate::fit_law(scans_of({3.5137, 3.4271, 3.4271, 3.4271, 3.5137}), {});
  for (const ablate::ScanOptimum& scan : middle.bowls.scans) {
    BOOST_TEST((scan.lr.edge == ablate::LawEdge::none));
    BOOST_TEST(scan.lr.argmin == std::log2(4e-3), boost::test_tools::tolerance(1e-12));
    BOOST_TEST(std::abs(scan.lr.optimum - std::log2(4e-3)) < 0.1);
  }
}

BOOST_AUTO_TEST_CASE(losses_that_are_all_equal_say_nothing_of_the_rate) {
  auto runs = scans_of({3.4271, 3.4271, 3.4271, 3.4271, 3.4271});
  BOOST_TEST(refuses(ablate::fit_law(runs, {}).findings, FindingKind::flat_scan));
  auto more = ablate::SyntheticLaw{}.sweeps(7, 0.5, 0);
  for (ablate::LawRun& run : more) run.batch = 65536;
  more.insert(more.end(), runs.begin(), runs.begin() + 5);
  more.back().params = more.end()[-2].params = more.end()[-3].params = 1e6;
  more.end()[-4].params = more.end()[-5].params = 1e6;
  const auto mixed = ablate::fit_law(more, {});
  BOOST_TEST(warns(mixed.findings, FindingKind::flat_scan));
  BOOST_TEST(mixed.bowls.scans.size() == 4u);
}

BOOST_AUTO_TEST_CASE(few_digits_of_the_losses_count_as_noise) {
  auto runs = kTruth.sweeps(7, 0.5, 0);
  BOOST_TEST(!warns(ablate::fit_law(runs, {}).findings, FindingKind::rounded_losses));
  double sd = 0;
  for (ablate::LawRun& run : runs) {
    run.loss = std::round(run.loss * 10) / 10;
    sd = std::max(sd, 0.1 / run.loss / std::sqrt(12.0));
  }
  const auto rounded = ablate::fit_law(runs, {});
  BOOST_REQUIRE(warns(rounded.findings, FindingKind::rounded_losses));
  BOOST_TEST(finding(rounded.findings, FindingKind::rounded_losses)->message.find("multiples of 0.1,") !=
             std::string::npos);
  BOOST_TEST(rounded.bowls.noise > 0.8 * sd);
  for (const ablate::ScanOptimum& scan : rounded.bowls.scans) {
    const double truth = kTruth.fixed_x(static_cast<int>(std::log2(scan.params)));
    BOOST_TEST(scan.lr.interval.low < truth);
    BOOST_TEST(scan.lr.interval.high > truth);
  }
}

BOOST_AUTO_TEST_CASE(a_rate_that_went_through_32_bits_is_the_same_rate) {
  auto runs = kTruth.sweeps(7, 0.5, 0);
  const std::size_t given = runs.size();
  for (std::size_t i = 0; i < given; ++i) {
    runs[i].seed = "1";
    runs.push_back(runs[i]);
    runs.back().seed = "2";
    runs.back().loss += 0.01;
    runs.back().lr = static_cast<float>(runs[i].lr);
  }
  const auto clean = ablate::clean_runs(runs);
  BOOST_TEST(clean.runs.size() == given);
  BOOST_TEST(!warns(clean.findings, FindingKind::seeds_apart));
}

BOOST_AUTO_TEST_CASE(token_counts_that_hardly_differ_are_named) {
  auto runs = kTruth.sweeps(7, 0.5, 0);
  for (std::size_t i = 0; i < runs.size(); ++i) runs[i].tokens += 65536 * static_cast<double>(i % 7);
  const auto fit = ablate::fit_law(runs, {});
  BOOST_REQUIRE(refuses(fit.findings, FindingKind::no_scan_with_rates));
  BOOST_TEST(finding(fit.findings, FindingKind::no_scan_with_rates)
                 ->message.find("67.1M has 7 rates at 7 token counts, from 2,147,483,648 to 2,147,876,864 "
                                "tokens") != std::string::npos);
  BOOST_TEST(warns(fit.findings, FindingKind::unlike_units));
}

BOOST_AUTO_TEST_CASE(batches_that_differ_at_each_rate_are_named_as_the_reason) {
  auto runs = kTruth.sweeps(7, 0.5, 0);
  for (std::size_t i = 0; i < runs.size(); ++i) runs[i].batch *= std::exp2(static_cast<double>(i % 7) - 3);
  const auto fit = ablate::fit_law(runs, {.batch_mode = ablate::BatchMode::fixed});
  BOOST_REQUIRE(refuses(fit.findings, FindingKind::no_scan_with_rates));
  BOOST_TEST(finding(fit.findings, FindingKind::no_scan_with_rates)
                 ->message.ends_with("67.1M has 7 rates at 1 token count and 7 batches"));
}

BOOST_AUTO_TEST_SUITE_END()
