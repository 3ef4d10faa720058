#include "stats/spread.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "stats/estimators.hpp"
#include "stats/significance.hpp"
#include "stats/summary.hpp"

namespace ablate {

namespace {

/// Of each level that has units: its index, their residuals, and the same by seed.
struct LevelResiduals {
  std::vector<std::size_t> levels;
  std::vector<std::vector<double>> samples;
  std::vector<std::map<std::int32_t, std::vector<double>>> by_seed;
};

LevelResiduals residuals_by_level(const UnitTable& design, const std::vector<double>& residuals) {
  const auto& weights = design.level_weights[0];
  LevelResiduals found;
  for (std::size_t level = 0; level < weights.size(); ++level) {
    if (weights[level].empty()) continue;
    found.levels.push_back(level);
    found.samples.emplace_back();
    found.by_seed.emplace_back();
    for (std::size_t i = 0; i < residuals.size(); ++i) {
      if (weights[level][static_cast<std::size_t>(design.units.level(i, design.focus_columns[0]))] == 0)
        continue;
      found.samples.back().push_back(residuals[i]);
      found.by_seed.back()[design.seed[i]].push_back(residuals[i]);
    }
  }
  return found;
}

/// One mean size for each level and seed, and F between levels.
FTest test_sizes_by_seed(const LevelResiduals& residuals, double seeds) {
  if (seeds < 3) return {};
  double total = 0, n = 0, between = 0, within = 0;
  std::vector<std::vector<double>> means;
  for (const auto& of_level : residuals.by_seed) {
    means.emplace_back();
    for (const auto& of_seed : of_level) {
      double mean = 0;
      for (const double residual : of_seed.second)
        mean += std::abs(residual) / static_cast<double>(of_seed.second.size());
      means.back().push_back(mean);
      total += mean;
      ++n;
    }
  }
  for (const std::vector<double>& of_level : means) {
    double mean = 0;
    for (const double size : of_level) mean += size / static_cast<double>(of_level.size());
    between += static_cast<double>(of_level.size()) * (mean - total / n) * (mean - total / n);
    for (const double size : of_level) within += (size - mean) * (size - mean);
  }
  const auto levels = static_cast<double>(means.size());
  return f_test(between * (seeds - 1) / seeds, levels - 1, within / (n - levels), n - levels);
}

double sum_of_squares(const std::vector<double>& values, double about) {
  double squares = 0;
  for (const double value : values) squares += (value - about) * (value - about);
  return squares;
}

/// The standard deviation of a unit at one level. Of runs that share seeds, what differs inside of a seed has
/// nothing of other levels in it.
double sd_at(const LevelResiduals& residuals, std::size_t k, double seeds, double part) {
  double squares = 0, df = 0;
  for (const auto& of_seed : residuals.by_seed[k]) {
    squares += sum_of_squares(of_seed.second, summarize(of_seed.second).mean);
    df += static_cast<double>(of_seed.second.size()) - 1;
  }
  if (seeds > 1 && df > 0) return std::sqrt(squares / (df * (seeds - 1) / seeds));
  const std::vector<double>& all = residuals.samples[k];
  return std::sqrt(sum_of_squares(all, 0) / (part * static_cast<double>(all.size())));
}

}  // namespace

std::optional<UnlikeSpread> unlike_spread(const UnitTable& design, const CellFit& fit) {
  const LevelResiduals residuals = residuals_by_level(design, fit.residuals());
  const std::vector<std::vector<double>>& samples = residuals.samples;
  const double df = fit.error_df(), part = df / static_cast<double>(fit.residuals().size());
  if (samples.size() < 2 || std::isnan(fit.error_ms())) return std::nullopt;
  if (samples.size() == 2 && samples[0].size() == samples[1].size()) return std::nullopt;
  FTest test;
  if (design.seeds > 1) {
    test = test_sizes_by_seed(residuals, static_cast<double>(design.seeds));
  } else if (const FTest plain = levene_test(samples); plain.p) {
    test = f_test(part * plain.f * plain.df1, plain.df1, 1, std::min(df, plain.df2));
  }
  if (!test.p || *test.p >= kPlainlyUnlike) return std::nullopt;
  UnlikeSpread found{.p = *test.p};
  found.narrowest_sd = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < samples.size(); ++k) {
    const double sd = sd_at(residuals, k, static_cast<double>(design.seeds), part);
    if (sd > found.widest_sd) found.widest_sd = sd, found.widest = residuals.levels[k];
    if (sd < found.narrowest_sd) found.narrowest_sd = sd, found.narrowest = residuals.levels[k];
  }
  return found;
}

std::string spread_words(const UnlikeSpread& spread, const Factor& factor) {
  return fmt::format(
      "the spread of runs differs between levels (Levene's test of residuals: p = {:.2g}; sd {:.2g} at {}, "
      "{:.2g} at "
      "{}), and the error is pooled: intervals may be too narrow with {}, too wide with {}",
      spread.p, spread.widest_sd, factor.levels[spread.widest], spread.narrowest_sd,
      factor.levels[spread.narrowest], factor.levels[spread.widest], factor.levels[spread.narrowest]);
}

}  // namespace ablate
