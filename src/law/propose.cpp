#include "law/propose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>

#include "law/information.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr double kCostExponent = 0.3;  // A gain per full cost would starve the largest sizes.
constexpr double kSameSetting = 0.2;   // log2: closer settings are one.
constexpr double kSearchReach = 2.5;   // Octaves around the supposed optimum that are looked at.

double flops_of(double params, double tokens) { return 6 * params * (tokens > 0 ? tokens : 20 * params); }

/// Builds a proposal run by run, within the budget.
class ProposalBuilder {
 public:
  ProposalBuilder(const LawFit& fit, const ProposeOptions& options) : fit_(fit), options_(options) {
    note_made();
    allowed_batches();
  }
  Proposal build() {
    bracket_edges();
    if (!fit_.refused()) {
      const LawPrediction target = predict(fit_, options_.target);
      const TargetVariance variance(fit_, target.params, target.tokens);
      know_cells();
      if (!cells_.empty()) narrow(variance);
    }
    if (proposal_.note.empty()) proposal_.note = "nothing else helps within the budget";
    return std::move(proposal_);
  }

 private:
  struct Setting {
    double params, tokens, x, y;
  };
  void note_made();
  void allowed_batches();
  std::optional<double> rate_beyond(const CellOptimum& cell, double y) const;
  void bracket_edges();
  void know_cells();
  void add_candidate(double params, double tokens);
  void cover_largest(const TargetVariance& variance);
  void note_sd(const TargetVariance& variance);
  void narrow(const TargetVariance& variance);
  bool add_best(const TargetVariance& variance);
  Setting best_setting(const CellKnowledge& cell) const;
  bool is_new(const Setting& setting) const;
  bool affordable(double flops) const { return proposal_.flops + flops <= options_.budget_flops; }
  bool add(const Setting& setting, ProposalReason reason);

