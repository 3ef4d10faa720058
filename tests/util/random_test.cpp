#include "util/random.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

using namespace ablate;

BOOST_AUTO_TEST_SUITE(random_numbers)

BOOST_AUTO_TEST_CASE(philox_gives_the_published_vectors) {
  // Random123's known-answer tests for philox4x32-10.
  BOOST_TEST(philox({0, 0, 0, 0}, {0, 0}) ==
                 (std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}),
             boost::test_tools::per_element());
  BOOST_TEST(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
                 (std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}),
             boost::test_tools::per_element());
  BOOST_TEST(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
                 (std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_draw_depends_on_seed_purpose_and_index_alone) {
  const RandomStream a(1, "order"), b(1, "order"), other_seed(2, "order"), other_purpose(1, "weights");
  BOOST_TEST(a.bits(7) == b.bits(7));
  BOOST_TEST(a.bits(7) != a.bits(8));
  BOOST_TEST(a.bits(7) != a.bits(7, 1));
  BOOST_TEST(a.bits(7) != other_seed.bits(7));
  BOOST_TEST(a.bits(7) != other_purpose.bits(7));
}

BOOST_AUTO_TEST_CASE(moments_are_those_of_the_distributions) {
  const RandomStream stream(3, "moments");
  constexpr int kDraws = 100000;
  double uniform = 0, mean = 0, square = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = stream.uniform(static_cast<std::uint64_t>(i));
    BOOST_REQUIRE(u >= 0 && u < 1);
    const double z = stream.normal(static_cast<std::uint64_t>(i), 1);
    uniform += u / kDraws;
    mean += z / kDraws;
    square += z * z / kDraws;
    BOOST_REQUIRE(stream.below(10, static_cast<std::uint64_t>(i)) < 10);
  }
  // Five standard errors.
  BOOST_TEST(std::abs(uniform - 0.5) < 5 * std::sqrt(1.0 / 12 / kDraws));
  BOOST_TEST(std::abs(mean) < 5 / std::sqrt(kDraws));
  BOOST_TEST(std::abs(square - 1) < 5 * std::sqrt(2.0 / kDraws));
}

BOOST_AUTO_TEST_SUITE_END()
