#include "model/random_numbers.hpp"

#include <torch/torch.h>

#include <boost/test/unit_test.hpp>

#include "util/random.hpp"

namespace ablate {

BOOST_AUTO_TEST_SUITE(random_numbers_as_tensors)

BOOST_AUTO_TEST_CASE(each_is_the_streams_own_by_either_way) {
  const std::int64_t count = 40001;
  // Across the border of the low word, where the second one begins to count; and beyond 2^63.
  for (const std::uint64_t first : {std::uint64_t{0}, (std::uint64_t{1} << 32) - 20000,
                                    (std::uint64_t{1} << 63) + (std::uint64_t{1} << 33)}) {
    const RandomStream random(7, "noise");
    const torch::Tensor plain = normal_numbers(7, "noise", first, count, torch::kCPU);
    const torch::Tensor by_operators = reference::normal_numbers(7, "noise", first, count, torch::kCPU);
    BOOST_TEST_REQUIRE(by_operators.sizes() == plain.sizes());
    BOOST_TEST((by_operators.scalar_type() == torch::kFloat32));
    std::int64_t wrong = 0;
    for (std::int64_t i = 0; i < count; ++i)
      wrong +=
          plain[i].item<float>() != static_cast<float>(random.normal(first + static_cast<std::uint64_t>(i)));
    BOOST_TEST(wrong == 0);
    // Logarithms and cosines of another library.
    BOOST_TEST((by_operators - plain).abs().max().item<double>() < 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(parts_are_those_of_the_whole) {
  for (const auto& draw : {normal_numbers, reference::normal_numbers}) {
    const torch::Tensor whole = draw(3, "noise", 100, 60, torch::kCPU);
    BOOST_TEST(torch::equal(draw(3, "noise", 117, 20, torch::kCPU), whole.narrow(0, 17, 20)));
    BOOST_TEST(!torch::equal(draw(4, "noise", 100, 60, torch::kCPU), whole));
    BOOST_TEST(!torch::equal(draw(3, "weights", 100, 60, torch::kCPU), whole));
    BOOST_TEST(draw(3, "noise", 100, 0, torch::kCPU).numel() == 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
