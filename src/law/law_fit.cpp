#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "law/law_core.hpp"
#include "law/names.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

/// What more than half of the runs have, of which some may have none; NaN: there is no such value.
double value_of_most(const std::vector<double>& values, std::size_t runs) {
  std::map<std::string, std::size_t> counts;  // Six digits: one rule is one value, whatever its rounding.
  for (const double value : values)
    if (2 * ++counts[fmt::format("{:.6g}", value)] > runs) return value;
  return std::numeric_limits<double>::quiet_NaN();
}

LawDecay decay_of(const std::vector<LawRun>& runs) {
  std::vector<double> lambdas, per_step;
  for (const LawRun& run : runs) {
    if (std::isnan(run.weight_decay)) continue;
    lambdas.push_back(run.weight_decay);
    per_step.push_back(run.weight_decay * run.lr);
  }
  if (lambdas.empty()) return {};
  const double lambda = value_of_most(lambdas, runs.size()), step = value_of_most(per_step, runs.size());
  if (!std::isnan(lambda)) return {DecaySource::lambda, lambda};
  if (!std::isnan(step)) return {DecaySource::per_step, step};
  return {.source = DecaySource::mixed};
}

void append(std::vector<LawFinding>& findings, std::vector<LawFinding> more) {
  findings.insert(findings.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

void take_regressions(LawFit& fit, const LawCore& core) {
  fit.lr = *core.lr;
  fit.batch_law = core.batch;
  fit.bend = bend_in_params(core.lr_observations, lr_priors_for(fit.joint, fit.options));
}

std::string regret_words(const HoldoutResult& result) {
  return fmt::format("{}{:.3f} %", result.bounded ? "" : "more than ", 100 * result.regret);
}

/// Why the law is the one in `chosen`: what decided, and how it did on the largest size.
std::string reason(const LawFit& fit, const std::string& batches) {
  std::string text = fmt::format("{}: {}", to_name(fit.chosen), batches);
  const HoldoutResult* own = nullptr;
  const HoldoutResult* mm1 = nullptr;
  for (const HoldoutResult& result : fit.holdout) {
    if (result.method == fit.chosen) own = &result;
    if (result.method == LawMethod::mm1) mm1 = &result;
  }
  if (own == nullptr) return text + "; too few sizes to hold one out";
  text += fmt::format("; without the largest size it forecast that size's {} to {} of loss",
                      own->scans == 1 ? "scan" : fmt::format("{} scans", own->scans), regret_words(*own));
  if (mm1 != nullptr) text += fmt::format(" (MM1's recipe {})", regret_words(*mm1));
  return text;
}

/// The first line through the data that a reader would trust less than the simplest of the others.
void compare_with_baselines(LawFit& fit) {
  constexpr double kTellable = 0.001;  // Differences of loss below this are noise between runs.
  const HoldoutResult* own = nullptr;
  for (const HoldoutResult& result : fit.holdout)
    if (result.method == fit.chosen) own = &result;
  if (own == nullptr) return;
  for (const HoldoutResult& result : fit.holdout)
    if (result.method != LawMethod::published && result.bounded && result.regret < own->regret - kTellable)
      fit.findings.push_back({FindingKind::baseline_better, false,
                              fmt::format("{} forecast the largest size better: {} above its best loss "
                                          "against {}",
                                          result.name, regret_words(result), regret_words(*own))});
}

}  // namespace

bool LawFit::refused() const {
  return std::any_of(findings.begin(), findings.end(), [](const LawFinding& one) { return one.refuses; });
}

LawFit fit_law(std::vector<LawRun> runs, const LawOptions& options) {
  LawFit fit;
  fit.options = options;
  CleanRuns clean = clean_runs(std::move(runs));
  fit.findings = std::move(clean.findings);
  fit.all_runs = std::move(clean.runs);
  if (fit.refused()) return fit;
  BatchChoice choice = choose_batch(fit.all_runs, options);
  append(fit.findings, std::move(choice.findings));
  fit.runs = std::move(choice.runs);
  fit.joint = choice.joint;
  fit.batch = choice.batch;
  fit.chosen = fit.joint ? LawMethod::bowl_joint : LawMethod::bowl_fixed_batch;
  fit.decay = decay_of(fit.runs);
  const LawCore core = fit_core(fit.runs, fit.joint, options);
  fit.bowls = core.bowls;
  append(fit.findings, check_fit(fit, core));
  if (fit.refused()) return fit;
  take_regressions(fit, core);
  fit.baselines = fit_baselines(fit.runs, fit.joint);
  fit.holdout = leave_largest_out(fit);
  compare_with_baselines(fit);
  fit.why = reason(fit, choice.why);
  return fit;
}

LawFit fit_law(std::vector<LawOptimum> optima, const LawOptions& options) {
  if (optima.empty()) throw Error("there are no optima");
  LawFit fit;
  fit.options = options;
  fit.chosen = LawMethod::optima_table;
  std::stable_sort(optima.begin(), optima.end(), [](const LawOptimum& a, const LawOptimum& b) {
    return std::pair(a.params, a.tokens) < std::pair(b.params, b.tokens);
  });
  const auto other_batch = [&](const LawOptimum& one) { return one.batch != optima.front().batch; };
  fit.joint = options.batch_mode != BatchMode::fixed && optima.front().batch > 0 &&
              std::any_of(optima.begin(), optima.end(), other_batch);
  fit.batch = fit.joint ? 0 : optima.front().batch;
  const LawCore core = fit_core(optima, fit.joint, options);
  fit.optima = std::move(optima);
  append(fit.findings, check_fit(fit, core));
  take_regressions(fit, core);
  fit.baselines = fit_baselines(fit.optima);
  fit.why = fmt::format("{}: {} optima were given, not runs", to_name(fit.chosen), fit.optima.size());
  return fit;
}

}  // namespace ablate
