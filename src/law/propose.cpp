#include "law/propose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "law/bowl_scans.hpp"
#include "law/bracket.hpp"
#include "law/information.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr double kCostExponent = 0.3;  // A gain per full cost would starve the largest sizes.
constexpr double kSameSetting = 0.2;   // log2: closer settings are one.
constexpr double kSearchReach = 2.5;   // Octaves around the supposed optimum that are looked at.

/// Builds a proposal run by run, within the budget.
class ProposalBuilder {
 public:
  ProposalBuilder(const LawFit& fit, const ProposeOptions& options) : fit_(fit), options_(options) {
    note_made();
    allowed_batches();
  }
  Proposal build() {
    bracket_edges();
    if (fit_.bowls.scans.empty()) complete_sweeps();
    if (!fit_.refused()) {
      const LawPrediction target = predict(fit_, options_.target);
      const TargetVariance variance(fit_, target.params, target.tokens);
      know_scans();
      if (!scans_.empty()) {
        sd_scale_ = target.lr.log2_sd / std::sqrt(variance.of_lr(scans_));
        narrow(variance);
      }
    }
    if (proposal_.note.empty()) proposal_.note = why_it_ends();
    return std::move(proposal_);
  }

 private:
  struct Setting {
    double params, tokens, x, y;
  };
  /// What to do next in a scan: one run, or the first rates of one that the fit has not enough of.
  struct Move {
    std::vector<Setting> settings;
    ProposalReason reason = ProposalReason::narrow;
  };
  void note_made();
  void allowed_batches();
  std::optional<double> rate_beyond(const ScanOptimum& scan, double y) const;
  void bracket_edges();
  void complete_sweeps();
  void know_scans();
  void add_runs(double batch, ScanKnowledge& scan) const;
  void add_candidate(double params, double tokens);
  void cover_largest(const TargetVariance& variance);
  void take_bracket(ProposedRun& bracket, const TargetVariance& variance);
  void narrow(const TargetVariance& variance);
  bool add_best(const TargetVariance& variance);
  Move best_move(const ScanKnowledge& scan) const;
  Move first_rates(const ScanKnowledge& scan) const;
  ScanKnowledge after(const ScanKnowledge& scan, const Move& move) const;
  double flops_of(const Setting& setting);
  double flops_of(const ScanKnowledge& scan) {
    return flops_of(Setting{scan.params, scan.tokens, 0, scan.y});
  }
  bool fits(const Move& move);
  void make(std::size_t scan, const Move& move, const TargetVariance& variance);
  bool is_new(const Setting& setting) const;
  bool affordable(double flops) const { return proposal_.flops + flops <= options_.budget_flops; }
  bool add(const Setting& setting, ProposalReason reason);
  std::string why_it_ends() const;

  const LawFit& fit_;
  const ProposeOptions& options_;
  std::map<std::tuple<double, double, double>, double> flops_;  // Of params, tokens, y: asked for once.
  std::vector<Setting> made_;
  std::vector<double> batches_;  // log2; one 0 where batches are unknown.
  std::vector<ScanKnowledge> scans_;
  std::vector<std::optional<Move>> moves_;  // Of each scan; nothing: to be looked for.
  double sd_scale_ = 1;  // From TargetVariance's to that of the forecast, which integrates over spreads.
  double cheapest_ =
      std::numeric_limits<double>::infinity();  // FLOPs of a move that the budget does not hold.
  Proposal proposal_;
};

void ProposalBuilder::note_made() {
  for (const LawRun& run : fit_.runs)
    made_.push_back({run.params, run.tokens, std::log2(run.lr), run.batch > 0 ? std::log2(run.batch) : 0});
}

void ProposalBuilder::allowed_batches() {
  std::set<double> batches(options_.batches.begin(), options_.batches.end());
  if (batches.empty())
    for (const LawRun& run : fit_.runs) batches.insert(run.batch);
  for (const double batch : batches) batches_.push_back(batch > 0 ? std::log2(batch) : 0);
}

double ProposalBuilder::flops_of(const Setting& setting) {
  double& flops = flops_[{setting.params, setting.tokens, setting.y}];
  if (flops == 0)
    flops = options_.flops(setting.params, setting.tokens, setting.y == 0 ? 0 : std::exp2(setting.y));
  return flops;
}

bool ProposalBuilder::is_new(const Setting& setting) const {
  return std::none_of(made_.begin(), made_.end(), [&](const Setting& made) {
    return made.params == setting.params && made.tokens == setting.tokens &&
           std::abs(made.x - setting.x) < kSameSetting && std::abs(made.y - setting.y) < kSameSetting;
  });
}

