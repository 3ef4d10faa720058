#include "stats/estimators.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ablate {

namespace {

/// A model of more parameters takes seconds.
constexpr std::size_t kMostParameters = 1000;
/// Of the model in which confounded interactions are looked for, one fit for each.
constexpr std::size_t kMostConfounded = 200;

std::vector<std::size_t> columns_up_to(std::size_t count) {
  std::vector<std::size_t> columns(count);
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  return columns;
}

std::vector<Term> terms_of(const UnitTable& design, std::size_t order, bool with_block) {
  const std::vector<std::size_t> columns = columns_up_to(design.treatment_columns());
  std::vector<Term> terms = terms_up_to(columns, order);
  if (with_block && !design.block.empty()) terms.push_back({design.treatment_columns()});
  return terms;
}

std::vector<std::int32_t> levels_of(const CodedRuns& runs, std::size_t run, std::size_t but) {
  std::vector<std::int32_t> levels;
  for (std::size_t c = 0; c < runs.columns(); ++c)
    if (c != but) levels.push_back(runs.level(run, c));
  return levels;
}

double nan() { return std::numeric_limits<double>::quiet_NaN(); }

/// Of a design with a unit in each cell: no cell mean needs a model.
bool has_all_means(const UnitTable& design, std::size_t order, bool with_block) {
  if (order < design.treatment_columns() || design.cells != design.grid) return false;
  return !with_block || design.block.empty() || (design.crossed && design.blocks_are_seeds);
}

}  // namespace

CellFit::CellFit(const UnitTable& design, std::size_t order, bool with_block) : sizes_(design.units.sizes) {
  const bool blocked = with_block && !design.block.empty();
  runs_ = blocked ? design.with_block() : design.units;
  if (has_all_means(design, order, with_block)) {
    fit_means(design, blocked);
  } else {
    model_ = std::make_unique<LinearModel>(runs_, terms_of(design, order, with_block));
    error_ss_ = model_->error_ss();
    error_df_ = static_cast<double>(model_->error_df());
    error_ms_ = model_->error_ms();
  }
}

std::shared_ptr<const CellFit> CellFit::of(const UnitTable& design, std::size_t order, bool with_block) {
  std::shared_ptr<const CellFit>& fit = (*design.fits)[{order, with_block && !design.block.empty()}];
  if (!fit) fit = std::make_shared<const CellFit>(design, order, with_block);
  return fit;
}

void CellFit::fit_means(const UnitTable& design, bool with_block) {
  Means means;
  std::map<std::vector<std::int32_t>, std::size_t> index;
  std::vector<std::size_t> cell;
  const CodedRuns& units = design.units;
  const double all = std::accumulate(units.y.begin(), units.y.end(), 0.0) / static_cast<double>(units.runs());
  for (std::size_t i = 0; i < units.runs(); ++i) {
    const std::vector<std::int32_t> at = levels_of(units, i, units.columns());
    const auto found = index.try_emplace(at, index.size());
    cell.push_back(found.first->second);
    if (found.second) {
      means.cells.push_back(at);
      means.mean.push_back(0);
      means.count.push_back(0);
    }
    means.mean[cell[i]] += units.y[i];
    ++means.count[cell[i]];
  }
  for (std::size_t c = 0; c < means.mean.size(); ++c) means.mean[c] /= means.count[c];
  std::vector<double> shift(design.blocks, 0), shift_count(design.blocks, 0);
  if (with_block) {
    for (std::size_t i = 0; i < units.runs(); ++i) {
      shift[static_cast<std::size_t>(design.block[i])] += units.y[i] - all;
      ++shift_count[static_cast<std::size_t>(design.block[i])];
    }
    for (std::size_t b = 0; b < shift.size(); ++b) shift[b] /= shift_count[b];
  }
  for (std::size_t i = 0; i < units.runs(); ++i) {
    const double block = with_block ? shift[static_cast<std::size_t>(design.block[i])] : 0;
    residuals_.push_back(units.y[i] - means.mean[cell[i]] - block);
    error_ss_ += residuals_.back() * residuals_.back();
  }
  error_df_ = static_cast<double>(units.runs() - means.cells.size() - (with_block ? design.blocks - 1 : 0));
  const double rounding = static_cast<double>(units.runs()) * std::pow(1e-10 * scale_of(units.y), 2);
  error_ms_ = error_df_ > 0 && error_ss_ > rounding ? error_ss_ / error_df_ : nan();
  means_ = std::move(means);
}

