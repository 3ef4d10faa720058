// Least squares on categorical columns: main effects and interactions, with holes in the design.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace ablate {

/// Runs as level indices. A seed that all its runs share an offset by is one more column: the block.
struct CodedRuns {
  std::vector<std::size_t> sizes;    ///< The number of levels of each column.
  std::vector<std::int32_t> levels;  ///< Run by run, one index for each column, each below its size.
  std::vector<double> y;             ///< The score of each run, finite.
  std::size_t columns() const { return sizes.size(); }
  std::size_t runs() const { return y.size(); }
  std::int32_t level(std::size_t run, std::size_t column) const {
    return levels[run * sizes.size() + column];
  }
  void add(std::span<const std::int32_t> run, double score);
};

/// A main effect or an interaction: its columns, ascending.
using Term = std::vector<std::size_t>;

/// All products of 1 to `order` of `columns` (ascending), lower orders first.
std::vector<Term> terms_up_to(std::span<const std::size_t> columns, std::size_t order);
/// Of a constant and these terms, if all could be told; a billion at most.
std::size_t parameter_count(const CodedRuns& runs, const std::vector<Term>& terms);

/// A linear function of what the model predicts for the cells of the full grid: the product of one weight for
/// each level of each column. Empty: equal weights that sum to one, so that a column is averaged over.
using CellWeights = std::vector<std::vector<double>>;

/// Equal weights but for `column`, which has `weights`.
CellWeights weights_of(std::size_t columns, std::size_t column, std::vector<double> weights);

/// A linear function as estimated.
struct LinearEstimate {
  double value = 0;
  double variance = 0;  ///< In units of the error variance: se = sqrt(variance * error mean square).
};

/// What a term explains. `ss` is NaN where the design cannot tell the term from others.
struct TermSquares {
  Term term;
  double ss = std::numeric_limits<double>::quiet_NaN();
  std::size_t df = 0;
};

/// y = a constant + terms + error, by least squares. Every margin of a term must be a term, too. Parameters
/// are indicators of levels but the first; those that depend on earlier ones are left out (the rank), and a
/// linear function that would need them is not estimable. Solved by Cholesky's decomposition of the table of
/// counts: (parameters)^3 / 3 operations, whatever the number of runs.
/// Source: S. R. Searle, Linear Models (1971), chapter 5.
class LinearModel {
 public:
  LinearModel(const CodedRuns& runs, std::vector<Term> terms);

  std::size_t rank() const { return static_cast<std::size_t>(factor_.rows()); }
  std::size_t parameters() const { return rank() + static_cast<std::size_t>(dependence_.rows()); }
  std::size_t error_df() const { return runs_->runs() - rank(); }
  double error_ss() const { return error_ss_; }
  double total_ss() const { return total_ss_; }  ///< About the mean.
  /// Whether a sum of squares is no more than what rounding leaves of scores of this size.
  bool is_rounding(double ss) const;
  /// error_ss / error_df. NaN without degrees of freedom and where the residuals are nothing but rounding.
  double error_ms() const;
  const std::vector<Term>& terms() const { return terms_; }
  const std::vector<double>& residuals() const { return residuals_; }

  /// None where it is not estimable.
  std::optional<LinearEstimate> estimate(const CellWeights& weights) const;
  /// Several at once with their covariance in units of the error variance; none where one is not estimable.
  struct Joint {
    Eigen::VectorXd value;
    Eigen::MatrixXd covariance;
  };
  std::optional<Joint> joint(std::span<const CellWeights> weights) const;

  /// Type II: the term after all terms that do not contain it.
  TermSquares type2(const Term& term) const;
  static TermSquares type2(const CodedRuns& runs, const std::vector<Term>& terms, const Term& term);
  /// Type III: all contrasts of the term between equally weighted marginal means are zero.
  TermSquares type3(const Term& term) const;

 private:
  struct Layout;  // Which parameter a level of a term is.
  Eigen::VectorXd reduced(const CellWeights& weights, bool& estimable) const;

  const CodedRuns* runs_;
  std::vector<Term> terms_;
  std::vector<std::size_t> parameter_term_;  // Of each kept parameter; the constant has terms_.size().
  Eigen::MatrixXd factor_;                   // L of the kept parameters' counts, L L' = X'X.
  Eigen::MatrixXd dependence_;               // Rows: L^-1 X'x of each parameter left out.
  std::vector<std::size_t> kept_, left_out_;
  Eigen::VectorXd rotated_;  // L^-1 X'y.
  std::vector<double> residuals_;
  double error_ss_ = 0, total_ss_ = 0, mean_ = 0;
};

}  // namespace ablate
