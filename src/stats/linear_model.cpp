#include "stats/linear_model.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace ablate {

namespace {

/// Of a column's own count, the least that must be left of it after the columns before it.
constexpr double kDependent = 1e-9;
/// Of the largest weight: a larger gap to the row space makes a function not estimable.
constexpr double kEstimable = 1e-7;
/// Of the total sum of squares and of the squared mean: what is below it is rounding.
constexpr double kSquareRounding = 1e-20;

bool contains(const Term& whole, const Term& part) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

/// The levels of a term but those with a first level in them, mixed radix.
std::size_t parameters_of(const Term& term, const std::vector<std::size_t>& sizes) {
  std::size_t count = 1;
  for (const std::size_t column : term) count *= sizes[column] - 1;
  return count;
}

/// Calls `visit(parameter, weight)` for each parameter of a term whose product of weights is not zero.
template <typename Visit>
void visit_products(const Term& term, const std::vector<std::size_t>& sizes, const CellWeights& weights,
                    std::size_t first, double scale, const Visit& visit) {
  const std::size_t count = parameters_of(term, sizes);
  for (std::size_t i = 0; i < count; ++i) {
    double product = scale;
    std::size_t rest = i;
    for (std::size_t k = term.size(); k-- > 0;) {
      const std::size_t column = term[k], radix = sizes[column] - 1, level = rest % radix + 1;
      rest /= radix;
      product *= weights[column].empty() ? 1.0 / static_cast<double>(sizes[column]) : weights[column][level];
    }
    if (product != 0) visit(first + i, product);
  }
}

}  // namespace

void CodedRuns::add(std::span<const std::int32_t> run, double score) {
  levels.insert(levels.end(), run.begin(), run.end());
  y.push_back(score);
}

std::size_t parameter_count(const CodedRuns& runs, const std::vector<Term>& terms) {
  double count = 1;
  for (const Term& term : terms) {
    double product = 1;
    for (const std::size_t column : term) product *= static_cast<double>(runs.sizes[column] - 1);
    count += product;
  }
  return static_cast<std::size_t>(std::min(count, 1e9));
}

std::vector<Term> terms_up_to(std::span<const std::size_t> columns, std::size_t order) {
  std::vector<Term> terms, last{{}};
  for (std::size_t size = 1; size <= std::min(order, columns.size()); ++size) {
    std::vector<Term> next;
    for (const Term& term : last)
      for (const std::size_t column : columns) {
        if (!term.empty() && column <= term.back()) continue;
        next.push_back(term);
        next.back().push_back(column);
      }
    terms.insert(terms.end(), next.begin(), next.end());
    last = std::move(next);
  }
  return terms;
}

CellWeights weights_of(std::size_t columns, std::size_t column, std::vector<double> weights) {
  CellWeights all(columns);
  all[column] = std::move(weights);
  return all;
}

/// The constant is parameter 0; the terms follow in their order.
struct LinearModel::Layout {
  std::vector<std::size_t> first;  // Parameter of each term.
  std::size_t count = 1;
  Layout(const std::vector<Term>& terms, const std::vector<std::size_t>& sizes) {
    for (const Term& term : terms) {
      first.push_back(count);
      count += parameters_of(term, sizes);
    }
  }
  /// The parameters whose indicator is 1 in a run.
  void of_run(const CodedRuns& runs, std::size_t run, const std::vector<Term>& terms,
              std::vector<std::size_t>& out) const {
    out.assign(1, 0);
    for (std::size_t t = 0; t < terms.size(); ++t) {
      std::size_t index = 0;
      bool is_parameter = true;
      for (const std::size_t column : terms[t]) {
        const std::int32_t level = runs.level(run, column);
        is_parameter &= level > 0;
        index = index * (runs.sizes[column] - 1) + static_cast<std::size_t>(level - 1);
      }
      if (is_parameter) out.push_back(first[t] + index);
    }
  }
};

namespace {

/// Cholesky's decomposition, column by column; columns that depend on earlier ones get none.
struct Decomposition {
  Eigen::MatrixXd lower;
  std::vector<std::size_t> kept, left_out;

  explicit Decomposition(const Eigen::MatrixXd& counts)
      : lower(Eigen::MatrixXd::Zero(counts.rows(), counts.cols())) {
    const Eigen::Index n = counts.rows();
    for (Eigen::Index j = 0; j < n; ++j) {
      Eigen::VectorXd column = counts.col(j).tail(n - j);
      column.noalias() -= lower.block(j, 0, n - j, j) * lower.row(j).head(j).transpose();
      if (column[0] > kDependent * counts(j, j)) {
        lower.col(j).tail(n - j) = column / std::sqrt(column[0]);
        kept.push_back(static_cast<std::size_t>(j));
      } else {
        left_out.push_back(static_cast<std::size_t>(j));
      }
    }
  }
  Eigen::MatrixXd rows(const std::vector<std::size_t>& which) const {
    Eigen::MatrixXd out(static_cast<Eigen::Index>(which.size()), static_cast<Eigen::Index>(kept.size()));
    for (std::size_t i = 0; i < which.size(); ++i)
      for (std::size_t k = 0; k < kept.size(); ++k)
        out(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(k)) =
            lower(static_cast<Eigen::Index>(which[i]), static_cast<Eigen::Index>(kept[k]));
    return out;
  }
};

}  // namespace

