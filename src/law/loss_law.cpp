#include "law/loss_law.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "law/loss_objective.hpp"
#include "util/error.hpp"
#include "util/random.hpp"

namespace ablate {

namespace {

/// Starting points around centred data: A and B from next to nothing to all of the loss, E from little to
/// nearly the lowest loss, exponents from flat to steep. A grid in the sense of Hoffmann et al. 2022, visited
/// in an even order so that any number of starts covers all of it.
LossTheta starting_point(const LossObjective& objective, int index) {
  constexpr int kLevels[] = {5, 5, 5, 6, 6};  // 4,500 points.
  constexpr double kLow[] = {-3, -3, -2, 0.05, 0.05}, kHigh[] = {0, 0, -0.02, 1.0, 1.0};
  constexpr int kPoints = 4500, kStride = 1277;  // Without a common divisor.
  int place = static_cast<int>((static_cast<long>(index) * kStride) % kPoints);
  LossTheta theta;
  for (int i = 0; i < 5; ++i) {
    theta[i] = kLow[i] + (kHigh[i] - kLow[i]) * (place % kLevels[i]) / (kLevels[i] - 1);
    place /= kLevels[i];
  }
  theta[2] += objective.lowest();
  return theta;
}

void check_points(std::span<const LossPoint> points) {
  std::set<double> sizes, tokens;
  for (const LossPoint& point : points) {
    for (const double value : {point.params, point.tokens, point.loss, point.weight})
      if (!(value > 0) || !std::isfinite(value))
        throw Error("a loss law needs sizes, token counts and losses that are positive numbers");
    sizes.insert(point.params);
    tokens.insert(point.tokens);
  }
  if (points.size() < 6 || sizes.size() < 3 || tokens.size() < 3)
    throw Error(
        fmt::format("a loss law has five parameters: expected at least 6 runs, 3 sizes and 3 token "
                    "counts, found {}, {} and {}",
                    points.size(), sizes.size(), tokens.size()));
}

/// The points of each size, in the order of sizes.
std::vector<std::vector<LossPoint>> models_of(std::span<const LossPoint> points) {
  std::map<double, std::vector<LossPoint>> models;
  for (const LossPoint& point : points) models[point.params].push_back(point);
  std::vector<std::vector<LossPoint>> groups;
  for (auto& [size, group] : models) groups.push_back(std::move(group));
  return groups;
}

/// Refits to models drawn with replacement, each from the law of all.
std::vector<LossLaw> bootstrap(std::span<const LossPoint> points, const LossLaw& law,
                               const LossLawOptions& options) {
  const auto models = models_of(points);
  const RandomStream random(options.seed, "loss law bootstrap");
  std::vector<LossLaw> laws;
  for (int round = 0; round < options.bootstraps; ++round) {
    std::vector<LossPoint> drawn;
    for (std::size_t i = 0; i < models.size(); ++i) {
      const auto& model = models[random.below(models.size(), i, static_cast<std::uint64_t>(round))];
      drawn.insert(drawn.end(), model.begin(), model.end());
    }
    const LossObjective objective(drawn);
    laws.push_back(objective.law(descend(objective, objective.theta(law))));
  }
  return laws;
}

LossInterval percentiles(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
  };
  return {at(0.025), at(0.975)};
}

LossInterval interval_of(const std::vector<LossLaw>& laws, auto&& value) {
  std::vector<double> values;
  for (const LossLaw& law : laws) values.push_back(value(law));
  return percentiles(std::move(values));
}

double robust_spread(const Eigen::ArrayXd& residuals) {
  std::vector<double> sizes(residuals.data(), residuals.data() + residuals.size());
  for (double& size : sizes) size = std::abs(size);
  std::nth_element(sizes.begin(), sizes.begin() + sizes.size() / 2, sizes.end());
  return 1.4826 * sizes[sizes.size() / 2];
}

double optimal_params(const LossLaw& law, double flops) {
  const double ratio = std::pow(law.alpha * law.a / (law.beta * law.b), 1 / (law.alpha + law.beta));
  return ratio * std::pow(flops / 6, optimal_size_exponent(law));
}

}  // namespace