bool ProposalBuilder::add(const Setting& setting, ProposalReason reason) {
  const double flops = flops_of(setting);
  if (!affordable(flops) || !is_new(setting) || proposal_.runs.size() >= options_.max_runs) return false;
  made_.push_back(setting);
  proposal_.flops += flops;
  proposal_.runs.push_back({setting.params, setting.tokens, std::exp2(setting.x),
                            setting.y == 0 ? 0 : std::exp2(setting.y), flops, reason, 0});
  return true;
}

/// The rate that next_rate() would try beyond the best of a scan's runs at batch 2^y.
std::optional<double> ProposalBuilder::rate_beyond(const ScanOptimum& scan, double y) const {
  std::vector<SweepPoint> points = {{std::exp2(scan.lr.argmin), scan.lowest_loss}};
  for (const LawRun& run : fit_.runs)
    if (run.params == scan.params && run.tokens == scan.tokens &&
        (run.batch == 0 || std::abs(std::log2(run.batch) - y) < kSameSetting))
      points.push_back({run.lr, run.diverged ? std::nan("") : run.loss});
  SweepLimits limits;
  (scan.lr.edge == LawEdge::high ? limits.lr_min : limits.lr_max) = points.front().lr;
  return next_rate(points, points.front().lr, limits);
}

/// One factor of two outside the range tried, at the best run's other setting. A batch grows only within what
/// is allowed.
void ProposalBuilder::bracket_edges() {
  for (const ScanOptimum& scan : fit_.bowls.scans) {
    const double y = fit_.joint ? scan.batch_axis.argmin : (scan.batch > 0 ? std::log2(scan.batch) : 0);
    if (scan.lr.edge != LawEdge::none)
      if (const auto lr = rate_beyond(scan, y))
        add({scan.params, scan.tokens, std::log2(*lr), y}, ProposalReason::bracket);
    if (!fit_.joint || scan.batch_axis.edge == LawEdge::none) continue;
    const bool high = scan.batch_axis.edge == LawEdge::high;
    const double beyond = high ? scan.batch_axis.high + 1 : scan.batch_axis.low - 1;
    const auto allowed = [&](double batch) { return std::abs(batch - beyond) < 0.5; };
    if (options_.batches.empty() || std::any_of(batches_.begin(), batches_.end(), allowed))
      add({scan.params, scan.tokens, scan.lr.argmin + fit_.bowls.ridge * (beyond - y), beyond},
          ProposalReason::bracket);
  }
}

/// Where no scan has three rates: rates on either side of each scan's best, until it has.
void ProposalBuilder::complete_sweeps() {
  for (const ScanRuns& scan : group_scans(fit_.runs, fit_.joint)) {
    const LawRun& best = fit_.runs[scan.lowest];
    std::vector<SweepPoint> points = {{best.lr, best.loss}};
    for (const std::size_t i : scan.all)
      if (fit_.runs[i].batch == best.batch)
        points.push_back({fit_.runs[i].lr, fit_.runs[i].diverged ? std::nan("") : fit_.runs[i].loss});
    for (std::size_t rates = distinct_values(fit_.runs, scan.all, &LawRun::lr).size(); rates < 3; ++rates) {
      const auto lr = next_rate(points, best.lr, {});
      if (!lr) break;
      add({best.params, best.tokens, std::log2(*lr), best.batch > 0 ? std::log2(best.batch) : 0},
          ProposalReason::bracket);
      points.push_back({*lr, std::nan("")});
    }
  }
}

/// The runs made of a scan; `batch` 0: of all batches.
void ProposalBuilder::add_runs(double batch, ScanKnowledge& scan) const {
  for (const LawRun& run : fit_.runs)
    if (run.params == scan.params && run.tokens == scan.tokens && (batch == 0 || run.batch == batch))
      scan.runs.push_back(run);
  take_runs(fit_, scan);
}

void ProposalBuilder::add_candidate(double params, double tokens) {
  const auto same = [&](const ScanKnowledge& scan) { return scan.params == params && scan.tokens == tokens; };
  if (params > options_.target.params || std::any_of(scans_.begin(), scans_.end(), same)) return;
  ScanKnowledge scan{.params = params, .tokens = tokens};
  const double log2_params = std::log2(params), log2_tokens = regression_tokens(params, tokens);
  scan.x = fit_.lr.predict(log2_params, log2_tokens).mean();
  scan.y = fit_.batch_law ? fit_.batch_law->predict(log2_params, log2_tokens).mean() : batches_.front();
  add_runs(fit_.joint ? 0 : fit_.batch, scan);
  if (!scan.runs.empty())
    scan.lowest_loss =
        std::min_element(scan.runs.begin(), scan.runs.end(), [](const LawRun& a, const LawRun& b) {
          return !a.diverged && (b.diverged || a.loss < b.loss);
        })->loss;
  scans_.push_back(std::move(scan));
}