  const LawFit& fit_;
  const ProposeOptions& options_;
  std::vector<Setting> made_;
  std::vector<double> batches_;  // log2; one 0 where batches are unknown.
  std::vector<CellKnowledge> cells_;
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

bool ProposalBuilder::is_new(const Setting& setting) const {
  return std::none_of(made_.begin(), made_.end(), [&](const Setting& made) {
    return made.params == setting.params && made.tokens == setting.tokens &&
           std::abs(made.x - setting.x) < kSameSetting && std::abs(made.y - setting.y) < kSameSetting;
  });
}

bool ProposalBuilder::add(const Setting& setting, ProposalReason reason) {
  const double flops = flops_of(setting.params, setting.tokens);
  if (!affordable(flops) || !is_new(setting) || proposal_.runs.size() >= options_.max_runs) return false;
  made_.push_back(setting);
  proposal_.flops += flops;
  proposal_.runs.push_back({setting.params, setting.tokens, std::exp2(setting.x),
                            setting.y == 0 ? 0 : std::exp2(setting.y), flops, reason, 0});
  return true;
}

/// The rate that next_rate() would try beyond the best of a cell's runs at batch 2^y.
std::optional<double> ProposalBuilder::rate_beyond(const CellOptimum& cell, double y) const {
  std::vector<SweepPoint> points = {{std::exp2(cell.lr.argmin), cell.lowest_loss}};
  for (const LawRun& run : fit_.runs)
    if (run.params == cell.params && run.tokens == cell.tokens &&
        (run.batch == 0 || std::abs(std::log2(run.batch) - y) < kSameSetting))
      points.push_back({run.lr, run.diverged ? std::nan("") : run.loss});
  SweepLimits limits;
  (cell.lr.edge == LawEdge::high ? limits.lr_min : limits.lr_max) = points.front().lr;
  return next_rate(points, points.front().lr, limits);
}

/// One factor of two outside the range tried, at the best run's other setting. A batch grows only within what
/// is allowed.
void ProposalBuilder::bracket_edges() {
  for (const CellOptimum& cell : fit_.bowls.cells) {
    const double y = fit_.joint ? cell.batch_axis.argmin : (cell.batch > 0 ? std::log2(cell.batch) : 0);
    if (cell.lr.edge != LawEdge::none)
      if (const auto lr = rate_beyond(cell, y))
        add({cell.params, cell.tokens, std::log2(*lr), y}, ProposalReason::bracket);
    if (!fit_.joint || cell.batch_axis.edge == LawEdge::none) continue;
    const bool high = cell.batch_axis.edge == LawEdge::high;
    const double beyond = high ? cell.batch_axis.high + 1 : cell.batch_axis.low - 1;
    const auto allowed = [&](double batch) { return std::abs(batch - beyond) < 0.5; };
    if (options_.batches.empty() || std::any_of(batches_.begin(), batches_.end(), allowed))
      add({cell.params, cell.tokens, cell.lr.argmin + fit_.bowls.ridge * (beyond - y), beyond},
          ProposalReason::bracket);
  }
}

void ProposalBuilder::add_candidate(double params, double tokens) {
  const auto same = [&](const CellKnowledge& cell) { return cell.params == params && cell.tokens == tokens; };
  if (params > options_.target.params || std::any_of(cells_.begin(), cells_.end(), same)) return;
  CellKnowledge cell{.params = params, .tokens = tokens};
  const double log2_params = std::log2(params), log2_tokens = regression_tokens(params, tokens);
  cell.x = fit_.lr.predict(log2_params, log2_tokens).mean();
  cell.y = fit_.batch_law ? fit_.batch_law->predict(log2_params, log2_tokens).mean() : batches_.front();
  cells_.push_back(cell);
}

void ProposalBuilder::know_cells() {
  for (const CellOptimum& found : fit_.bowls.cells) {
    CellKnowledge cell{.params = found.params, .tokens = found.tokens};
    cell.x = found.lr.optimum;
    cell.y = fit_.joint ? found.batch_axis.optimum : (found.batch > 0 ? std::log2(found.batch) : 0);
    if (found.lr.edge != LawEdge::none) cell.edge_se_x = found.lr.se;
    if (found.batch_axis.edge != LawEdge::none) cell.edge_se_y = found.batch_axis.se;
    for (const BowlResidual& used : fit_.bowls.residuals) {
      const LawRun& run = fit_.runs[used.run];
      if (run.params == found.params && run.tokens == found.tokens &&
          (fit_.joint || run.batch == found.batch))
        cell.information += run.weight * run_information(fit_.bowls, cell, std::log2(run.lr),
                                                         std::log2(std::max(run.batch, 1.0)));
    }
    cells_.push_back(cell);
  }
  for (const LawCandidate& candidate : options_.candidates) add_candidate(candidate.params, candidate.tokens);
}

/// The new setting of a cell that leaves least of its own uncertainty, weighted by what the axes cost in
/// loss.
ProposalBuilder::Setting ProposalBuilder::best_setting(const CellKnowledge& cell) const {
  Setting best{cell.params, cell.tokens, 0, -1};
  double least = std::numeric_limits<double>::infinity();
  const double step = options_.rate_step;
  const std::span<const double> batches = fit_.joint ? std::span(batches_) : std::span(&cell.y, 1);
  for (const double y : batches)
    for (double x = std::round((cell.x - kSearchReach) / step) * step; x <= cell.x + kSearchReach;
         x += step) {
      const Setting setting{cell.params, cell.tokens, x, y};
      if (!is_new(setting)) continue;
      CellKnowledge after = cell;
      after.information += run_information(fit_.bowls, cell, x, y);
      const double left =
          fit_.bowls.lr.k * after.variance_x() + (fit_.joint ? fit_.bowls.batch.k * after.variance_y() : 0);
      if (left < least) least = left, best = setting;
    }
  return best;
}

/// Three rates at the largest size that is not yet swept and of which three runs take at most half of what is
/// left: the law must be seen as near to the target as the budget goes.
void ProposalBuilder::cover_largest(const TargetVariance& variance) {
  const CellKnowledge* largest = nullptr;
  const double left = options_.budget_flops - proposal_.flops;
  for (const CellKnowledge& cell : cells_)
    if (3 * flops_of(cell.params, cell.tokens) <= left / 2 &&
        (largest == nullptr ||
         std::pair(cell.params, cell.tokens) > std::pair(largest->params, largest->tokens)))
      largest = &cell;
  if (largest == nullptr || !largest->information.isZero()) return;
  const auto distance = [&](double y) { return std::abs(y - largest->y); };
  const double y = fit_.joint
                       ? *std::min_element(batches_.begin(), batches_.end(),
                                           [&](double a, double b) { return distance(a) < distance(b); })
                       : batches_.front();
  CellKnowledge& cell = cells_[static_cast<std::size_t>(largest - cells_.data())];
  const double centre = cell.x + (fit_.joint ? fit_.bowls.ridge * (y - cell.y) : 0);
  for (const double octaves : {0.0, -1.0, 1.0}) {
    const double x = std::round((centre + octaves) / options_.rate_step) * options_.rate_step;
    if (!add({cell.params, cell.tokens, x, y}, ProposalReason::cover)) continue;
    cell.information += run_information(fit_.bowls, cell, x, y);
    note_sd(variance);
  }
}

/// What is known of the target once the last run is made.
void ProposalBuilder::note_sd(const TargetVariance& variance) {
  proposal_.log2_sd_after = std::sqrt(variance.of_lr(cells_));
  proposal_.runs.back().log2_sd_after = proposal_.log2_sd_after;
}

bool ProposalBuilder::add_best(const TargetVariance& variance) {
  const double before = variance.expected_rise(cells_);
  double best_gain = 0;
  std::size_t best_cell = cells_.size();
  Setting best{};
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const double flops = flops_of(cells_[i].params, cells_[i].tokens);
    if (!affordable(flops)) continue;
    const Setting setting = best_setting(cells_[i]);
    if (setting.y < 0) continue;
    const CellKnowledge kept = cells_[i];
    cells_[i].information += run_information(fit_.bowls, kept, setting.x, setting.y);
    const double gain = (before - variance.expected_rise(cells_)) / std::pow(flops, kCostExponent);
    cells_[i] = kept;
    if (gain > best_gain) best_gain = gain, best_cell = i, best = setting;
  }
  if (best_cell == cells_.size() || !add(best, ProposalReason::narrow)) return false;
  CellKnowledge& cell = cells_[best_cell];
  cell.information += run_information(fit_.bowls, cell, best.x, best.y);
  return true;
}

