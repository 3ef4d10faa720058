#include "law/arrow_matrix.hpp"

#include <Eigen/Dense>
#include <boost/test/unit_test.hpp>

#include "util/random.hpp"

namespace {

/// Blocks of a positive definite matrix by random rows, and the same in full.
struct Both {
  ablate::ArrowMatrix arrow{3};
  Eigen::MatrixXd full;

  Both() {
    constexpr int kShape = ablate::ArrowMatrix::kShape, kScan = ablate::ArrowMatrix::kScan;
    full = Eigen::MatrixXd::Zero(arrow.size(), arrow.size());
    const ablate::RandomStream random(3, "arrow matrix");
    for (std::uint64_t row = 0; row < 60; ++row) {
      Eigen::VectorXd values(kShape + kScan), whole = Eigen::VectorXd::Zero(arrow.size());
      for (int i = 0; i < values.size(); ++i) values[i] = random.normal(row, static_cast<std::uint64_t>(i));
      const auto scan = static_cast<std::size_t>(row % 3);
      whole.head<kShape>() = values.head<kShape>();
      whole.segment<kScan>(kShape + kScan * static_cast<Eigen::Index>(scan)) = values.tail<kScan>();
      arrow.shape += values.head<kShape>() * values.head<kShape>().transpose();
      arrow.cross[scan] += values.head<kShape>() * values.tail<kScan>().transpose();
      arrow.scans[scan] += values.tail<kScan>() * values.tail<kScan>().transpose();
      full += whole * whole.transpose();
    }
  }
  void check() const {
    const Eigen::VectorXd right = Eigen::VectorXd::LinSpaced(arrow.size(), -1, 2);
    BOOST_TEST((arrow.solve(right) - full.ldlt().solve(right)).norm() < 1e-12);
    const Eigen::MatrixXd inverse = full.inverse();
    const auto blocks = arrow.inverse_scans();
    BOOST_REQUIRE(blocks.size() == 3u);
    for (int scan = 0; scan < 3; ++scan)
      BOOST_TEST(
          (blocks[static_cast<std::size_t>(scan)] - inverse.block<2, 2>(7 + 2 * scan, 7 + 2 * scan)).norm() <
          1e-12);
    for (Eigen::Index i = 0; i < arrow.size(); ++i) BOOST_TEST(arrow.diagonal(i) == full(i, i));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(arrow_matrix)

BOOST_AUTO_TEST_CASE(solutions_and_inverses_are_those_of_the_full_matrix) { Both().check(); }

BOOST_AUTO_TEST_CASE(diagonals_factors_and_unit_rows_are_those_of_the_full_matrix) {
  Both both;
  both.arrow *= 0.5;
  both.full *= 0.5;
  for (const Eigen::Index i : {2, 9}) {
    both.arrow.add_to_diagonal(i, 3);
    both.full(i, i) += 3;
  }
  for (const Eigen::Index i : {0, 10}) {
    both.arrow.make_unit(i);
    both.full.row(i).setZero();
    both.full.col(i).setZero();
    both.full(i, i) = 1;
  }
  both.check();
}

BOOST_AUTO_TEST_SUITE_END()
