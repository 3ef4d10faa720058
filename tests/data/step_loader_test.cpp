#include "data/step_loader.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <numeric>
#include <thread>

#include "data/fixture.hpp"

namespace ablate {

namespace {

using Ids = std::vector<std::string>;
using PairSteps = StepLoader<PairLoader, Ids>;

constexpr std::int64_t kBatch = 7;
constexpr std::size_t kNoThread = 0;

/// Thirty captioned pictures, of which the first `broken` are cut short.
struct Captions {
  explicit Captions(int broken = 0) {
    std::string lines;
    for (int i = 0; i < 30; ++i) {
      const std::string picture = square_png(6, static_cast<std::uint8_t>(8 * i), 100, 200),
                        name = fmt::format("{}.png", i);
      scratch.write(name, i < broken ? picture.substr(0, 40) : picture);
      lines += Json{{"image", name}, {"caption", sentence(static_cast<std::uint64_t>(i), 5)}}.dump() + "\n";
    }
    settings.paths = {scratch.write("captions.jsonl", lines)};
    settings.resolution = 4;
    settings.seed = 5;
  }
  std::unique_ptr<PairLoader> open(const Json& state = Json(), double max_broken_share = 1) const {
    return open_loader<PairLoader>(settings, nullptr, {.threads = 2, .max_broken_share = max_broken_share},
                                   state);
  }
  Scratch scratch;
  PairSettings settings;
};

Ids ids_of(std::vector<Pair> pairs) {
  Ids ids;
  for (const Pair& pair : pairs) ids.push_back(pair.id);
  return ids;
}

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

/// Hands out 0, 1, 2, ..., and waits before each.
struct SlowLoader {
  struct Number {
    int value = 0;
    StreamPosition position;
  };
  Number next() {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return {.value = taken++, .position = {}};
  }
  DataTally& tally() { return counts; }
  int taken = 0;
  DataTally counts;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(step_loader)

BOOST_AUTO_TEST_CASE(steps_and_their_states_are_the_loaders_however_far_ahead) {
  const Captions captions(3);
  for (const std::size_t ahead : {kNoThread, std::size_t{1}, std::size_t{5}}) {
    const auto plain = captions.open();
    PairSteps steps(captions.open(), kBatch, ids_of, ahead);
    for (int step = 0; step < 12; ++step) {
      Ids expected;
      Json position;
      for (std::int64_t i = 0; i < kBatch; ++i) {
        const Pair pair = plain->next();
        expected.push_back(pair.id);
        position = pair.position.to_json();
      }
      BOOST_TEST(steps.next() == expected, boost::test_tools::per_element());
      BOOST_TEST(steps.step() == expected, boost::test_tools::per_element());
      BOOST_TEST(steps.state() == (Json{{"position", position}, {"tally", plain->tally().to_json()}}));
      BOOST_TEST(steps.tally().to_json() == plain->tally().to_json());
    }
    BOOST_TEST(steps.tally().broken() > 0);
  }
}

BOOST_AUTO_TEST_CASE(a_state_goes_on_with_the_step_after_it) {
  const Captions captions(3);
  PairSteps whole(captions.open(), kBatch, ids_of, kNoThread);
  std::vector<Ids> steps;
  std::vector<Json> states;
  for (int step = 0; step < 10; ++step) {
    steps.push_back(whole.next());
    states.push_back(whole.state());
  }
  for (const std::size_t at : {0u, 3u, 6u})
    for (const std::size_t ahead : {kNoThread, std::size_t{2}}) {
      PairSteps resumed(captions.open(Json::parse(states[at].dump())), kBatch, ids_of, ahead);
      for (std::size_t step = at + 1; step < at + 4; ++step) {
        BOOST_TEST(resumed.next() == steps[step], boost::test_tools::per_element());
        BOOST_TEST(resumed.state() == states[step]);
      }
    }
}

BOOST_AUTO_TEST_CASE(errors_come_out_in_the_place_of_their_step) {
  const Captions captions(12);
  for (const std::size_t ahead : {kNoThread, std::size_t{1}, std::size_t{4}}) {
    int prepared = 0;
    PairSteps refusing(
        captions.open(), 2,
        [&](std::vector<Pair> pairs) {
          if (++prepared == 3) throw std::runtime_error("a token too many");
          return ids_of(std::move(pairs));
        },
        ahead);
    refusing.next();
    BOOST_TEST(refusing.next().size() == 2u);
    BOOST_TEST(message_of([&] { refusing.next(); }) == "a token too many");

    // As many broken ones as a loader by itself stops at, and no step before.
    const auto plain = captions.open(Json(), 0.1);
    int whole_steps = 0;
    const std::string expected = message_of([&] {
      for (std::int64_t i = 1;; ++i) {
        plain->next();
        if (i % kBatch == 0) ++whole_steps;
      }
    });
    BOOST_TEST(expected.find("documents are broken") != std::string::npos);
    BOOST_TEST(whole_steps > 0);
    PairSteps broken(captions.open(Json(), 0.1), kBatch, ids_of, ahead);
    for (int step = 0; step < whole_steps; ++step) broken.next();
    BOOST_TEST(message_of([&] { broken.next(); }) == expected);
  }
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_a_step_that_is_not_wanted) {
  const auto start = std::chrono::steady_clock::now();
  {
    StepLoader<SlowLoader, int> steps(
        std::make_unique<SlowLoader>(), 2000,
        [](const std::vector<SlowLoader::Number>& numbers) { return numbers.back().value; }, 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  BOOST_TEST(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() <
             10);  // Not 40.
}

BOOST_AUTO_TEST_CASE(a_step_is_loaded_while_the_one_before_is_in_use) {
  auto slow = std::make_unique<SlowLoader>();
  std::atomic<int> prepared = 0;
  StepLoader<SlowLoader, int> steps(
      std::move(slow), 2,
      [&](const std::vector<SlowLoader::Number>& numbers) {
        ++prepared;
        return numbers.back().value;
      },
      1);
  BOOST_TEST(steps.next() == 1);
  for (int i = 0; i < 1000 && prepared < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  BOOST_TEST(prepared == 2);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  BOOST_TEST(prepared == 2);  // And no more than one.
  BOOST_TEST(steps.step() == 1);
  BOOST_TEST(steps.next() == 3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