LinearModel::LinearModel(const CodedRuns& runs, std::vector<Term> terms)
    : runs_(&runs), terms_(std::move(terms)) {
  if (runs.runs() == 0) throw std::logic_error("a linear model of no runs");
  const Layout layout(terms_, runs.sizes);
  const auto n = static_cast<Eigen::Index>(layout.count);
  mean_ = std::accumulate(runs.y.begin(), runs.y.end(), 0.0) / static_cast<double>(runs.runs());
  Eigen::MatrixXd counts = Eigen::MatrixXd::Zero(n, n);
  Eigen::VectorXd sums = Eigen::VectorXd::Zero(n);
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < runs.runs(); ++i) {
    layout.of_run(runs, i, terms_, at);
    for (const std::size_t a : at) {
      sums[static_cast<Eigen::Index>(a)] += runs.y[i] - mean_;
      for (const std::size_t b : at) ++counts(static_cast<Eigen::Index>(a), static_cast<Eigen::Index>(b));
    }
    total_ss_ += (runs.y[i] - mean_) * (runs.y[i] - mean_);
  }
  const Decomposition decomposition(counts);
  kept_ = decomposition.kept;
  left_out_ = decomposition.left_out;
  factor_ = decomposition.rows(kept_);
  dependence_ = decomposition.rows(left_out_);
  for (const std::size_t parameter : kept_) {
    const auto next = std::upper_bound(layout.first.begin(), layout.first.end(), parameter);
    parameter_term_.push_back(next == layout.first.begin()
                                  ? terms_.size()
                                  : static_cast<std::size_t>(next - layout.first.begin()) - 1);
  }
  const auto rotate = [&](const Eigen::VectorXd& full) {
    Eigen::VectorXd out(static_cast<Eigen::Index>(kept_.size()));
    for (std::size_t k = 0; k < kept_.size(); ++k)
      out[static_cast<Eigen::Index>(k)] = full[static_cast<Eigen::Index>(kept_[k])];
    factor_.triangularView<Eigen::Lower>().solveInPlace(out);
    return out;
  };
  rotated_ = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(kept_.size()));
  residuals_.resize(runs.runs());
  for (std::size_t i = 0; i < runs.runs(); ++i) residuals_[i] = runs.y[i] - mean_;
  // The second pass fits what the first left by rounding.
  for (int pass = 0; pass < 2; ++pass) {
    const Eigen::VectorXd step = rotate(sums);
    rotated_ += step;
    const Eigen::VectorXd solved = factor_.transpose().triangularView<Eigen::Upper>().solve(step);
    Eigen::VectorXd full = Eigen::VectorXd::Zero(n);
    for (std::size_t k = 0; k < kept_.size(); ++k)
      full[static_cast<Eigen::Index>(kept_[k])] = solved[static_cast<Eigen::Index>(k)];
    sums.setZero();
    for (std::size_t i = 0; i < runs.runs(); ++i) {
      layout.of_run(runs, i, terms_, at);
      for (const std::size_t a : at) residuals_[i] -= full[static_cast<Eigen::Index>(a)];
      for (const std::size_t a : at) sums[static_cast<Eigen::Index>(a)] += residuals_[i];
    }
  }
  for (const double residual : residuals_) error_ss_ += residual * residual;
}

bool LinearModel::is_rounding(double ss) const {
  return ss <= kSquareRounding * (total_ss_ + static_cast<double>(runs_->runs()) * mean_ * mean_);
}

double LinearModel::error_ms() const {
  if (error_df() == 0 || is_rounding(error_ss_)) return std::numeric_limits<double>::quiet_NaN();
  return error_ss_ / static_cast<double>(error_df());
}

