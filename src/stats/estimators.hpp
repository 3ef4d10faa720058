// The estimators behind stats/contrasts.hpp, each on one design.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stats/design.hpp"
#include "stats/seed_stratum.hpp"
#include "stats/significance.hpp"

namespace ablate {

/// A pair of levels.
using LevelPair = std::pair<std::size_t, std::size_t>;

/// Least squares of a design, with an error. Linear functions are of the cells of its columns; its block, if
/// it has one in the fit, is averaged over.
class CellFit {
 public:
  /// `order`: of interactions. Blocks count where `with_block` and the design has some.
  CellFit(const UnitTable& design, std::size_t order, bool with_block);
  CellFit(const CellFit&) = delete;  // The model looks at the runs beside it.
  CellFit& operator=(const CellFit&) = delete;
  /// The same, done once for all copies of a design.
  static std::shared_ptr<const CellFit> of(const UnitTable& design, std::size_t order, bool with_block);
  std::optional<LinearEstimate> estimate(CellWeights weights) const;
  double error_ms() const { return error_ms_; }  ///< NaN: no error can be estimated.
  double error_df() const { return error_df_; }
  double error_ss() const { return error_ss_; }
  const std::vector<double>& residuals() const { return model_ ? model_->residuals() : residuals_; }
  /// Type II.
  TermSquares squares(const Term& term) const;
  /// Some interaction of the columns, above `order` and up to all of them, that the design confounds. Only of
  /// designs of few cells.
  static std::vector<Term> confounded(const UnitTable& design, std::size_t order, bool with_block);

 private:
  void fit_means(const UnitTable& design, bool with_block);
  /// Where every cell has its mean: all interactions, and blocks crossed with cells.
  struct Means {
    std::vector<std::vector<std::int32_t>> cells;
    std::vector<double> mean, count;
  };
  std::optional<Means> means_;
  CodedRuns runs_;
  std::unique_ptr<LinearModel> model_;
  std::vector<std::size_t> sizes_;
  std::vector<double> residuals_;  // Of means.
  double error_ms_ = 0, error_df_ = 0, error_ss_ = 0;
};

/// Whether a model of that order would have more parameters than anybody waits for: of axes of many levels.
bool is_too_large(const UnitTable& design, std::size_t order, bool with_block);

/// The highest order of interactions, of 2 or all (`saturated`), that leaves an error and tells all marginal
/// means; else 1.
std::size_t estimable_order(const UnitTable& design, bool with_block, bool saturated);

/// Means of seed and level of the factor in focus, over equally weighted settings: a crossed design.
std::vector<std::vector<double>> seed_level_means(const UnitTable& design);

/// Mean square and degrees of freedom of factor x seed on that table.
struct StrataError {
  double ms = 0, df = 0;
};
StrataError strata_error(const std::vector<std::vector<double>>& seed_by_level,
                         const std::vector<std::size_t>& levels);

/// Factor x seed after least squares of that order with seeds as blocks: nothing where blocks are no seeds.
SeedStratum stratum_of_focus(const UnitTable& design, std::size_t order);

/// Factor x seed against what is left after cells and seeds, of a crossed design with another column or runs
/// to spare; of others after least squares of that order. No p otherwise.
FTest seed_interaction(const UnitTable& design, std::size_t order);

/// One difference of level a minus b for each seed: the mean over the settings that have both under that
/// seed.
std::vector<double> seed_differences(const UnitTable& design, std::size_t a, std::size_t b);

/// Scores of the units of each level.
std::vector<std::vector<double>> level_samples(const UnitTable& design);

/// All effects of a complete two-level design of one unit a cell: main effects first, then interactions,
/// upper minus lower.
std::vector<double> two_level_effects(const UnitTable& design);

}  // namespace ablate
