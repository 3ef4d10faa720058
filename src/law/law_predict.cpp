#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "law/law_core.hpp"
#include "law/names.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();
constexpr double kUsualRatio = 20;  // Tokens a parameter: Hoffmann et al. 2022, rounded.
/// Where a fit at one batch says nothing of others: octaves of rate for one of batch (square root).
constexpr double kUsualRidge = 0.5;
constexpr double kRidgeSd = 0.3;  // The slope changes with the distance from the best batch (0.4 to 0.9).

LawQuantity quantity_of(const LawDistribution& distribution) {
  const auto central = [&](double level) {
    return LawInterval{std::exp2(distribution.quantile((1 - level) / 2)),
                       std::exp2(distribution.quantile((1 + level) / 2))};
  };
  return {std::exp2(distribution.quantile(0.5)), distribution.sd(), central(0.5), central(0.8),
          central(0.95)};
}

/// The same distribution `octaves` further up, and less sure by `sd`.
LawDistribution moved(const LawDistribution& distribution, double octaves, double sd) {
  std::vector<LawDistribution::Part> parts(distribution.parts().begin(), distribution.parts().end());
  for (LawDistribution::Part& part : parts) {
    part.mean += octaves;
    part.sd = std::hypot(part.sd, sd);
  }
  return LawDistribution(std::move(parts));
}

/// Offsets of the truth from the median, at the middles of equally probable slices.
constexpr int kSlices = 31;
std::array<double, kSlices> slices_of(const LawDistribution& distribution) {
  std::array<double, kSlices> offsets{};
  const double median = distribution.quantile(0.5);
  for (int i = 0; i < kSlices; ++i) offsets[i] = distribution.quantile((i + 0.5) / kSlices) - median;
  return offsets;
}

void take_regret(const BowlFit& bowls, const LawDistribution& lr, const LawDistribution* batch,
                 LawPrediction& prediction) {
  std::vector<double> rises;
  const auto dy = batch != nullptr ? slices_of(*batch) : std::array<double, kSlices>{};
  for (const double dx : slices_of(lr))
    for (int j = 0; j < (batch != nullptr ? kSlices : 1); ++j)
      rises.push_back(std::expm1(batch != nullptr ? bowls.rise(-dx, -dy[j]) : bowls.lr.at(-dx)));
  for (double& rise : rises)
    if (rise > kKnownRise) rise = std::numeric_limits<double>::infinity();
  std::sort(rises.begin(), rises.end());
  double sum = 0;
  for (const double rise : rises) sum += rise;
  prediction.expected_regret = sum / static_cast<double>(rises.size());
  prediction.regret_median = rises[rises.size() / 2];
  prediction.regret_p90 = rises[rises.size() * 9 / 10];
}

/// Rates around `lr` whose loss is within `share` of the best.
LawInterval flat_band(const Bowl& bowl, double lr, double share) {
  const auto [left, right] = bowl.band(std::log1p(share));
  return {lr * std::exp2(left), lr * std::exp2(right)};
}

/// D of the target; 0: unknown in the data, and then in the target.
double tokens_of(const LawFit& fit, const LawTarget& target, std::vector<LawFinding>& findings) {
  const double known = fit.optima.empty() ? fit.runs.front().tokens : fit.optima.front().tokens;
  if (known == 0) return 0;
  if (target.tokens) return *target.tokens;
  const double ratio =
      fit.lr.tokens_free ? kUsualRatio : std::exp2(fit.lr.centre_tokens - fit.lr.centre_params);
  findings.push_back({FindingKind::assumed_tokens, false,
                      fmt::format("the token count was not given: {:.3g} tokens a parameter, {}, make {}",
                                  ratio, fit.lr.tokens_free ? "the compute-optimal ratio" : "as in the data",
                                  human_amount(ratio * target.params))});
  return ratio * target.params;
}

/// The sizes and token counts that were searched.
struct Searched {
  LawInterval params{std::numeric_limits<double>::infinity(), 0}, tokens = params;
};
Searched searched_in(const LawFit& fit) {
  Searched searched;
  const auto see = [](LawInterval& range, double value) {
    range = {std::min(range.low, value), std::max(range.high, value)};
  };
  for (const ScanOptimum& scan : fit.bowls.scans)
    see(searched.params, scan.params), see(searched.tokens, scan.tokens);
  for (const LawOptimum& one : fit.optima) see(searched.params, one.params), see(searched.tokens, one.tokens);
  return searched;
}