double LossLaw::at(double params, double tokens) const {
  return e + a / std::pow(params, alpha) + b / std::pow(tokens, beta);
}

double optimal_size_exponent(const LossLaw& law) { return law.beta / (law.alpha + law.beta); }

std::vector<LossPoint> best_losses(std::span<const LawRun> runs) {
  std::map<std::pair<double, double>, LossPoint> best;
  for (const LawRun& run : runs) {
    if (run.diverged || !(run.tokens > 0)) continue;
    const auto [place, added] =
        best.try_emplace({run.params, run.tokens}, LossPoint{run.params, run.tokens, run.loss});
    if (!added) place->second.loss = std::min(place->second.loss, run.loss);
  }
  std::vector<LossPoint> points;
  for (const auto& [scan, point] : best) points.push_back(point);
  return points;
}

std::map<std::string, std::int64_t> runs_beside(std::span<const LawRun> runs, std::size_t points) {
  const auto diverged = std::count_if(
      runs.begin(), runs.end(), [](const LawRun& run) { return run.diverged || !std::isfinite(run.loss); });
  const std::int64_t others = static_cast<std::int64_t>(runs.size() - points) - diverged;
  std::map<std::string, std::int64_t> beside;
  if (diverged > 0) beside["diverged"] = diverged;
  if (others > 0)
    beside
        ["another of the same size and token count has a lower loss, or they are repeats, whose mean "
         "counts"] = others;
  return beside;
}

LossLawFit fit_loss_law(std::span<const LossPoint> points, const LossLawOptions& options) {
  constexpr double kSameObjective = 1e-6;
  check_points(points);
  if (options.starts < 1) throw Error("a loss law needs at least one start");
  const LossObjective objective(points);
  LossTheta best = starting_point(objective, 0);
  std::vector<double> reached;
  for (int i = 0; i < options.starts; ++i) {
    const LossTheta end = descend(objective, starting_point(objective, i));
    reached.push_back(objective.at(end, nullptr));
    if (reached.back() < objective.at(best, nullptr)) best = end;
  }
  best = polish(objective, best);
  LossLawFit fit;
  fit.law = objective.law(best);
  const double sum = objective.at(best, nullptr);
  fit.points = points.size();
  fit.models = models_of(points).size();
  fit.objective = options.reduction == LossReduction::sum ? sum : sum / static_cast<double>(points.size());
  for (const double value : reached)
    fit.best_share += (value <= sum * (1 + kSameObjective)) / static_cast<double>(reached.size());
  fit.residual_sd = robust_spread(objective.residuals(best));
  fit.resamples = bootstrap(points, fit.law, options);
  fit.a = interval_of(fit.resamples, [](const LossLaw& law) { return law.a; });
  fit.b = interval_of(fit.resamples, [](const LossLaw& law) { return law.b; });
  fit.e = interval_of(fit.resamples, [](const LossLaw& law) { return law.e; });
  fit.alpha = interval_of(fit.resamples, [](const LossLaw& law) { return law.alpha; });
  fit.beta = interval_of(fit.resamples, [](const LossLaw& law) { return law.beta; });
  return fit;
}

ComputeOptimum compute_optimum(const LossLawFit& fit, double flops) {
  if (!(flops > 0) || !std::isfinite(flops)) throw Error("the budget is not a positive number of operations");
  const auto tokens_for = [&](double params) { return flops / (6 * params); };
  ComputeOptimum optimum;
  optimum.flops = flops;
  optimum.params = optimal_params(fit.law, flops);
  optimum.tokens = tokens_for(optimum.params);
  optimum.loss = fit.law.at(optimum.params, optimum.tokens);
  optimum.params_interval =
      interval_of(fit.resamples, [&](const LossLaw& law) { return optimal_params(law, flops); });
  optimum.tokens_interval =
      interval_of(fit.resamples, [&](const LossLaw& law) { return tokens_for(optimal_params(law, flops)); });
  optimum.loss_interval = interval_of(fit.resamples, [&](const LossLaw& law) {
    const double params = optimal_params(law, flops);
    return law.at(params, tokens_for(params));
  });
  return optimum;
}

}  // namespace ablate
