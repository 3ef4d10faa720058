#include "cli/failure.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <vector>

BOOST_AUTO_TEST_SUITE(failure)

using namespace ablate;

namespace {

template <class Work>
Failure failure_of(const Work& work) {
  try {
    work();
  } catch (...) {
    return describe_failure(std::current_exception());
  }
  BOOST_FAIL("nothing was thrown");
  return {};
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_user_can_mend_leaves_with_2) {
  const Failure wrong = failure_of([] { throw Error("a.toml:3: unknown key"); });
  BOOST_TEST(wrong.code == 2);
  BOOST_TEST(wrong.message == "a.toml:3: unknown key");
  const Failure refused = failure_of([] { return std::filesystem::file_size("/nowhere/at/all"); });
  BOOST_TEST(refused.code == 2);
  BOOST_TEST(refused.message.find("/nowhere/at/all") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_defect_of_ours_is_no_wrong_input) {
  const Failure logic = failure_of([] { static_cast<void>(std::vector<int>().at(3)); });
  BOOST_TEST(logic.code == 70);
  BOOST_TEST(logic.message.starts_with("internal error: "));
  BOOST_TEST(failure_of([] { throw std::runtime_error("x"); }).code == 70);
  BOOST_TEST(failure_of([] { throw 7; }).code == 70);
  const Failure memory = failure_of([] { throw std::bad_alloc(); });
  BOOST_TEST(memory.code == 70);
  BOOST_TEST(memory.message.starts_with("out of memory"));
}

BOOST_AUTO_TEST_SUITE_END()