/// A finding where the target is far above the `upper` ends of what was searched, or far below the lower
/// ones.
void check_distance(const LawPrediction& prediction, const Searched& searched, bool upper,
                    std::vector<LawFinding>& findings) {
  constexpr double kFar = 3;
  const auto ratio = [&](double value, const LawInterval& range) {
    const double end = upper ? range.high : range.low;
    return end > 0 && value > 0 ? value / end : 1;
  };
  const double params = ratio(prediction.params, searched.params),
               tokens = ratio(prediction.tokens, searched.tokens);
  if (upper ? params <= kFar && tokens <= kFar : params >= 1 / kFar && tokens >= 1 / kFar) return;
  const char* end = upper ? "largest" : "smallest";
  findings.push_back(
      {FindingKind::extrapolation, false,
       fmt::format(
           "the target has {:.3g} times the {} size{}: the intervals hold only if the law stays "
           "straight that far",
           params, end,
           searched.tokens.low > 0 ? fmt::format(" and {:.3g} times the {} token count", tokens, end) : "")});
}

void take_ratios(const LawFit& fit, LawPrediction& prediction) {
  const Searched searched = searched_in(fit);
  prediction.params_ratio = prediction.params / searched.params.high;
  prediction.tokens_ratio = searched.tokens.high > 0 ? prediction.tokens / searched.tokens.high : 0;
  for (const bool upper : {true, false}) check_distance(prediction, searched, upper, prediction.findings);
}

void take_decay(const LawFit& fit, LawPrediction& prediction) {
  prediction.weight_decay = fit.decay.lambda(prediction.lr.value);
  prediction.decay_per_step = prediction.weight_decay * prediction.lr.value;
  if (prediction.tokens > 0 && prediction.batch_used > 0 && prediction.decay_per_step > 0)
    prediction.decay_fraction = prediction.batch_used / (prediction.decay_per_step * prediction.tokens);
}

void take_others(const LawFit& fit, LawPrediction& prediction) {
  for (const BaselineLaw& law : fit.baselines) {
    MethodPrediction other{
        law.method, to_name(law.method), law.lr.at(prediction.params, prediction.tokens), {}};
    if (law.batch) other.batch = law.batch->at(prediction.params, prediction.tokens);
    prediction.others.push_back(std::move(other));
  }
  for (const PublishedLaw& law : published_laws()) {
    if (law.at == nullptr) continue;
    const PublishedValue value = law.at(prediction.params, prediction.tokens);
    prediction.others.push_back({LawMethod::published, law.name, value.lr, value.batch});
  }
}

/// Does one size carry the prediction? Leaves each out in turn and looks how far the median moves.
void check_dominance(const LawFit& fit, const LawDistribution& lr, LawPrediction& prediction) {
  const LawCore core = fit.optima.empty() ? LawCore{} : fit_core(fit.optima, fit.joint, fit.options);
  std::vector<LawObservation> all = core.lr_observations;
  for (const ScanOptimum& scan : fit.bowls.scans)
    all.push_back({std::log2(scan.params), regression_tokens(scan.params, scan.tokens), scan.lr.optimum,
                   regression_se(scan.lr)});
  std::vector<double> sizes;
  for (const LawObservation& one : all) sizes.push_back(one.log2_params);
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  if (sizes.size() < 3) return;
  const double median = lr.quantile(0.5), half = 0.5 * (lr.quantile(0.9) - lr.quantile(0.1));
  for (const double size : sizes) {
    std::vector<LawObservation> rest = all;
    std::erase_if(rest, [&](const LawObservation& one) { return one.log2_params == size; });
    const LawDistribution without =
        fit_regression(rest, lr_priors_for(fit.joint, fit.options))
            .predict(std::log2(prediction.params), regression_tokens(prediction.params, prediction.tokens));
    const double shift = without.quantile(0.5) - median;
    if (std::abs(shift) > half)
      prediction.findings.push_back(
          {FindingKind::dominant_size, false,
           fmt::format(
               "without the {} runs the rate would be {:.2g} times this: one size carries the prediction",
               human_amount(std::exp2(size)), std::exp2(shift))});
  }
}

/// A fit of the same data at exactly the batch that is asked for, where two sizes were swept at it.
std::optional<LawFit> refit_at(const LawFit& fit, double batch) {
  const std::vector<LawRun> runs = runs_at_batch(fit.all_runs, batch);
  if (runs.empty() || distinct_sizes(runs).size() < 2) return std::nullopt;
  LawOptions options = fit.options;
  options.batch_mode = BatchMode::fixed;
  options.batch = batch;
  LawFit refit = fit_law(fit.all_runs, options);
  if (refit.refused() || distinct_sizes(refit.runs).size() < 2) return std::nullopt;
  return refit;
}

