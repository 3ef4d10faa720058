#include "util/hash.hpp"

#include <boost/test/unit_test.hpp>

#include "scratch.hpp"
#include "util/error.hpp"

using namespace ablate;

BOOST_AUTO_TEST_SUITE(hash)

BOOST_AUTO_TEST_CASE(it_is_xxh3_of_128_bits) {
  // The reference value of XXH3_128bits for empty input, from xxHash's own test vectors.
  BOOST_TEST(hash128("").hex() == "99aa06d3014798d86001c324468d497f");
  BOOST_TEST(hash128("a").hex() != hash128("b").hex());
}

BOOST_AUTO_TEST_CASE(a_file_hashes_as_its_bytes) {
  const Scratch scratch;
  BOOST_TEST(hash_file(scratch.write("x", "content")).hex() == hash128("content").hex());
  BOOST_TEST(hash_file(scratch.write("large", std::string(3 << 20, 'q'))).hex() ==
             hash128(std::string(3 << 20, 'q')).hex());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_an_error) {
  BOOST_CHECK_THROW(hash_file("/nonexistent/file"), Error);
  BOOST_CHECK_THROW(hash_file("/tmp"), Error);
}

BOOST_AUTO_TEST_SUITE_END()