std::optional<LinearEstimate> CellFit::estimate(CellWeights weights) const {
  if (model_) {
    weights.resize(runs_.columns());
    return model_->estimate(weights);
  }
  LinearEstimate found;
  for (std::size_t c = 0; c < means_->cells.size(); ++c) {
    double weight = 1;
    for (std::size_t f = 0; f < sizes_.size(); ++f)
      weight *= weights[f].empty() ? 1 / static_cast<double>(sizes_[f])
                                   : weights[f][static_cast<std::size_t>(means_->cells[c][f])];
    found.value += weight * means_->mean[c];
    found.variance += weight * weight / means_->count[c];
  }
  return found;
}

TermSquares CellFit::squares(const Term& term) const {
  if (model_) return model_->type2(term);
  const std::vector<std::size_t> columns = columns_up_to(sizes_.size());
  const auto terms_with_block = [&](std::size_t order) {
    std::vector<Term> terms = terms_up_to(columns, order);
    if (runs_.columns() > sizes_.size()) terms.push_back({sizes_.size()});
    return terms;
  };
  // Where counts are equal, as in every crossed design, terms of a higher order change nothing.
  const std::vector<Term> all = terms_with_block(columns.size());
  const bool small = parameter_count(runs_, all) <= kMostParameters;
  return LinearModel::type2(runs_, small ? all : terms_with_block(term.size()), term);
}

std::vector<Term> CellFit::confounded(const UnitTable& design, std::size_t order, bool with_block) {
  const std::size_t columns = design.treatment_columns();
  const CodedRuns runs = with_block ? design.with_block() : design.units;
  std::vector<Term> found;
  const std::vector<Term> all = terms_of(design, columns, with_block);
  if (design.cells != design.grid || parameter_count(runs, all) > kMostConfounded) return found;
  const LinearModel model(runs, all);
  if (model.rank() == model.parameters()) return found;
  for (const Term& term : all) {
    if (term.size() <= order || term.back() >= columns) continue;
    std::size_t df = 1;
    for (const std::size_t column : term) df *= runs.sizes[column] - 1;
    if (model.type2(term).df < df) found.push_back(term);
  }
  return found;
}

bool is_too_large(const UnitTable& design, std::size_t order, bool with_block) {
  return !has_all_means(design, order, with_block) &&
         parameter_count(with_block ? design.with_block() : design.units,
                         terms_of(design, order, with_block)) > kMostParameters;
}

std::size_t estimable_order(const UnitTable& design, bool with_block, bool saturated) {
  const std::size_t columns = design.treatment_columns();
  for (const std::size_t order : {saturated ? columns : 2, std::size_t{2}}) {
    if (order > columns || order < 2) continue;
    if (is_too_large(design, order, with_block)) continue;
    const std::shared_ptr<const CellFit> fit = CellFit::of(design, order, with_block);
    bool fits = fit->error_df() > 0;
    for (std::size_t c = 0; fits && c < columns; ++c)
      for (std::size_t level = 1; fits && level < design.units.sizes[c]; ++level) {
        std::vector<double> weights(design.units.sizes[c], 0);
        weights[0] = -1;
        weights[level] = 1;
        fits = fit->estimate(weights_of(columns, c, std::move(weights))).has_value();
      }
    if (fits) return order;
  }
  return 1;
}

std::vector<std::vector<double>> seed_level_means(const UnitTable& design) {
  const std::size_t column = design.focus_columns[0], wide = design.units.sizes[column];
  std::vector<std::vector<double>> sums(design.seeds, std::vector<double>(wide, 0)), counts = sums;
  for (std::size_t i = 0; i < design.units.runs(); ++i) {
    const auto seed = static_cast<std::size_t>(design.seed[i]);
    const auto level = static_cast<std::size_t>(design.units.level(i, column));
    sums[seed][level] += design.units.y[i];
    ++counts[seed][level];
  }
  const auto& weights = design.level_weights[0];
  std::vector<std::vector<double>> means(design.seeds, std::vector<double>(weights.size(), 0));
  for (std::size_t s = 0; s < design.seeds; ++s)
    for (std::size_t l = 0; l < weights.size(); ++l)
      for (std::size_t k = 0; k < weights[l].size(); ++k)
        if (weights[l][k] != 0) means[s][l] += weights[l][k] * sums[s][k] / counts[s][k];
  return means;
}

