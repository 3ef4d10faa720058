#include "journal/outcomes.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "scratch.hpp"
#include "util/error.hpp"
#include "util/hash.hpp"
#include "util/random.hpp"

BOOST_AUTO_TEST_SUITE(outcomes)

using namespace ablate;

namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();

/// Identities as hashes are: spread over 64 bits.
std::uint64_t identity(std::size_t i) { return hash128(std::to_string(i)).low; }

ExampleOutcomes many(std::size_t n, const std::function<float(std::size_t)>& value) {
  ExampleOutcomes outcomes{.score = "loss"};
  for (std::size_t i = 0; i < n; ++i) {
    outcomes.questions.push_back(identity(i));
    outcomes.values.push_back(value(i));
  }
  return outcomes;
}

std::string complaint(const std::string& bytes) {
  try {
    decode_outcomes(bytes, "f");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_written_reads_back_in_the_order_of_the_questions) {
  const std::vector<ExampleOutcomes> given = {{.score = "vqa/4-shot",
                                               .questions = {kLargest, 0, 7, 7},
                                               .values = {0.25f, 1, 0, 0.5f},
                                               .names = {"a.tar: 1", "b \"quoted\"\n", "first", "second"}},
                                              {.score = "vqa-exact/4-shot",
                                               .questions = {7, 0, 7, kLargest},
                                               .values = {3, 2, 4, 1},
                                               .weights = {10, 20, 0.5f, 1e9f}},
                                              {.score = "empty"}};
  const std::vector<ExampleOutcomes> read = decode_outcomes(encode_outcomes(given), "f");
  BOOST_REQUIRE(read.size() == 3u);
  const std::vector<std::uint64_t> ascending = {0, 7, 7, kLargest};
  BOOST_TEST(read[0].score == "vqa/4-shot");
  BOOST_TEST(read[0].questions == ascending);
  BOOST_TEST((read[0].values == std::vector<float>{1, 0, 0.5f, 0.25f}));
  BOOST_TEST(read[0].weights.empty());
  BOOST_TEST((read[0].names == std::vector<std::string>{"b \"quoted\"\n", "first", "second", "a.tar: 1"}));
  BOOST_TEST(read[1].questions == ascending);
  BOOST_TEST((read[1].values == std::vector<float>{2, 3, 4, 1}));
  BOOST_TEST((read[1].weights == std::vector<float>{20, 10, 0.5f, 1e9f}));
  BOOST_TEST(read[1].names.empty());
  BOOST_TEST(read[2].questions.empty());
  BOOST_TEST(decode_outcomes(encode_outcomes({}), "f").empty());
}

BOOST_AUTO_TEST_CASE(every_form_of_column_keeps_every_number) {
  const RandomStream random(1, "outcomes");
  for (const std::size_t n : {1u, 2u, 3u, 255u, 256u, 257u, 5000u})
    for (int form = 0; form < 3; ++form) {
      const ExampleOutcomes given = many(n, [&](std::size_t i) {
        if (form == 0) return static_cast<float>(random.below(2, i));
        if (form == 1) return static_cast<float>(random.below(65536, i));
        return static_cast<float>(random.normal(i, 0));
      });
      const ExampleOutcomes read = decode_outcomes(encode_outcomes({&given, 1}), "f").at(0);
      BOOST_TEST_REQUIRE(read.questions.size() == n);
      BOOST_TEST(std::is_sorted(read.questions.begin(), read.questions.end()));
      std::map<std::uint64_t, float> expected;
      for (std::size_t i = 0; i < n; ++i) expected[given.questions[i]] = given.values[i];
      for (std::size_t i = 0; i < n; ++i) BOOST_REQUIRE(expected.at(read.questions[i]) == read.values[i]);
    }
}

BOOST_AUTO_TEST_CASE(a_million_examples_take_ten_megabytes_or_less) {
  const RandomStream random(2, "outcomes");
  std::vector<ExampleOutcomes> given = {
      many(1'000'000, [&](std::size_t i) { return static_cast<float>(random.normal(i, 0)); })};
  given[0].names.assign(1'000'000, "a name");  // Of so many none is kept.
  const std::string losses = encode_outcomes(given);
  BOOST_TEST(losses.size() < 10'000'000u);
  BOOST_TEST(decode_outcomes(losses, "f").at(0).names.empty());
  given[0] = many(1'000'000, [&](std::size_t i) { return static_cast<float>(random.below(2, i)); });
  given.push_back(given[0]);  // The same questions: one byte more for each.
  given.push_back(given[0]);
  BOOST_TEST(encode_outcomes(given).size() < 10'000'000u);
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_an_error_and_never_another_number) {
  ExampleOutcomes given = many(300, [](std::size_t i) { return static_cast<float>(i) / 7; });
  given.names.assign(300, "name");
  given.weights.assign(300, 2);
  const std::string whole = encode_outcomes({&given, 1});
  BOOST_TEST(complaint(whole) == "");
  for (std::size_t size = 0; size < whole.size(); ++size)
    BOOST_REQUIRE(complaint(whole.substr(0, size)).starts_with("f: "));
  BOOST_TEST(complaint(whole + "x") ==
             "f: goes on after its end; expected the outcomes that an evaluation wrote");
  BOOST_TEST(complaint("nothing of the kind") ==
             "f: does not begin with 'ablate-outcomes 1'; expected the outcomes that an evaluation wrote");
  // Whatever byte is another one: an error or outcomes, and no crash.
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    complaint(damaged);
  }
  // In a file the hash tells.
  const Scratch scratch;
  const auto file = scratch.write("outcomes", whole);
  const std::string hash = hash128(whole).hex();
  BOOST_TEST(read_outcomes(file, hash).size() == 1u);
  scratch.write("outcomes", whole.substr(0, whole.size() - 1));
  for (const auto& path : {file, scratch.path / "absent"}) {
    std::string message;
    try {
      read_outcomes(path, hash);
    } catch (const Error& error) {
      message = error.what();
    }
    BOOST_TEST(message.starts_with(path.string() + ": "), message);
  }
}

BOOST_AUTO_TEST_CASE(outcomes_that_are_no_numbers_are_not_written) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const ExampleOutcomes given = many(3, [&](std::size_t) { return value; });
    BOOST_CHECK_THROW(encode_outcomes({&given, 1}), std::logic_error);
  }
  ExampleOutcomes given = many(3, [](std::size_t) { return 1.0f; });
  given.weights = {1, 0, 1};
  BOOST_CHECK_THROW(encode_outcomes({&given, 1}), std::logic_error);
  given.weights = {1};
  BOOST_CHECK_THROW(encode_outcomes({&given, 1}), std::logic_error);
}

BOOST_AUTO_TEST_SUITE_END()
