#include "train/run_settings.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(run_settings)

using namespace ablate;

BOOST_AUTO_TEST_CASE(a_micro_batch_is_halved_as_often_as_memory_ran_out_and_never_empty) {
  BOOST_TEST(micro_batch_of(/*setting=*/0, /*otherwise=*/64, /*halvings=*/0) == 64);
  BOOST_TEST(micro_batch_of(6, 64, 0) == 6);
  BOOST_TEST(micro_batch_of(100, 64, 0) == 100);
  BOOST_TEST(micro_batch_of(0, 64, 3) == 8);
  BOOST_TEST(micro_batch_of(6, 64, 1) == 3);
  BOOST_TEST(micro_batch_of(6, 64, 3) == 1);
  BOOST_TEST(micro_batch_of(0, 64, 1000) == 1);
}

BOOST_AUTO_TEST_CASE(half_of_the_threads_prepare_data_and_at_most_sixteen) {
  BOOST_TEST(loader_threads(0) == 1u);
  BOOST_TEST(loader_threads(1) == 1u);
  BOOST_TEST(loader_threads(3) == 1u);
  BOOST_TEST(loader_threads(8) == 4u);
  BOOST_TEST(loader_threads(200) == 16u);
}

BOOST_AUTO_TEST_SUITE_END()
