#include <algorithm>
#include <cmath>

#include "law/law_core.hpp"
#include "law/names.hpp"

namespace ablate {

namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// Collects how one method does on the scans held out.
class HoldoutScore {
 public:
  HoldoutScore(LawMethod method, std::string name) {
    result_.method = method;
    result_.name = std::move(name);
  }
  void add(const BowlFit& bowls, const ScanOptimum& scan, double lr, std::optional<double> batch) {
    const double dx = std::log2(lr) - scan.lr.optimum;
    const bool both = bowls.joint && batch.has_value();
    const double dy = both ? std::log2(*batch) - scan.batch_axis.optimum : 0;
    const double rise = std::expm1(bowls.rise(dx, dy)), regret = std::min(rise, kKnownRise);
    result_.bounded = result_.bounded && rise <= kKnownRise;
    ++result_.scans;
    result_.lr_error += std::abs(dx);
    result_.batch_error += both ? std::abs(dy) : kUnknown;
    result_.regret += regret;
    result_.worst_regret = std::max(result_.worst_regret, regret);
  }
  void add_interval(const LawDistribution& lr, const ScanOptimum& scan) {
    ++intervals_;
    result_.covered95 += lr.quantile(0.025) < scan.lr.optimum && scan.lr.optimum < lr.quantile(0.975);
  }
  HoldoutResult result() const {
    HoldoutResult means = result_;
    const auto scans = static_cast<double>(means.scans);
    means.lr_error /= scans;
    means.batch_error /= scans;
    means.regret /= scans;
    means.covered95 = intervals_ > 0 ? means.covered95 / intervals_ : kUnknown;
    return means;
  }

 private:
  HoldoutResult result_;
  double intervals_ = 0;
};

HoldoutScore score_own(const LawFit& fit, const LawCore& core, std::span<const ScanOptimum> scans) {
  HoldoutScore score(fit.chosen, to_name(fit.chosen));
  for (const ScanOptimum& scan : scans) {
    const LawDistribution lr = lr_at(core, scan.params, scan.tokens);
    std::optional<double> batch;
    if (core.batch)
      batch =
          std::exp2(core.batch->predict(std::log2(scan.params), regression_tokens(scan.params, scan.tokens))
                        .quantile(0.5));
    score.add(fit.bowls, scan, std::exp2(lr.quantile(0.5)), batch);
    score.add_interval(lr, scan);
  }
  return score;
}

}  // namespace

std::vector<HoldoutResult> leave_largest_out(const LawFit& fit) {
  const std::vector<double> sizes = distinct_sizes(fit.runs);
  if (sizes.size() < 2) return {};
  std::vector<LawRun> smaller;
  for (const LawRun& run : fit.runs)
    if (run.params < sizes.back()) smaller.push_back(run);
  std::vector<ScanOptimum> scans;
  for (const ScanOptimum& scan : fit.bowls.scans)
    if (scan.params == sizes.back()) scans.push_back(scan);
  const LawCore core = fit_core(smaller, fit.joint, fit.options);
  if (!core.lr || scans.empty()) return {};

  std::vector<HoldoutResult> results = {score_own(fit, core, scans).result()};
  for (const BaselineLaw& law : fit_baselines(smaller, fit.joint)) {
    HoldoutScore score(law.method, to_name(law.method));
    for (const ScanOptimum& scan : scans)
      score.add(fit.bowls, scan, law.lr.at(scan.params, scan.tokens),
                law.batch ? std::optional(law.batch->at(scan.params, scan.tokens)) : std::nullopt);
    results.push_back(score.result());
  }
  for (const PublishedLaw& law : published_laws()) {
    if (law.at == nullptr) continue;
    HoldoutScore score(LawMethod::published, law.name);
    bool complete = true;
    for (const ScanOptimum& scan : scans) {
      const PublishedValue value = law.at(scan.params, scan.tokens);
      complete = complete && value.lr.has_value();
      if (value.lr) score.add(fit.bowls, scan, *value.lr, value.batch);
    }
    if (complete) results.push_back(score.result());
  }
  return results;
}

}  // namespace ablate
