#include "stats/functional_anova.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>

#include "stats/branches.hpp"
#include "stats/functional_basis.hpp"

namespace ablate {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int kMaxPairDegree = 4;
constexpr Index kMostColumns = 320;           ///< That a fit takes a fraction of a second with.
constexpr std::size_t kJackknifeGroups = 20;  ///< Of the jackknife.

/// A column of the model: a function of an axis, or the product of two.
struct FunctionalColumn {
  std::size_t term = 0;  ///< Index into FunctionalDesign::terms.
  int main_degree = 0;   ///< The degrees from which on it belongs to the model;
  int pair_degree = 0;   ///< one of the two is 0.
};

/// All columns that may be in the model, and sums of their products over groups of points.
struct FunctionalDesign {
  std::vector<std::vector<std::size_t>> terms;  ///< Factors of each.
  std::vector<FunctionalColumn> columns;
  Index blocks = 1;  ///< Columns before those: the mean, or one for each seed.
  /// [group][blocks + columns + 1, the same]: X'X with the score as last column.
  std::vector<MatrixXd> grams;
  std::vector<double> runs;  ///< In each group.
};

/// The degree of a function as the model counts it: a categorical axis has all of its functions from 1 on.
int degree_of(const AxisFunctions& axis, Index function) {
  return axis.continuous ? static_cast<int>(function) + 1 : 1;
}

Index num_columns(const std::vector<AxisFunctions>& axes, int main_degree, int pair_degree) {
  Index mains = 0, pairs = 0, before = 0;
  for (const AxisFunctions& axis : axes) {
    mains += axis.count(main_degree);
    pairs += before * axis.count(pair_degree);
    before += axis.count(pair_degree);
  }
  return mains + pairs;
}

/// The seed of each run as an index, where at least two runs share each and there are few enough of them;
/// empty otherwise, when runs count as independent.
std::vector<Index> seed_blocks(const Observations& observations, const std::vector<std::size_t>& runs) {
  std::map<std::uint64_t, std::size_t> count;
  for (const std::size_t run : runs) {
    const auto& seed = observations.runs[run].seed;
    if (!seed) return {};
    ++count[*seed];
  }
  if (count.size() < 2 || count.size() * 8 > runs.size()) return {};
  std::map<std::uint64_t, Index> index;
  for (const auto& entry : count) {
    if (entry.second < 2) return {};
    index.emplace(entry.first, static_cast<Index>(index.size()));
  }
  std::vector<Index> blocks;
  for (const std::size_t run : runs) blocks.push_back(index.at(*observations.runs[run].seed));
  return blocks;
}

/// Groups of the jackknife: runs at the same point stay together.
std::vector<std::size_t> point_groups(const Observations& observations,
                                      const std::vector<AxisFunctions>& axes,
                                      const std::vector<std::size_t>& runs) {
  std::map<std::vector<double>, std::size_t> points;
  std::vector<std::size_t> groups;
  std::vector<double> point;
  for (const std::size_t run : runs) {
    point.clear();
    for (const AxisFunctions& axis : axes) point.push_back(observations.runs[run].at[axis.factor]);
    groups.push_back(points.emplace(point, points.size()).first->second % kJackknifeGroups);
  }
  return groups;
}

/// The columns of all terms up to the largest degrees, and their values at the runs.
MatrixXd list_columns(const std::vector<AxisFunctions>& axes, int main_degree, int pair_degree, Index blocks,
                      FunctionalDesign& design) {
  MatrixXd values(axes[0].values.rows(), blocks + num_columns(axes, main_degree, pair_degree) + 1);
  Index next = blocks;
  for (const AxisFunctions& axis : axes) {
    for (Index k = 0; k < axis.count(main_degree); ++k) {
      values.col(next++) = axis.values.col(k);
      design.columns.push_back({design.terms.size(), degree_of(axis, k), 0});
    }
    design.terms.push_back({axis.factor});
  }
  if (pair_degree == 0) return values;
  for (std::size_t a = 0; a < axes.size(); ++a)
    for (std::size_t b = a + 1; b < axes.size(); ++b) {
      for (Index k = 0; k < axes[a].count(pair_degree); ++k)
        for (Index m = 0; m < axes[b].count(pair_degree); ++m) {
          values.col(next++) = axes[a].values.col(k).cwiseProduct(axes[b].values.col(m));
          design.columns.push_back(
              {design.terms.size(), 0, std::max(degree_of(axes[a], k), degree_of(axes[b], m))});
        }
      design.terms.push_back({axes[a].factor, axes[b].factor});
    }
  return values;
}

FunctionalDesign make_design(const Observations& observations, const std::vector<AxisFunctions>& axes,
                             const std::vector<std::size_t>& runs) {
  FunctionalDesign design;
  const auto n = static_cast<Index>(runs.size());
  const std::vector<Index> seeds = seed_blocks(observations, runs);
  if (!seeds.empty()) design.blocks = *std::max_element(seeds.begin(), seeds.end()) + 1;
  const Index most = std::min(n / 2, kMostColumns) - design.blocks;
  int main_degree = kMaxMainDegree, pair_degree = kMaxPairDegree;
  while (pair_degree > 0 && num_columns(axes, std::min(main_degree, pair_degree), pair_degree) > most)
    --pair_degree;
  while (main_degree > 0 && num_columns(axes, main_degree, pair_degree) > most) --main_degree;
  if (main_degree == 0) return design;
  MatrixXd values = list_columns(axes, main_degree, pair_degree, design.blocks, design);
  values.leftCols(design.blocks).setZero();
  double mean = 0;
  for (const std::size_t run : runs) mean += observations.runs[run].score / static_cast<double>(n);
  for (Index i = 0; i < n; ++i) {
    values(i, seeds.empty() ? 0 : seeds[static_cast<std::size_t>(i)]) = 1;
    values(i, values.cols() - 1) = observations.runs[runs[static_cast<std::size_t>(i)]].score - mean;
  }
  const std::vector<std::size_t> groups = point_groups(observations, axes, runs);
  for (std::size_t group = 0; group < kJackknifeGroups; ++group) {
    std::vector<Index> rows;
    for (std::size_t i = 0; i < groups.size(); ++i)
      if (groups[i] == group) rows.push_back(static_cast<Index>(i));
    if (rows.empty()) continue;
    const MatrixXd part = values(rows, Eigen::all);
    MatrixXd gram = MatrixXd::Zero(values.cols(), values.cols());
    gram.selfadjointView<Eigen::Lower>().rankUpdate(part.transpose());
    design.grams.emplace_back(gram.selfadjointView<Eigen::Lower>());
    design.runs.push_back(static_cast<double>(rows.size()));
  }
  return design;
}

/// A model: which columns of the Gram matrix are in it.
std::vector<Index> columns_of(const FunctionalDesign& design, int main_degree, int pair_degree) {
  std::vector<Index> chosen(static_cast<std::size_t>(design.blocks));
  std::iota(chosen.begin(), chosen.end(), 0);
  for (std::size_t i = 0; i < design.columns.size(); ++i)
    if (design.columns[i].main_degree <= main_degree && design.columns[i].pair_degree <= pair_degree)
      chosen.push_back(design.blocks + static_cast<Index>(i));
  return chosen;
}

/// Least squares from sums of products. None where columns depend on each other.
struct FunctionalFit {
  Eigen::LDLT<MatrixXd> factored;
  VectorXd coefficients;
  double squares_left = 0, df = 0;
};
std::optional<FunctionalFit> fit_columns(const MatrixXd& gram, const std::vector<Index>& columns,
                                         double runs) {
  const Index score = gram.cols() - 1;
  FunctionalFit fit;
  fit.df = runs - static_cast<double>(columns.size());
  if (fit.df < 1) return std::nullopt;
  fit.factored.compute(gram(columns, columns));
  const VectorXd pivots = fit.factored.vectorD();
  constexpr double kDependentPivot =
      1e-9;  // Columns have about the same length: a pivot this small is rounding.
  if (!(pivots.minCoeff() > kDependentPivot * pivots.maxCoeff())) return std::nullopt;
  const VectorXd products = gram(columns, score);
  fit.coefficients = fit.factored.solve(products);
  constexpr double kLeastResidual = 1e-14;
  fit.squares_left =
      std::max(gram(score, score) - fit.coefficients.dot(products), kLeastResidual * gram(score, score));
  return fit;
}

/// Variances of the terms, and of what is left, at the end.
std::optional<VectorXd> decompose(const FunctionalDesign& design, const MatrixXd& gram,
                                  const std::vector<Index>& columns, double runs) {
  const std::optional<FunctionalFit> fit = fit_columns(gram, columns, runs);
  if (!fit) return std::nullopt;
  const auto size = static_cast<Index>(columns.size());
  const VectorXd inverse_diagonal = fit->factored.solve(MatrixXd::Identity(size, size)).diagonal();
  const double noise = fit->squares_left / fit->df;
  VectorXd variances = VectorXd::Zero(static_cast<Index>(design.terms.size()) + 1);
  for (Index i = design.blocks; i < size; ++i) {
    const auto column = static_cast<std::size_t>(columns[static_cast<std::size_t>(i)] - design.blocks);
    variances[static_cast<Index>(design.columns[column].term)] +=
        fit->coefficients[i] * fit->coefficients[i] - noise * inverse_diagonal[i];
  }
  variances[variances.size() - 1] = noise;
  return variances;
}

/// All that is told of a decomposition, in one vector, so that the jackknife has limits for each: for every
/// term its share of all, of what is explained, and its total effect; at the end the unexplained share.
VectorXd told(const FunctionalDesign& design, const VectorXd& variances) {
  const Index terms = variances.size() - 1;
  const double explained = variances.head(terms).sum(), all = variances.sum();
  VectorXd numbers(3 * terms + 1);
  for (Index i = 0; i < terms; ++i) {
    double total = 0;
    for (Index j = 0; j < terms; ++j) {
      const auto& factors = design.terms[static_cast<std::size_t>(j)];
      const std::size_t axis = design.terms[static_cast<std::size_t>(i)][0];
      if (std::find(factors.begin(), factors.end(), axis) != factors.end()) total += variances[j];
    }
    numbers[3 * i] = variances[i] / all;
    numbers[3 * i + 1] = variances[i] / explained;
    numbers[3 * i + 2] = total / explained;
  }
  numbers[3 * terms] = variances[terms] / all;
  return numbers;
}

/// Half the width of the intervals of told().
VectorXd jackknife(const FunctionalDesign& design, const MatrixXd& whole, const std::vector<Index>& columns,
                   double runs) {
  std::vector<VectorXd> left_out;
  VectorXd mean;
  for (std::size_t group = 0; group < design.grams.size(); ++group) {
    const std::optional<VectorXd> variances =
        decompose(design, whole - design.grams[group], columns, runs - design.runs[group]);
    if (!variances) continue;
    left_out.push_back(told(design, *variances));
    mean = left_out.size() == 1 ? left_out[0] : VectorXd(mean + left_out.back());
  }
  const auto groups = static_cast<double>(left_out.size());
  if (left_out.size() < design.grams.size() || groups < 3)
    return VectorXd::Constant(3 * static_cast<Index>(design.terms.size()) + 1,
                              std::numeric_limits<double>::quiet_NaN());
  mean /= groups;
  VectorXd squares = VectorXd::Zero(mean.size());
  for (const VectorXd& numbers : left_out) squares += (numbers - mean).cwiseAbs2();
  const double quantile = boost::math::quantile(boost::math::students_t(groups - 1), 0.975);
  return quantile * ((groups - 1) / groups * squares).cwiseSqrt();
}

/// The degrees with the least generalised cross-validation.
struct FunctionalDegrees {
  int main = 0, pair = 0;
};
FunctionalDegrees choose_degrees(const FunctionalDesign& design, const MatrixXd& whole, double runs) {
  FunctionalDegrees best;
  double least = std::numeric_limits<double>::infinity();
  for (int pair = 0; pair <= kMaxPairDegree; ++pair)
    for (int main = std::max(pair, 1); main <= kMaxMainDegree; ++main) {
      const std::vector<Index> columns = columns_of(design, main, pair);
      const std::optional<FunctionalFit> fit = fit_columns(whole, columns, runs);
      if (!fit) continue;
      const double criterion = fit->squares_left / (fit->df * fit->df);
      if (criterion < least) least = criterion, best = {main, pair};
    }
  return best;
}

Limits limits_around(double value, double half_width) {
  return {std::clamp(value - half_width, 0.0, 1.0), std::clamp(value + half_width, 0.0, 1.0)};
}

FunctionalAnova decompose_branch(const Observations& observations, const std::vector<std::size_t>& runs,
                                 const std::vector<std::size_t>& factors) {
  FunctionalAnova result;
  result.runs = runs.size();
  std::vector<AxisFunctions> axes;
  for (const std::size_t factor : factors) {
    AxisFunctions axis = axis_functions(observations, factor, runs);
    if (axis.values.cols() == 0) continue;
    result.factors.push_back(factor);
    axes.push_back(std::move(axis));
  }
  if (axes.empty()) return result;
  const FunctionalDesign design = make_design(observations, axes, runs);
  if (design.columns.empty()) return result;
  MatrixXd whole = design.grams[0];
  for (std::size_t group = 1; group < design.grams.size(); ++group) whole += design.grams[group];
  const auto n = static_cast<double>(runs.size());
  const FunctionalDegrees degrees = choose_degrees(design, whole, n);
  const std::vector<Index> columns = columns_of(design, degrees.main, degrees.pair);
  const std::optional<VectorXd> variances = decompose(design, whole, columns, n);
  if (degrees.main == 0 || !variances || !(variances->sum() > 0)) return result;
  result.main_degree = degrees.main;
  result.pair_degree = degrees.pair;
  result.variance = variances->sum();
  const VectorXd numbers = told(design, *variances), half_widths = jackknife(design, whole, columns, n);
  for (std::size_t i = 0; i < design.terms.size(); ++i) {
    if (design.terms[i].size() == 2 && degrees.pair == 0) break;
    const auto at = 3 * static_cast<Index>(i);
    FunctionalShare share{.factors = design.terms[i],
                          .of_total_limits = {},
                          .of_explained_limits = {},
                          .total_effect_limits = {}};
    share.of_total = numbers[at];
    share.of_total_limits = limits_around(numbers[at], half_widths[at]);
    share.of_explained = numbers[at + 1];
    share.of_explained_limits = limits_around(numbers[at + 1], half_widths[at + 1]);
    share.total_effect = std::numeric_limits<double>::quiet_NaN();
    if (share.factors.size() == 1) {
      share.total_effect = numbers[at + 2];
      share.total_effect_limits = limits_around(numbers[at + 2], half_widths[at + 2]);
    }
    result.shares.push_back(share);
  }
  const Index last = numbers.size() - 1;
  result.unexplained = numbers[last];
  result.unexplained_limits = limits_around(numbers[last], half_widths[last]);
  return result;
}

}  // namespace

std::vector<FunctionalAnova> functional_anova(const Observations& observations) {
  std::vector<FunctionalAnova> results;
  for (const Branch& branch : branches_of(observations)) {
    FunctionalAnova result = decompose_branch(observations, branch.runs, branch.factors);
    std::set_intersection(branch.conditional.begin(), branch.conditional.end(), result.factors.begin(),
                          result.factors.end(), std::back_inserter(result.conditional));
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace ablate
