#include "law/bowl_problem.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>

namespace ablate {

namespace {

/// A weak Gaussian pull on a parameter of the shape. It matters where a few runs leave the shape open (three
/// rates two octaves apart say little of p and q), and not where there are hundreds.
struct ShapePull {
  BowlParameter parameter;
  double mean, sd;
};
const std::array<ShapePull, 7> kShapePulls = {{{kLogP, std::log(0.5), 0.4},
                                               {kLogQ, std::log(0.5), 0.4},
                                               {kLogK, std::log(0.006), 2},
                                               {kRidge, 0.5, 1},
                                               {kLogP2, std::log(0.5), 0.4},
                                               {kLogQ2, std::log(0.5), 0.4},
                                               {kLogK2, std::log(0.006), 2}}};

/// A bowl with its derivatives by t, log p and log q; the one by log k is the value itself.
struct BowlDerivatives {
  double value, by_t, by_log_p, by_log_q;
};
BowlDerivatives derivatives(const Bowl& b, double t) {
  const double left = std::expm1(-b.p * t), right = std::expm1(b.q * t);
  const double sum = b.p + b.q, scale = b.k / (b.p * b.q * sum);
  const double value = scale * (b.q * left + b.p * right);
  const double by_p = scale * (-b.q * t * (left + 1) + right) - value * (1 / b.p + 1 / sum);
  const double by_q = scale * (left + b.p * t * (right + 1)) - value * (1 / b.q + 1 / sum);
  return {value, b.k / sum * (right - left), b.p * by_p, b.q * by_q};
}

/// Everything at one theta: intercepts eliminated, derivatives centred within each scan (variable
/// projection).
class BowlState {
 public:
  BowlState(const BowlProblem& problem, const Eigen::VectorXd& theta, const Eigen::VectorXd& intercepts)
      : problem_(&problem), theta_(theta), intercepts_(intercepts) {
    evaluate();
    eliminate_intercepts();
    cost_ = data_cost() + pull_cost();
  }
  double cost() const { return cost_; }
  const Eigen::VectorXd& theta() const { return theta_; }
  const Eigen::VectorXd& intercepts() const { return intercepts_; }
  const Eigen::VectorXd& residuals() const { return residuals_; }

  /// Gradient of the cost and the Gauss-Newton matrix of the data.
  void linearize(Eigen::VectorXd& gradient, ArrowMatrix& hessian) const;
  static Eigen::VectorXd pull_hessian(int parameters);

 private:
  void evaluate();
  void eliminate_intercepts();
  double data_cost() const;
  double pull_cost() const;
  double weight(Eigen::Index i) const {
    return problem_->points[static_cast<std::size_t>(i)].weight *
           huber_weight(residuals_[i] / problem_->scale);
  }

  const BowlProblem* problem_;
  using PointDerivatives = decltype(BowlRise::by);