StrataError strata_error(const std::vector<std::vector<double>>& seed_by_level,
                         const std::vector<std::size_t>& levels) {
  const auto S = static_cast<double>(seed_by_level.size()), L = static_cast<double>(levels.size());
  std::vector<double> by_seed(seed_by_level.size(), 0), by_level(levels.size(), 0);
  double mean = 0;
  for (std::size_t s = 0; s < seed_by_level.size(); ++s)
    for (std::size_t l = 0; l < levels.size(); ++l) {
      by_seed[s] += seed_by_level[s][levels[l]] / L;
      by_level[l] += seed_by_level[s][levels[l]] / S;
      mean += seed_by_level[s][levels[l]] / (S * L);
    }
  StrataError error{.df = (S - 1) * (L - 1)};
  for (std::size_t s = 0; s < seed_by_level.size(); ++s)
    for (std::size_t l = 0; l < levels.size(); ++l)
      error.ms += std::pow(seed_by_level[s][levels[l]] - by_seed[s] - by_level[l] + mean, 2);
  error.ms = error.df > 0 ? error.ms / error.df : nan();
  return error;
}

SeedStratum stratum_of_focus(const UnitTable& design, std::size_t order) {
  if (!design.blocks_are_seeds || design.block.empty()) return {};
  return seed_stratum(design.with_block(), terms_of(design, order, true), design.treatment_columns(),
                      {design.focus_columns[0]});
}

FTest seed_interaction(const UnitTable& design, std::size_t order) {
  if (!design.crossed) return stratum_of_focus(design, order).test;
  // Of the column, so that factors which share it get the same test.
  UnitTable whole = design;
  whole.level_weights[0].clear();
  const std::size_t wide = design.units.sizes[design.focus_columns[0]];
  for (std::size_t k = 0; k < wide; ++k) {
    whole.level_weights[0].emplace_back(wide, 0.0);
    whole.level_weights[0].back()[k] = 1;
  }
  const StrataError error = strata_error(seed_level_means(whole), columns_up_to(wide));
  if (!design.blocks_are_seeds) return {};
  const std::shared_ptr<const CellFit> fit = CellFit::of(design, design.treatment_columns(), true);
  if (std::isnan(fit->error_ms())) return {};
  const double per_mean = static_cast<double>(design.units.runs()) / static_cast<double>(design.seeds * wide);
  const double ss = error.ms * error.df * per_mean, df2 = fit->error_df() - error.df;
  const double rest = fit->error_ss() - ss;
  return f_test(ss, error.df, df2 > 0 && rest > 1e-10 * fit->error_ss() ? rest / df2 : 0, df2);
}

std::vector<double> seed_differences(const UnitTable& design, std::size_t a, std::size_t b) {
  const std::size_t column = design.focus_columns[0];
  const auto& weights = design.level_weights[0];
  struct Sum {
    double sum[2] = {0, 0}, count[2] = {0, 0};
  };
  // Of each seed, each setting of the others.
  std::map<std::int32_t, std::map<std::vector<std::int32_t>, Sum>> by_seed;
  for (std::size_t i = 0; i < design.units.runs(); ++i) {
    if (design.seed[i] < 0) continue;
    const auto level = static_cast<std::size_t>(design.units.level(i, column));
    for (int side = 0; side < 2; ++side) {
      const std::vector<double>& of_level = weights[side == 0 ? a : b];
      if (of_level.empty() || of_level[level] == 0) continue;
      Sum& sum = by_seed[design.seed[i]][levels_of(design.units, i, column)];
      sum.sum[side] += design.units.y[i];
      ++sum.count[side];
    }
  }
  std::vector<double> differences;
  for (const auto& seed : by_seed) {
    double total = 0, settings = 0;
    for (const auto& setting : seed.second) {
      const Sum& sum = setting.second;
      if (sum.count[0] == 0 || sum.count[1] == 0) continue;
      total += sum.sum[0] / sum.count[0] - sum.sum[1] / sum.count[1];
      ++settings;
    }
    if (settings > 0) differences.push_back(total / settings);
  }
  return differences;
}

std::vector<std::vector<double>> level_samples(const UnitTable& design) {
  const auto& weights = design.level_weights[0];
  std::vector<std::vector<double>> samples(weights.size());
  for (std::size_t i = 0; i < design.units.runs(); ++i)
    for (std::size_t l = 0; l < weights.size(); ++l)
      if (!weights[l].empty() &&
          weights[l][static_cast<std::size_t>(design.units.level(i, design.focus_columns[0]))] != 0)
        samples[l].push_back(design.units.y[i]);
  return samples;
}

std::vector<double> two_level_effects(const UnitTable& design) {
  const std::size_t columns = design.treatment_columns();
  std::vector<double> effects;
  for (const Term& term : terms_up_to(columns_up_to(columns), columns)) {
    double sum = 0;
    for (std::size_t i = 0; i < design.units.runs(); ++i) {
      bool minus = false;
      for (const std::size_t column : term) minus ^= design.units.level(i, column) == 0;
      sum += minus ? -design.units.y[i] : design.units.y[i];
    }
    effects.push_back(2 * sum / static_cast<double>(design.units.runs()));
  }
  return effects;
}

}  // namespace ablate