/// L^-1 c of a linear function c; `estimable` becomes false where it needs a parameter that was left out.
Eigen::VectorXd LinearModel::reduced(const CellWeights& weights, bool& estimable) const {
  const std::vector<std::size_t>& sizes = runs_->sizes;
  const Layout layout(terms_, sizes);
  std::vector<double> sums(sizes.size(), 1);
  for (std::size_t f = 0; f < sizes.size(); ++f)
    if (!weights[f].empty()) sums[f] = std::accumulate(weights[f].begin(), weights[f].end(), 0.0);
  const auto others = [&](const Term& term) {
    double product = 1;
    for (std::size_t f = 0; f < sizes.size(); ++f)
      if (!std::binary_search(term.begin(), term.end(), f)) product *= sums[f];
    return product;
  };
  Eigen::VectorXd full = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(layout.count));
  full[0] = others({});
  for (std::size_t t = 0; t < terms_.size(); ++t)
    visit_products(terms_[t], sizes, weights, layout.first[t], others(terms_[t]),
                   [&](std::size_t parameter, double w) { full[static_cast<Eigen::Index>(parameter)] = w; });
  Eigen::VectorXd out(static_cast<Eigen::Index>(kept_.size())),
      gap(static_cast<Eigen::Index>(left_out_.size()));
  for (std::size_t k = 0; k < kept_.size(); ++k)
    out[static_cast<Eigen::Index>(k)] = full[static_cast<Eigen::Index>(kept_[k])];
  for (std::size_t k = 0; k < left_out_.size(); ++k)
    gap[static_cast<Eigen::Index>(k)] = full[static_cast<Eigen::Index>(left_out_[k])];
  factor_.triangularView<Eigen::Lower>().solveInPlace(out);
  if (gap.size() > 0) {
    gap -= dependence_ * out;
    estimable &= gap.cwiseAbs().maxCoeff() <= kEstimable * full.cwiseAbs().maxCoeff();
  }
  return out;
}

std::optional<LinearEstimate> LinearModel::estimate(const CellWeights& weights) const {
  const CellWeights one[] = {weights};
  const std::optional<Joint> found = joint(one);
  if (!found) return std::nullopt;
  return LinearEstimate{.value = found->value[0], .variance = found->covariance(0, 0)};
}

std::optional<LinearModel::Joint> LinearModel::joint(std::span<const CellWeights> weights) const {
  Eigen::MatrixXd rows(factor_.rows(), static_cast<Eigen::Index>(weights.size()));
  Eigen::VectorXd constants(static_cast<Eigen::Index>(weights.size()));
  bool estimable = true;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    rows.col(static_cast<Eigen::Index>(i)) = reduced(weights[i], estimable);
    double constant = mean_;
    for (const std::vector<double>& column : weights[i])
      if (!column.empty()) constant *= std::accumulate(column.begin(), column.end(), 0.0);
    constants[static_cast<Eigen::Index>(i)] = constant;
  }
  if (!estimable) return std::nullopt;
  return Joint{.value = rows.transpose() * rotated_ + constants, .covariance = rows.transpose() * rows};
}

TermSquares LinearModel::type2(const Term& term) const {
  // What no other term contains is told by its contrasts in this model, without another fit.
  const bool highest = std::none_of(terms_.begin(), terms_.end(), [&](const Term& other) {
    return other != term && contains(other, term);
  });
  if (highest)
    if (const TermSquares found = type3(term); !std::isnan(found.ss)) return found;
  return type2(*runs_, terms_, term);
}

TermSquares LinearModel::type2(const CodedRuns& runs, const std::vector<Term>& terms, const Term& term) {
  std::vector<Term> order;
  for (const Term& other : terms)
    if (!contains(other, term)) order.push_back(other);
  order.push_back(term);
  const LinearModel model(runs, order);
  TermSquares found{.term = term, .ss = 0};
  for (std::size_t k = 0; k < model.parameter_term_.size(); ++k)
    if (model.parameter_term_[k] + 1 == order.size()) {
      found.ss += model.rotated_[static_cast<Eigen::Index>(k)] * model.rotated_[static_cast<Eigen::Index>(k)];
      ++found.df;
    }
  if (found.df == 0) found.ss = std::numeric_limits<double>::quiet_NaN();
  return found;
}

TermSquares LinearModel::type3(const Term& term) const {
  std::vector<CellWeights> contrasts;
  const std::size_t count = parameters_of(term, runs_->sizes);
  for (std::size_t i = 0; i < count; ++i) {
    CellWeights weights(runs_->columns());
    std::size_t rest = i;
    for (const std::size_t column : term) {
      weights[column].assign(runs_->sizes[column], 0);
      weights[column][0] = -1;
      weights[column][rest % (runs_->sizes[column] - 1) + 1] = 1;
      rest /= runs_->sizes[column] - 1;
    }
    contrasts.push_back(std::move(weights));
  }
  TermSquares found{.term = term};
  const std::optional<Joint> tested = joint(contrasts);
  if (!tested || count == 0) return found;
  found.df = count;
  found.ss = tested->value.dot(tested->covariance.ldlt().solve(tested->value));
  return found;
}

}  // namespace ablate