void check_target(const LawFit& fit, const LawTarget& target) {
  throw_if_refused(fit.findings);
  const auto positive = [](double value) { return value > 0 && std::isfinite(value); };
  if (!positive(target.params)) throw Error("the target's model size is not a positive number");
  if (target.tokens && !positive(*target.tokens))
    throw Error("the target's token count is not a positive number");
  if (target.batch && !positive(*target.batch)) throw Error("the target's batch is not a positive number");
  const bool one_size = !fit.runs.empty() && distinct_sizes(fit.runs).size() == 1;
  if (one_size && !fit.options.exponent_priors && target.params != fit.runs.front().params)
    throw Error(fmt::format(
        "all runs have {} parameters, and without priors nothing says how the best rate changes with "
        "the size: add a second size, or leave the priors on",
        human_amount(fit.runs.front().params)));
}

void check_formula(const LawFit& fit, const LawDistribution& lr, double log2_params, double log2_tokens,
                   std::vector<LawFinding>& findings) {
  constexpr double kApart = 1.05;
  const double formula = fit.lr.formula(log2_params, log2_tokens), median = lr.quantile(0.5);
  if (std::abs(formula - median) <= std::log2(kApart)) return;
  findings.push_back(
      {FindingKind::split_beliefs, false,
       fmt::format(
           "the law's formula gives {} here, {:.2f} times the best guess: its exponents are means over "
           "what they may be, and the best guess is the middle of what then follows",
           rate_text(std::exp2(formula)), std::exp2(formula - median))});
}

/// Moves the rate from the batch that the law is for to the one that is asked for.
LawDistribution along_ridge(const LawFit& fit, const LawDistribution& lr, double octaves,
                            std::vector<LawFinding>& findings) {
  const double ridge = fit.joint && fit.optima.empty() ? fit.bowls.ridge : kUsualRidge;
  if (std::abs(octaves) > 1)
    findings.push_back(
        {FindingKind::off_ridge, false,
         fmt::format("the batch is a factor of {:.3g} from the one that the law is for: the rate is "
                     "moved by {:.2f} octaves for one of batch, which is not exact so far out",
                     std::exp2(std::abs(octaves)), ridge)});
  return moved(lr, ridge * octaves, kRidgeSd * std::abs(octaves));
}

}  // namespace

LawPrediction predict(const LawFit& fit, const LawTarget& target) {
  check_target(fit, target);
  const bool other_batch = target.batch && (fit.joint || std::abs(*target.batch / fit.batch - 1) > 0.02);
  if (other_batch)
    if (const auto refit = refit_at(fit, *target.batch)) {
      LawPrediction prediction = predict(*refit, target);
      prediction.findings.push_back(
          {FindingKind::own_batch, false,
           fmt::format("fitted to the {} of {} runs that have this batch (within 2 %), since two sizes were "
                       "swept at it: the law above, which moves the rate with the batch, does not count here",
                       count_runs(refit->runs), count_runs(fit.all_runs))});
      return prediction;
    }

  LawPrediction prediction;
  prediction.params = target.params;
  prediction.tokens = tokens_of(fit, target, prediction.findings);
  const double log2_params = std::log2(prediction.params);
  const double log2_tokens = regression_tokens(prediction.params, prediction.tokens);
  LawDistribution lr = fit.lr.predict(log2_params, log2_tokens);
  std::optional<LawDistribution> batch;
  if (fit.batch_law) {
    batch = fit.batch_law->predict(log2_params, log2_tokens);
    prediction.batch = quantity_of(*batch);
  }
  check_dominance(fit, lr, prediction);
  check_formula(fit, lr, log2_params, log2_tokens, prediction.findings);
  const double own_batch = batch ? prediction.batch->value : fit.batch;
  prediction.batch_used = target.batch.value_or(own_batch);
  const bool moves = target.batch && own_batch > 0;
  if (moves) lr = along_ridge(fit, lr, std::log2(*target.batch / own_batch), prediction.findings);
  prediction.lr = quantity_of(lr);
  if (fit.optima.empty()) {
    prediction.flat_01 = flat_band(fit.bowls.lr, prediction.lr.value, 0.001);
    prediction.flat_025 = flat_band(fit.bowls.lr, prediction.lr.value, 0.0025);
    take_regret(fit.bowls, lr, batch && !moves ? &*batch : nullptr, prediction);
  } else {
    prediction.flat_01 = prediction.flat_025 = {kNotKnown, kNotKnown};
    prediction.expected_regret = prediction.regret_median = prediction.regret_p90 = kNotKnown;
  }
  take_ratios(fit, prediction);
  take_decay(fit, prediction);
  take_others(fit, prediction);
  return prediction;
}

}  // namespace ablate
