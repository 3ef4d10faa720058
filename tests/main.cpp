#define BOOST_TEST_MODULE ablate
#include <boost/test/unit_test.hpp>
