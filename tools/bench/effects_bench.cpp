// Effects of sweeps: how long they take, and how often their intervals and claims are right.
//   effects_bench [SWEEPS]
// Times contrasts, interactions, shares and their order on a grid of 10,000 runs x 4 axes and the functional
// ANOVA of 10,000 sampled runs x 4 axes, best of three. Then simulates SWEEPS (1,000) sweeps of each design,
// with true differences of 0 to 0.45, seeds with a standard deviation of 1 and noise of 0.25, and prints for
// the estimator that the program chooses:
//   cover   how often the 95 % interval of a pair of levels has the true difference; beside it the least of
//           all pairs
//   half    half the width of that interval, on the average
//   false   the part of the sweeps in which a pair that does not differ has p < 0.05 after Holm over all
//   pairs equal   the part of the pairs that differ by exactly the margin and are claimed to be equivalent
//   failing the part of the sweeps in which failures depend on a level (p < 0.05)
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "stats/contrasts.hpp"
#include "stats/functional_anova.hpp"
#include "stats/shares.hpp"
#include "util/random.hpp"

namespace {

using namespace ablate;
using Levels = std::vector<double>;

/// A kind of sweep. Effects of a factor's levels are true differences from its first.
struct SimulatedDesign {
  std::string name;
  std::vector<Levels> effects;
  std::uint64_t seeds = 4;
  bool own_seeds = false;      ///< Each run has its own.
  bool one_at_a_time = false;  ///< `effects` has one factor, whose first level is the baseline.
  double noise = 0.25;
  double seed_slope = 0;      ///< Standard deviation of seed x first factor.
  double noisy_level = 1;     ///< Noise of the last level of the first factor, in times of the others.
  int shape = 0;              ///< Of noise: 0 normal, 1 Student's t with 3 degrees of freedom, 2 exponential.
  double failing = 0;         ///< Part of the runs that fail at random; then the last cell never runs.
  double lowest_failing = 0;  ///< Part of the runs, those with the lowest scores, that fail.
};

std::vector<SimulatedDesign> designs() {
  const std::vector<Levels> full = {{0, 0.3, 0.45}, {0, 0, 0}, {0, 0.2}},
                            none = {{0, 0, 0}, {0, 0, 0}, {0, 0}};
  return {
      {.name = "full grid 3 x 3 x 2, 4 seeds", .effects = full},
      {.name = "same, 3 seeds", .effects = full, .seeds = 3},
      {.name = "same, 2 seeds", .effects = full, .seeds = 2},
      {.name = "no effect at all, 4 seeds", .effects = none},
      {.name = "seed x level sd 0.25, noise 0.2, 5 seeds",
       .effects = full,
       .seeds = 5,
       .noise = 0.2,
       .seed_slope = 0.25},
      {.name = "same with no effect", .effects = none, .seeds = 5, .noise = 0.2, .seed_slope = 0.25},
      {.name = "one level three times as noisy", .effects = full, .noisy_level = 3},
      {.name = "noise of t with 3 df", .effects = full, .shape = 1},
      {.name = "skewed noise", .effects = full, .shape = 2},
      {.name = "12 % failed at random, one cell lost", .effects = full, .failing = 0.12},
      {.name = "seeds of their own, 4 a cell", .effects = full, .own_seeds = true},
      {.name = "baseline and 6 changes, 4 seeds",
       .effects = {{0, 0.45, 0.3, 0, 0, -0.15, 0}},
       .one_at_a_time = true},
      {.name = "4 x 3 x 2, one run a cell",
       .effects = {{0, 0.3, 0.45, 0.2}, {0, 0, 0}, {0, 0.2}},
       .seeds = 1,
       .own_seeds = true},
      {.name = "2 x 2 x 2, two equal factors, 5 seeds", .effects = {{0, 0.3}, {0, 0.3}, {0, 0}}, .seeds = 5},
      {.name = "the lowest 15 % of scores failed", .effects = full, .lowest_failing = 0.15},
  };
}

double noise_of(const SimulatedDesign& design, const RandomStream& random, std::uint64_t run) {
  const double z = random.normal(run, 1);
  if (design.shape == 0) return z;
  if (design.shape == 2) return -std::log(1 - random.uniform(run, 2)) - 1;
  double squares = 0;
  for (std::uint64_t k = 2; k < 5; ++k) squares += random.normal(run, k) * random.normal(run, k);
  return z / std::sqrt(squares / 3) / std::sqrt(3.0);  // t with 3 df has variance 3.
}

void fail_some(const SimulatedDesign& design, const RandomStream& random, Observations& made) {
  std::vector<double> scores;
  for (const Observation& run : made.runs) scores.push_back(run.score);
  std::sort(scores.begin(), scores.end());
  const double bound =
      scores[static_cast<std::size_t>(design.lowest_failing * static_cast<double>(scores.size()))];
  for (std::size_t i = 0; i < made.runs.size(); ++i) {
    Observation& run = made.runs[i];
    if (random.uniform(i, 9) >= design.failing && run.score >= bound) continue;
    run.end = RunEnd::failed;
    run.score = std::nan("");
  }
  const Levels last = made.runs.back().at;
  if (design.failing > 0) std::erase_if(made.runs, [&](const Observation& run) { return run.at == last; });
}

Observations simulate(const SimulatedDesign& design, std::uint64_t sweep) {
  const RandomStream random(sweep, design.name);
  Observations made;
  std::size_t cells = 1;
  for (const Levels& effects : design.effects) {
    Factor factor{.name = fmt::format("factor {}", made.factors.size() + 1)};
    for (std::size_t level = 0; level < effects.size(); ++level)
      factor.levels.push_back(fmt::format("level {}", level));
    made.factors.push_back(factor);
    cells *= effects.size();
  }
  for (std::size_t cell = 0; cell < cells; ++cell)
    for (std::uint64_t seed = 0; seed < design.seeds; ++seed) {
      Observation run;
      std::size_t rest = cell;
      for (const Levels& effects : design.effects) {
        run.at.push_back(static_cast<double>(rest % effects.size()));
        rest /= effects.size();
      }
      if (!design.own_seeds) run.seed = seed;
      const double scale =
          run.at[0] + 1 == static_cast<double>(design.effects[0].size()) ? design.noisy_level : 1;
      const std::uint64_t index = made.runs.size();
      run.score = design.noise * scale * noise_of(design, random, index);
      run.score += random.normal(design.own_seeds ? 1000 + index : seed, 7);
      run.score += design.seed_slope * random.normal(seed, 20 + static_cast<std::uint64_t>(run.at[0]));
      for (std::size_t f = 0; f < run.at.size(); ++f)
        run.score += design.effects[f][static_cast<std::size_t>(run.at[f])];
      made.runs.push_back(run);
    }
  if (design.failing > 0 || design.lowest_failing > 0) fail_some(design, random, made);
  return made;
}

/// What is counted over the sweeps of a design.
struct Counts {
  std::map<std::size_t, std::pair<double, double>> held;  ///< Of each pair: sweeps with the truth, and all.
  double half = 0, intervals = 0, claimed_false = 0, equal = 0, equal_asked = 0, failing = 0, untold = 0;
};

void count_sweep(const SimulatedDesign& design, const Contrasts& found, Counts& counts) {
  bool claimed_false = false, failing = false;
  std::size_t pair = 0;
  for (const FactorContrasts& factor : found.factors) {
    failing |= factor.failures.p && *factor.failures.p < 0.05;
    for (const Contrast& contrast : factor.contrasts) {
      const Levels& effects = design.effects[factor.factor];
      const double truth = effects[contrast.a] - effects[contrast.b];
      const TTest& test = contrast.difference;
      ++pair;
      if (!test.testable()) {
        ++counts.untold;
        continue;
      }
      auto& [held, all] = counts.held[pair];
      held += test.low <= truth && truth <= test.high ? 1 : 0;
      ++all;
      counts.half += (test.high - test.low) / 2;
      ++counts.intervals;
      claimed_false |= truth == 0 && contrast.p_holm && *contrast.p_holm < 0.05;
      if (truth == 0) continue;
      const Equivalence tost = equivalence(test, std::abs(truth));
      counts.equal += tost.p && *tost.p < 0.05 ? 1 : 0;
      ++counts.equal_asked;
    }
  }
  counts.claimed_false += claimed_false ? 1 : 0;
  counts.failing += failing ? 1 : 0;
}

void measure_design(const SimulatedDesign& design, std::uint64_t sweeps) {
  Counts counts;
  std::string estimator = "-";
  for (std::uint64_t sweep = 0; sweep < sweeps; ++sweep) {
    const Contrasts found = contrasts_of(simulate(design, sweep));
    if (!found.factors.empty()) estimator = to_name(found.factors[0].estimator);
    count_sweep(design, found, counts);
  }
  double held = 0, all = 0, least = 1;
  for (const auto& entry : counts.held) {
    held += entry.second.first;
    all += entry.second.second;
    least = std::min(least, entry.second.first / entry.second.second);
  }
  const auto n = static_cast<double>(sweeps);
  fmt::print("{:<42} {:<20} {:.3f} ({:.2f})  {:.2f}   {:.3f}   {:.3f}   {:.3f}{}\n", design.name, estimator,
             held / all, least, counts.half / counts.intervals, counts.claimed_false / n,
             counts.equal / std::max(1.0, counts.equal_asked), counts.failing / n,
             counts.untold > 0 ? fmt::format("   {} pairs untold", counts.untold) : "");
  std::fflush(stdout);
}

template <typename Work>
void time_best_of_three(const char* what, const Work& work) {
  double best = 1e9;
  for (int round = 0; round < 3; ++round) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  fmt::print("{:<56} {:8.3f} s\n", what, best);
}

void measure_time() {
  const SimulatedDesign large{.name = "10 x 10 x 5 x 4, 5 seeds",
                              .effects = {Levels(10, 0.1), Levels(10, 0.2), Levels(5, 0.3), Levels(4, 0)},
                              .seeds = 5};
  const Observations grid = simulate(large, 1);
  time_best_of_three("contrasts of 10,000 runs x 4 axes", [&] { contrasts_of(grid); });
  time_best_of_three("interactions of the same", [&] { interactions_of(grid); });
  time_best_of_three("shares of the same", [&] { factor_shares(grid); });
  Observations sampled;
  const RandomStream random(1, "sampled");
  for (int f = 0; f < 4; ++f) {
    Factor factor{.name = fmt::format("axis {}", f + 1)};
    factor.range = SampledRange{1e-4, 1e-1, true};
    sampled.factors.push_back(factor);
  }
  for (std::uint64_t i = 0; i < 10000; ++i) {
    Observation run;
    for (std::uint64_t f = 0; f < 4; ++f) run.at.push_back(1e-4 * std::pow(1e3, random.uniform(i, f)));
    run.score = std::pow(std::log(run.at[0]) + 0.3 * std::log(run.at[1]) + 6, 2) + 0.1 * random.normal(i, 9);
    sampled.runs.push_back(run);
  }
  time_best_of_three("functional ANOVA of 10,000 runs x 4 axes", [&] { functional_anova(sampled); });
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t sweeps = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000;
  measure_time();
  fmt::print("\n{} sweeps of each design\n{:<42} {:<20} cover (least)  half   false   equal   failing\n",
             sweeps, "design", "estimator");
  for (const SimulatedDesign& design : designs()) measure_design(design, sweeps);
  return 0;
}