void ProposalBuilder::narrow(const TargetVariance& variance) {
  constexpr double kLeastGain = 0.002;  // Of the target's variance, for one run.
  proposal_.log2_sd_before = proposal_.log2_sd_after = std::sqrt(variance.of_lr(cells_));
  cover_largest(variance);
  while (proposal_.runs.size() < options_.max_runs) {
    const double before = variance.expected_rise(cells_);
    if (!add_best(variance)) break;
    note_sd(variance);
    if (variance.expected_rise(cells_) > (1 - kLeastGain) * before) {
      proposal_.note = "more runs of these sizes hardly narrow the target's interval";
      break;
    }
  }
  if (proposal_.runs.size() >= options_.max_runs) proposal_.note = "the largest number of runs is reached";
  for (ProposedRun& run : proposal_.runs)
    if (run.log2_sd_after == 0) run.log2_sd_after = proposal_.log2_sd_before;
}

}  // namespace

Proposal propose_runs(const LawFit& fit, const ProposeOptions& options) {
  const auto positive = [](double value) { return value > 0 && std::isfinite(value); };
  if (!positive(options.target.params)) throw Error("the target's model size is not a positive number");
  if (!positive(options.budget_flops)) throw Error("the budget is not a positive number of operations");
  if (!positive(options.rate_step)) throw Error("the step between rates is not a positive number of octaves");
  if (!fit.optima.empty()) throw Error("runs can be proposed from runs, not from a table of optima");
  return ProposalBuilder(fit, options).build();
}

}  // namespace ablate