void ProposalBuilder::know_scans() {
  for (const ScanOptimum& found : fit_.bowls.scans) {
    ScanKnowledge scan{.params = found.params, .tokens = found.tokens};
    scan.x = found.lr.optimum;
    scan.y = fit_.joint ? found.batch_axis.optimum : (found.batch > 0 ? std::log2(found.batch) : 0);
    scan.lowest_loss = found.fitted_loss;
    add_runs(found.batch, scan);
    scans_.push_back(std::move(scan));
  }
  // Sizes in the data that the fit leaves out for want of rates, and those that nobody has swept.
  for (const LawRun& run : fit_.runs) add_candidate(run.params, run.tokens);
  for (const LawCandidate& candidate : options_.candidates) add_candidate(candidate.params, candidate.tokens);
  moves_.resize(scans_.size());
}

/// Rates around the supposed optimum, an octave apart, of which the fit needs three.
ProposalBuilder::Move ProposalBuilder::first_rates(const ScanKnowledge& scan) const {
  const auto distance = [&](double y) { return std::abs(y - scan.y); };
  const double y = fit_.joint
                       ? *std::min_element(batches_.begin(), batches_.end(),
                                           [&](double a, double b) { return distance(a) < distance(b); })
                       : scan.y;
  const double centre = scan.x + (fit_.joint ? fit_.bowls.ridge * (y - scan.y) : 0);
  Move move{{}, ProposalReason::cover};
  for (const double octaves : {0.0, -1.0, 1.0}) {
    const double x = std::round((centre + octaves) / options_.rate_step) * options_.rate_step;
    const Setting setting{scan.params, scan.tokens, x, y};
    if (is_new(setting)) move.settings.push_back(setting);
  }
  return move;
}

ScanKnowledge ProposalBuilder::after(const ScanKnowledge& scan, const Move& move) const {
  ScanKnowledge known = scan;
  for (const Setting& setting : move.settings) known = with_run(fit_, known, setting.x, setting.y);
  return known;
}

/// The move that leaves least of a scan's own uncertainty, weighted by what the axes cost in loss. Without
/// settings: the fit would take none.
ProposalBuilder::Move ProposalBuilder::best_move(const ScanKnowledge& scan) const {
  const auto left = [&](const ScanKnowledge& known) {
    return fit_.bowls.lr.k * known.variance_x() + (fit_.joint ? fit_.bowls.batch.k * known.variance_y() : 0);
  };
  Move best;
  double least = left(scan);
  const double step = options_.rate_step;
  const std::span<const double> batches = fit_.joint ? std::span(batches_) : std::span(&scan.y, 1);
  for (const double y : batches)
    for (double x = std::round((scan.x - kSearchReach) / step) * step; x <= scan.x + kSearchReach;
         x += step) {
      const Setting setting{scan.params, scan.tokens, x, y};
      if (!is_new(setting)) continue;
      const double rest = left(with_run(fit_, scan, x, y));
      if (rest < least) least = rest, best = {{setting}, ProposalReason::narrow};
    }
  if (!best.settings.empty() || !scan.information.isZero()) return best;
  Move first = first_rates(scan);
  return left(after(scan, first)) < least ? first : best;
}

bool ProposalBuilder::fits(const Move& move) {
  double flops = 0;
  for (const Setting& setting : move.settings) flops += flops_of(setting);
  return affordable(flops) && proposal_.runs.size() + move.settings.size() <= options_.max_runs;
}

void ProposalBuilder::make(std::size_t scan, const Move& move, const TargetVariance& variance) {
  for (const Setting& setting : move.settings) {
    if (!add(setting, move.reason)) continue;
    scans_[scan] = with_run(fit_, scans_[scan], setting.x, setting.y);
    proposal_.log2_sd_after = sd_scale_ * std::sqrt(variance.of_lr(scans_));
    proposal_.runs.back().log2_sd_after = proposal_.log2_sd_after;
  }
  moves_[scan].reset();
}

