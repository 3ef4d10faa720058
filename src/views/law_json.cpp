#include <algorithm>
#include <cmath>

#include "law/names.hpp"
#include "views/law_report.hpp"
#include "views/law_view.hpp"

namespace ablate {

namespace {

Json estimate_json(const LawEstimate& estimate) {
  return {{"value", number_json(estimate.value)},
          {"sd", number_json(estimate.sd)},
          {"low", number_json(estimate.low)},
          {"high", number_json(estimate.high)}};
}

Json regression_json(const LawRegression& law) {
  return {{"at_centre", number_json(std::exp2(law.constant.value))},
          {"centre_params", number_json(std::exp2(law.centre_params))},
          {"centre_tokens", number_json(law.tokens_free ? std::exp2(law.centre_tokens) : 0)},
          {"constant_log2", estimate_json(law.constant)},
          {"params_exponent", estimate_json(law.params_exponent)},
          {"tokens_exponent", estimate_json(law.tokens_exponent)},
          {"params_trust", number_json(law.params_trust)},
          {"tokens_trust", number_json(law.tokens_trust)},
          {"tokens_free", law.tokens_free},
          {"size_sd_log2", estimate_json(law.size_sd)},
          {"scan_sd_log2", estimate_json(law.scan_sd)}};
}

Json bowl_json(const Bowl& bowl) {
  return {{"p", number_json(bowl.p)}, {"q", number_json(bowl.q)}, {"k", number_json(bowl.k)}};
}

/// An axis as values, not logarithms.
Json axis_json(const ScanAxis& axis) {
  return {{"best", number_json(std::exp2(axis.optimum))},
          {"se_log2", number_json(axis.se)},
          {"low", number_json(axis.interval.low == -INFINITY ? NAN : std::exp2(axis.interval.low))},
          {"high", number_json(std::exp2(axis.interval.high))},
          {"tried_low", number_json(std::exp2(axis.low))},
          {"tried_high", number_json(std::exp2(axis.high))},
          {"step_log2", number_json(axis.step)},
          {"lowest_run", number_json(std::exp2(axis.argmin))},
          {"edge", to_name(axis.edge)}};
}

Json scan_json(const ScanOptimum& scan, const LawFit& fit) {
  Json json = {{"params", scan.params},
               {"tokens", scan.tokens},
               {"batch", scan.batch},
               {"runs", scan.runs},
               {"used", scan.used},
               {"rates", scan.rates},
               {"lr", axis_json(scan.lr)},
               {"lowest_loss", number_json(scan.lowest_loss)},
               {"fitted_loss", number_json(scan.fitted_loss)},
               {"lowest_diverged_lr", number_json(scan.lowest_diverged_lr)},
               {"convex", scan.convex}};
  if (fit.joint) json["batch_axis"] = axis_json(scan.batch_axis);
  for (const auto& [name, rise] : {std::pair{"flat_0.1", 0.001}, std::pair{"flat_0.25", 0.0025}}) {
    const auto [left, right] = fit.bowls.lr.band(rise);
    json[name] = {{"low", number_json(std::exp2(scan.lr.optimum + left))},
                  {"high", number_json(std::exp2(scan.lr.optimum + right))}};
  }
  return json;
}

Json line_json(const LawLine& line) {
  return {{"constant", number_json(line.constant)},
          {"params_exponent", number_json(line.params_exponent)},
          {"tokens_exponent", number_json(line.tokens_exponent)}};
}

Json loss_interval_json(const LossInterval& interval) {
  return {{"low", number_json(interval.low)}, {"high", number_json(interval.high)}};
}

}  // namespace

Json number_json(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json findings_json(const std::vector<LawFinding>& findings) {
  Json list = Json::array();
  for (const LawFinding& finding : findings)
    list.push_back(
        {{"kind", to_name(finding.kind)}, {"refuses", finding.refuses}, {"message", finding.message}});
  return list;
}

Json law_json(const LawReport& report) {
  const LawFit& fit = report.fit;
  Json json = {
      {"source", report.name},
      {"notes", report.notes},
      {"runs", count_runs(fit.runs)},
      {"findings", findings_json(fit.findings)},
      {"method", to_name(fit.chosen)},
      {"why", fit.why},
      {"joint", fit.joint},
      {"batch", fit.batch},
      {"weight_decay",
       {{"lambda", fit.decay.source == DecaySource::per_step ? Json(nullptr) : Json(fit.decay.value)},
        {"per_step", fit.decay.source == DecaySource::per_step ? Json(fit.decay.value) : Json(nullptr)},
        {"source", to_name(fit.decay.source)},
        {"convention", "PyTorch's AdamW: w -= lr * lambda * w"}}},
      {"lr_law", regression_json(fit.lr)},
      {"batch_law", fit.batch_law ? regression_json(*fit.batch_law) : Json(nullptr)},
      {"bend", estimate_json(fit.bend)}};
  json["bowl"] = {{"lr", bowl_json(fit.bowls.lr)},
                  {"batch", fit.joint ? bowl_json(fit.bowls.batch) : Json(nullptr)},
                  {"ridge", number_json(fit.bowls.ridge)},
                  {"noise", number_json(fit.bowls.noise)}};
  json["scans"] = Json::array();
  for (const ScanOptimum& scan : fit.bowls.scans) json["scans"].push_back(scan_json(scan, fit));
  json["optima"] = Json::array();
  for (const LawOptimum& optimum : fit.optima)
    json["optima"].push_back({{"params", optimum.params},
                              {"tokens", optimum.tokens},
                              {"lr", optimum.lr},
                              {"batch", optimum.batch},
                              {"lr_se_log2", number_json(optimum.lr_se)}});
  json["residuals"] = Json::array();
  for (const BowlResidual& residual : fit.bowls.residuals)
    if (residual.run < fit.runs.size())
      json["residuals"].push_back({{"run", fit.runs[residual.run].where},
                                   {"scan", residual.scan},
                                   {"log_loss", number_json(residual.residual)}});
  json["methods"] = Json::array();
  for (const BaselineLaw& law : fit.baselines)
    json["methods"].push_back({{"method", to_name(law.method)},
                               {"ln_lr", line_json(law.lr)},
                               {"ln_batch", law.batch ? line_json(*law.batch) : Json(nullptr)}});
  json["published"] = Json::array();
  for (const PublishedLaw& law : published_laws())
    json["published"].push_back(
        {{"name", law.name}, {"source", law.source}, {"formula", law.formula}, {"refusal", law.refusal}});
  json["holdout"] = Json::array();
  for (const HoldoutResult& result : fit.holdout)
    json["holdout"].push_back({{"method", to_name(result.method)},
                               {"name", result.name},
                               {"scans", result.scans},
                               {"lr_error_log2", number_json(result.lr_error)},
                               {"batch_error_log2", number_json(result.batch_error)},
                               {"regret", number_json(result.regret)},
                               {"worst_regret", number_json(result.worst_regret)},
                               {"regret_bounded", result.bounded},
                               {"covered95", number_json(result.covered95)}});
  return json;
}

Json loss_law_json(const LossLawReport& report) {
  const LossLawFit& fit = report.fit;
  Json json = {{"source", report.name},
               {"notes", report.notes},
               {"points", fit.points},
               {"models", fit.models},
               {"law",
                {{"A", fit.law.a},
                 {"B", fit.law.b},
                 {"E", fit.law.e},
                 {"alpha", fit.law.alpha},
                 {"beta", fit.law.beta}}},
               {"intervals", fit.resamples.empty() ? Json(nullptr)
                                                   : Json{{"A", loss_interval_json(fit.a)},
                                                          {"B", loss_interval_json(fit.b)},
                                                          {"E", loss_interval_json(fit.e)},
                                                          {"alpha", loss_interval_json(fit.alpha)},
                                                          {"beta", loss_interval_json(fit.beta)}}},
               {"objective", number_json(fit.objective)},
               {"best_share", number_json(fit.best_share)},
               {"residual_sd", number_json(fit.residual_sd)},
               {"optimal_size_exponent", number_json(optimal_size_exponent(fit.law))},
               {"compute_optimal", Json::array()}};
  for (const ComputeOptimum& best : report.optima)
    json["compute_optimal"].push_back({{"flops", best.flops},
                                       {"params", number_json(best.params)},
                                       {"tokens", number_json(best.tokens)},
                                       {"loss", number_json(best.loss)},
                                       {"params_interval", loss_interval_json(best.params_interval)},
                                       {"tokens_interval", loss_interval_json(best.tokens_interval)},
                                       {"loss_interval", loss_interval_json(best.loss_interval)}});
  return json;
}

}  // namespace ablate
