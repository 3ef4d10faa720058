// The law of the best learning rate and batch size: fitted by all methods side by side, asked for a target.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "law/baselines.hpp"
#include "law/bowl.hpp"
#include "law/findings.hpp"
#include "law/hierarchy.hpp"
#include "law/runs.hpp"

namespace ablate {

/// Names: law/names.hpp.
enum class BatchMode {
  automatic,  ///< Tuned where three or more batches were tried in at least half of the scans, else fixed.
  tuned,      ///< The best batch is part of the law.
  fixed,      ///< One batch for all: LawOptions::batch, or the one with the most runs.
};

struct LawOptions {
  BatchMode batch_mode = BatchMode::automatic;
  std::optional<double> batch;  ///< Tokens a step of BatchMode::fixed; runs with others are left out.
  bool exponent_priors = true;  ///< False: nothing that other searches found counts.
  BowlOptions bowl;             ///< Window; `joint` is set from the mode.
};

/// How well a method forecasts the scans of the largest size when it has not seen them.
struct HoldoutResult {
  LawMethod method = LawMethod::bowl_joint;
  std::string name;  ///< Of a published law; else the method's.
  std::size_t scans = 0;
  double lr_error = 0;     ///< Mean |log2(predicted / fitted optimum)|.
  double batch_error = 0;  ///< Likewise; NaN where the method gives no batch.
  double regret = 0;       ///< Mean rise of loss (fraction) at the prediction by the bowl; a method without
                           ///< batch gets the scan's best.
  double worst_regret = 0;
  /// False: a rise is beyond kKnownRise and counts as that, so both regrets are at least as large.
  bool bounded = true;
  double covered95 = 0;  ///< Share of optima inside the 95 % interval; NaN where there is none.
};

/// Names: law/names.hpp.
enum class DecaySource {
  lambda,    ///< More than half of the runs have this lambda,
  per_step,  ///< or else this lr * lambda, which is how decay is given where it is independent of the rate.
  mixed,     ///< Neither: several, or fewer runs tell theirs.
  unknown,   ///< The runs do not tell.
};
/// The weight decay that goes with a forecast.
struct LawDecay {
  DecaySource source = DecaySource::unknown;
  double value = 0.1;  ///< lambda of PyTorch's AdamW; of source per_step, lr * lambda. Where the runs tell
                       ///< none, what MM1 and most others have.
  double lambda(double lr) const { return source == DecaySource::per_step ? value / lr : value; }
};

/// Everything about one set of runs.
struct LawFit {
  LawOptions options;
  LawMethod chosen = LawMethod::bowl_joint;
  std::string why;                         ///< Why it was chosen, in a sentence with numbers.
  bool joint = false;                      ///< The batch is part of the law.
  double batch = 0;                        ///< The one batch where it is fixed; 0: unknown or tuned.
  std::vector<LawRun> runs;                ///< As fitted: cleaned, and of one batch where that is fixed.
  std::vector<LawRun> all_runs;            ///< Cleaned, all batches: predict() refits at a target's batch.
  std::vector<LawOptimum> optima;          ///< The input, where it was a table of optima.
  std::vector<LawFinding> findings;        ///< When one refuses, nothing below is filled but bowls.scans.
  BowlFit bowls;                           ///< Scans with optima and edges; shape; residuals.
  LawRegression lr;                        ///< Exponents, spreads.
  std::optional<LawRegression> batch_law;  ///< Where `joint`.
  LawEstimate bend;                        ///< Of the rate's law in log2 N; see bend_in_params().
  std::vector<BaselineLaw> baselines;
  std::vector<HoldoutResult> holdout;  ///< Largest size left out; empty with fewer than two sizes.
  LawDecay decay;
  bool refused() const;
};

/// Cleans, checks and fits. Data that cannot be fitted come back with a finding that refuses; see
/// throw_if_refused(). Throws Error only for options that contradict the runs (a batch that no run has).
LawFit fit_law(std::vector<LawRun> runs, const LawOptions& options);
/// From a table of optima: the regression and the baselines only. Where no standard errors are given, half a
/// factor of two divided by sqrt(12) stands in: a grid of sqrt(2).
LawFit fit_law(std::vector<LawOptimum> optima, const LawOptions& options);

/// What is to be trained.
struct LawTarget {
  double params = 0;             ///< N. > 0.
  std::optional<double> tokens;  ///< D; else the data's own ratio D/N where that is one, else 20 N.
  /// Tokens a step, when it is not to be chosen: refitted at that batch where two sizes were swept at it,
  /// else moved along the ridge.
  std::optional<double> batch;
};

struct LawInterval {
  double low = 0, high = 0;
};
/// A rate or a batch, with central intervals of its predictive distribution. All as values, not logarithms.
struct LawQuantity {
  double value = 0;    ///< Median.
  double log2_sd = 0;  ///< Standard deviation in octaves.
  LawInterval p50, p80, p95;
};

struct MethodPrediction {
  LawMethod method = LawMethod::mm1;
  std::string name;
  std::optional<double> lr, batch;
};

struct LawPrediction {
  double params = 0, tokens = 0;  ///< The target, with tokens filled in; 0: unknown.
  LawQuantity lr;
  std::optional<LawQuantity> batch;  ///< Where the law gives one.
  double batch_used = 0;             ///< The batch that `lr` is meant for; 0: unknown.
  LawInterval flat_01, flat_025;     ///< Rates whose loss is within 0.1 % and 0.25 % of the best, if lr is.
  /// Mean rise of loss (fraction) over the distribution of the true optimum. Infinite: the distribution is so
  /// wide that the mean rests on rises beyond kKnownRise.
  double expected_regret = 0;
  double regret_median = 0, regret_p90 = 0;  ///< Its quantiles; infinite beyond that rise.
  // All three, and the flat bands, are NaN from a table of optima.
  double params_ratio = 0;    ///< N / largest N in the data.
  double tokens_ratio = 0;    ///< D / largest D in the data; 0: unknown.
  double weight_decay = 0;    ///< lambda of PyTorch's AdamW: w -= lr * lambda * w each step.
  double decay_per_step = 0;  ///< lr * lambda: the same in the independent form.
  double decay_fraction = 0;  ///< AdamW's timescale 1 / (lr lambda) as a share of the steps; 0: unknown.
  std::vector<MethodPrediction> others;  ///< Every other method and published law at this target.
  std::vector<LawFinding> findings;      ///< Extrapolation and what else speaks against relying on it.
};

/// Throws Error for a target that is not positive and finite, when the fit was refused, and for another size
/// than that of the runs where they have only one and exponents have no priors.
LawPrediction predict(const LawFit& fit, const LawTarget& target);

}  // namespace ablate