  Eigen::VectorXd theta_, intercepts_, residuals_;
  std::vector<PointDerivatives> jacobian_;
  double cost_ = 0;
};

void BowlState::evaluate() {
  residuals_.resize(static_cast<Eigen::Index>(problem_->points.size()));
  jacobian_.clear();
  const Bowl lr = problem_->lr_bowl(theta_), batch = problem_->batch_bowl(theta_);
  for (Eigen::Index i = 0; i < residuals_.size(); ++i) {
    const BowlPoint& point = problem_->points[static_cast<std::size_t>(i)];
    const double dy = problem_->joint ? point.y - theta_[BowlProblem::y_of(point.scan)] : 0;
    const BowlRise rise = rise_at(lr, problem_->joint ? &batch : nullptr, theta_[kRidge],
                                  point.x - theta_[BowlProblem::x_of(point.scan)], dy);
    residuals_[i] = point.log_loss - rise.value;
    jacobian_.push_back(rise.by);
  }
}

void BowlState::eliminate_intercepts() {
  std::vector<std::vector<Eigen::Index>> members(static_cast<std::size_t>(problem_->scans));
  for (std::size_t i = 0; i < problem_->points.size(); ++i)
    members[static_cast<std::size_t>(problem_->points[i].scan)].push_back(static_cast<Eigen::Index>(i));
  for (int scan = 0; scan < problem_->scans; ++scan) {
    const auto& rows = members[static_cast<std::size_t>(scan)];
    const auto count = static_cast<Eigen::Index>(rows.size());
    Eigen::VectorXd values(count), weights(count);
    for (Eigen::Index j = 0; j < count; ++j) {
      const Eigen::Index row = rows[static_cast<std::size_t>(j)];
      values[j] = residuals_[row] / problem_->scale;
      weights[j] = problem_->points[static_cast<std::size_t>(row)].weight;
    }
    intercepts_[scan] = problem_->scale * robust_mean(values, weights, intercepts_[scan] / problem_->scale);
    double total = 0;
    PointDerivatives mean = PointDerivatives::Zero();
    for (const Eigen::Index row : rows) {
      residuals_[row] -= intercepts_[scan];
      total += weight(row);
      mean += weight(row) * jacobian_[static_cast<std::size_t>(row)];
    }
    for (const Eigen::Index row : rows) jacobian_[static_cast<std::size_t>(row)] -= mean / total;
  }
}

double BowlState::data_cost() const {
  double sum = 0;
  for (Eigen::Index i = 0; i < residuals_.size(); ++i)
    sum += problem_->points[static_cast<std::size_t>(i)].weight * huber(residuals_[i] / problem_->scale);
  return sum;
}

double BowlState::pull_cost() const {
  double sum = 0;
  for (const ShapePull& pull : kShapePulls)
    sum += 0.5 * std::pow((theta_[pull.parameter] - pull.mean) / pull.sd, 2);
  return sum;
}

Eigen::VectorXd BowlState::pull_hessian(int parameters) {
  Eigen::VectorXd diagonal = Eigen::VectorXd::Zero(parameters);
  for (const ShapePull& pull : kShapePulls) diagonal[pull.parameter] = 1 / (pull.sd * pull.sd);
  return diagonal;
}

void BowlState::linearize(Eigen::VectorXd& gradient, ArrowMatrix& hessian) const {
  constexpr int kShape = ArrowMatrix::kShape, kScan = ArrowMatrix::kScan;
  gradient = Eigen::VectorXd::Zero(theta_.size());
  hessian = ArrowMatrix(problem_->scans);
  for (std::size_t i = 0; i < jacobian_.size(); ++i) {
    const PointDerivatives& by = jacobian_[i];
    const auto row = static_cast<Eigen::Index>(i);
    const auto scan = static_cast<std::size_t>(problem_->points[i].scan);
    const double scaled = weight(row) / (problem_->scale * problem_->scale);
    const auto shape = by.head<kShape>();
    const auto own = by.tail<kScan>();
    hessian.shape += scaled * shape * shape.transpose();
    hessian.cross[scan] += scaled * shape * own.transpose();
    hessian.scans[scan] += scaled * own * own.transpose();
    gradient.head<kShape>() -= scaled * residuals_[row] * shape;
    gradient.segment<kScan>(BowlProblem::x_of(problem_->points[i].scan)) -= scaled * residuals_[row] * own;
  }
  for (const ShapePull& pull : kShapePulls)
    gradient[pull.parameter] += (theta_[pull.parameter] - pull.mean) / (pull.sd * pull.sd);
}

/// Takes parameters that the gradient presses against a bound out of the step.
void freeze_at_bounds(const BowlProblem& problem, const Eigen::VectorXd& theta, Eigen::VectorXd& gradient,
                      ArrowMatrix& matrix) {
  for (Eigen::Index i = 0; i < theta.size(); ++i) {
    const bool at_low = theta[i] <= problem.low[i] && gradient[i] > 0;
    const bool at_high = theta[i] >= problem.high[i] && gradient[i] < 0;
    if (!at_low && !at_high && problem.low[i] < problem.high[i]) continue;
    gradient[i] = 0;
    matrix.make_unit(i);
  }
}

}  // namespace

BowlRise rise_at(const Bowl& lr, const Bowl* batch, double ridge, double dx, double dy) {
  BowlRise rise;
  const BowlDerivatives along_lr = derivatives(lr, dx - ridge * dy);
  rise.value = along_lr.value;
  rise.by[kLogP] = along_lr.by_log_p;
  rise.by[kLogQ] = along_lr.by_log_q;
  rise.by[kLogK] = along_lr.value;
  rise.by[BowlRise::kX] = -along_lr.by_t;
  if (batch == nullptr) return rise;
  const BowlDerivatives along_batch = derivatives(*batch, dy);
  rise.value += along_batch.value;
  rise.by[kRidge] = -along_lr.by_t * dy;
  rise.by[kLogP2] = along_batch.by_log_p;
  rise.by[kLogQ2] = along_batch.by_log_q;
  rise.by[kLogK2] = along_batch.value;
  rise.by[BowlRise::kY] = ridge * along_lr.by_t - along_batch.by_t;
  return rise;
}

double huber(double u) { return std::abs(u) <= 1 ? 0.5 * u * u : std::abs(u) - 0.5; }
double huber_weight(double u) { return std::abs(u) <= 1 ? 1 : 1 / std::abs(u); }

double robust_mean(const Eigen::VectorXd& values, const Eigen::VectorXd& weights, double start) {
  double centre = start;
  for (int i = 0; i < 100; ++i) {
    double sum = 0, total = 0;
    for (Eigen::Index j = 0; j < values.size(); ++j) {
      const double weight = weights[j] * huber_weight(values[j] - centre);
      sum += weight * values[j];
      total += weight;
    }
    const double step = sum / total - centre;
    centre += step;
    if (std::abs(step) < 1e-9) break;
  }
  return centre;
}

Bowl BowlProblem::lr_bowl(const Eigen::VectorXd& theta) const {
  return {std::exp(theta[kLogP]), std::exp(theta[kLogQ]), std::exp(theta[kLogK])};
}
Bowl BowlProblem::batch_bowl(const Eigen::VectorXd& theta) const {
  return {std::exp(theta[kLogP2]), std::exp(theta[kLogQ2]), std::exp(theta[kLogK2])};
}

BowlSolution solve(const BowlProblem& problem) {
  constexpr int kMaxIterations = 300;
  Eigen::VectorXd lowest = Eigen::VectorXd::Constant(problem.scans, std::numeric_limits<double>::infinity());
  for (const BowlPoint& point : problem.points)
    lowest[point.scan] = std::min(lowest[point.scan], point.log_loss);
  BowlState state(problem, problem.start, lowest);
  const Eigen::VectorXd pulls = BowlState::pull_hessian(problem.parameters());
  BowlSolution solution;
  double damping = 1e-3;
  Eigen::VectorXd gradient;
  ArrowMatrix hessian;
  bool moved = true;
  for (; solution.iterations < kMaxIterations && damping < 1e12; ++solution.iterations) {
    if (moved) state.linearize(gradient, hessian);
    Eigen::VectorXd downhill = gradient;
    ArrowMatrix matrix = hessian;
    for (Eigen::Index i = 0; i < pulls.size(); ++i) matrix.add_to_diagonal(i, pulls[i]);
    freeze_at_bounds(problem, state.theta(), downhill, matrix);
    for (Eigen::Index i = 0; i < pulls.size(); ++i)
      matrix.add_to_diagonal(i, damping * std::max(matrix.diagonal(i), 1e-6));
    const Eigen::VectorXd step = matrix.solve(-downhill);
    const Eigen::VectorXd next = (state.theta() + step).cwiseMax(problem.low).cwiseMin(problem.high);
    BowlState trial(problem, next, state.intercepts());
    moved = trial.cost() < state.cost();
    if (!moved) {
      damping *= 4;
      continue;
    }
    const double gain = state.cost() - trial.cost();
    std::swap(state, trial);
    damping = std::max(1e-9, damping / 3);
    if (gain < 1e-9 * (1e-3 + state.cost())) break;
  }
  state.linearize(gradient, hessian);
  solution.theta = state.theta();
  solution.intercepts = state.intercepts();
  solution.residuals = state.residuals();
  solution.data_hessian = hessian;
  solution.prior_hessian = pulls;
  return solution;
}

}  // namespace ablate