/// Three rates at the largest size that is not yet swept and of which three runs take at most half of what is
/// left: the law must be seen as near to the target as the budget goes.
void ProposalBuilder::cover_largest(const TargetVariance& variance) {
  const ScanKnowledge* largest = nullptr;
  const double left = options_.budget_flops - proposal_.flops;
  for (const ScanKnowledge& scan : scans_)
    if (3 * flops_of(scan) <= left / 2 &&
        (largest == nullptr ||
         std::pair(scan.params, scan.tokens) > std::pair(largest->params, largest->tokens)))
      largest = &scan;
  if (largest == nullptr || !largest->information.isZero()) return;
  const Move move = first_rates(*largest);
  if (fits(move) && !after(*largest, move).information.isZero())
    make(static_cast<std::size_t>(largest - scans_.data()), move, variance);
}

bool ProposalBuilder::add_best(const TargetVariance& variance) {
  constexpr double kLeastGain = 0.002;  // Of the target's expected rise, for one run.
  const double before = variance.expected_rise(scans_);
  double best_gain = 0;
  std::size_t best = scans_.size();
  for (std::size_t i = 0; i < scans_.size(); ++i) {
    const double flops = flops_of(scans_[i]);
    if (!moves_[i]) moves_[i] = best_move(scans_[i]);
    const Move& move = *moves_[i];
    if (move.settings.empty()) continue;
    const auto count = static_cast<double>(move.settings.size());
    const ScanKnowledge kept = std::exchange(scans_[i], after(scans_[i], move));
    const double gained = before - variance.expected_rise(scans_);
    scans_[i] = kept;
    if (gained < kLeastGain * count * before) continue;
    if (!fits(move)) {
      cheapest_ = std::min(cheapest_, count * flops);
      continue;
    }
    const double gain = gained / std::pow(count * flops, kCostExponent);
    if (gain > best_gain) best_gain = gain, best = i;
  }
  if (best == scans_.size()) return false;
  make(best, Move(*moves_[best]), variance);
  return true;
}

/// A bracket is made whatever its loss: either it is the new best, or it closes the edge.
void ProposalBuilder::take_bracket(ProposedRun& bracket, const TargetVariance& variance) {
  const double x = std::log2(bracket.lr), y = bracket.batch > 0 ? std::log2(bracket.batch) : 0;
  for (ScanKnowledge& scan : scans_)
    if (scan.params == bracket.params && scan.tokens == bracket.tokens && (fit_.joint || scan.y == y))
      scan = with_loss(fit_, scan, x, y, expected_loss(fit_.bowls, scan, x, y));
  proposal_.log2_sd_after = bracket.log2_sd_after = sd_scale_ * std::sqrt(variance.of_lr(scans_));
}

void ProposalBuilder::narrow(const TargetVariance& variance) {
  proposal_.log2_sd_before = proposal_.log2_sd_after = sd_scale_ * std::sqrt(variance.of_lr(scans_));
  for (ProposedRun& bracket : proposal_.runs) take_bracket(bracket, variance);
  cover_largest(variance);
  while (proposal_.runs.size() < options_.max_runs && add_best(variance)) {
  }
}

std::string ProposalBuilder::why_it_ends() const {
  if (proposal_.runs.size() >= options_.max_runs) return "the largest number of runs is reached";
  if (std::isfinite(cheapest_))
    return fmt::format(
        "the budget has {:.3g} FLOPs left, and the cheapest runs that would tell more take {:.3g}",
        options_.budget_flops - proposal_.flops, cheapest_);
  if (fit_.refused())
    return proposal_.runs.empty()
               ? "no law can be fitted to these runs, and none of their sizes has a best rate "
                 "at an edge to look beyond: sweep three rates around the best of each size"
               : "more can be said when these are made";
  return "more runs of these sizes would hardly narrow the interval; a size nearer to the target would";
}

}  // namespace

double six_n_d(double params, double tokens, double) {
  return 6 * params * (tokens > 0 ? tokens : 20 * params);
}

Proposal propose_runs(const LawFit& fit, const ProposeOptions& options) {
  const auto positive = [](double value) { return value > 0 && std::isfinite(value); };
  if (!positive(options.target.params)) throw Error("the target's model size is not a positive number");
  if (!positive(options.budget_flops)) throw Error("the budget is not a positive number of operations");
  if (!positive(options.rate_step)) throw Error("the step between rates is not a positive number of octaves");
  if (!fit.optima.empty()) throw Error("runs can be proposed from runs, not from a table of optima");
  return ProposalBuilder(fit, options).build();
}

}  // namespace ablate
