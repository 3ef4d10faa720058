#include "store/outcomes.hpp"

#include <boost/test/unit_test.hpp>

#include "fixture.hpp"
#include "util/file.hpp"
#include "util/hash.hpp"
#include "versions.hpp"

BOOST_FIXTURE_TEST_SUITE(outcomes, Store)

using namespace ablate;

namespace {

const ExampleOutcomes kHits = {
    .score = "vqa/4-shot", .questions = {9, 5}, .values = {0, 1}, .names = {"n", "f"}};
const ExampleOutcomes kLosses = {
    .score = "heldout-loss/text", .questions = {3, 4}, .values = {1, 4}, .weights = {2, 1}};

/// An evaluation that has told scores and, of the first two, outcomes.
struct Told {
  explicit Told(Store& store, double value = 0.5) {
    const AttemptRecord attempt = store.begin(3);
    const std::string bytes = encode_outcomes(std::vector{kHits, kLosses});
    file = store.path / "results" / attempt.folder / "outcomes";
    write_file(file, bytes);
    Lines lines;
    const auto score = [&](const std::string& name, double of, bool kept) {
      return lines.add({.what = ScoreEvent{name, of, 2, 0.1, kept ? hash128(bytes).hex() : ""}});
    };
    store.append(attempt, {lines.started(1), score("vqa/4-shot", value, true),
                           score("heldout-loss/text", 2, true), score("vqa-chance/4-shot", 0.25, false)});
    AttemptRecord taken = attempt;
    take_in(store.database, taken, false);
  }
  std::filesystem::path file;
};

std::string complaint_of(Database& database) {
  try {
    load_outcomes(database, 3);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_CASE(outcomes_stand_beside_the_scores_that_have_them) {
  const Told told(*this);
  const auto found = load_outcomes(database, 3);
  BOOST_TEST(found.size() == 2u);
  const ExampleOutcomes& hits = found.at("vqa/4-shot");
  BOOST_TEST((hits.questions == std::vector<std::uint64_t>{5, 9}));
  BOOST_TEST((hits.values == std::vector<float>{1, 0}));
  BOOST_TEST((hits.names == std::vector<std::string>{"f", "n"}));
  BOOST_TEST((found.at("heldout-loss/text").weights == std::vector<float>{2, 1}));
  BOOST_TEST(count("SELECT count(*) FROM scores WHERE length(outcomes) = 32") == 2);
  BOOST_TEST(count("SELECT count(*) FROM scores WHERE outcomes IS NULL") == 1);
  BOOST_TEST(load_outcomes(database, 5).empty());
}

BOOST_AUTO_TEST_CASE(a_file_that_is_another_one_or_gone_is_named) {
  const Told told(*this);
  const std::string bytes = read_file(told.file, 1 << 20);
  write_file(told.file, bytes.substr(0, bytes.size() - 1));
  BOOST_TEST(complaint_of(database).starts_with(told.file.string() + ": its content has the hash "));
  write_file(told.file, encode_outcomes(std::vector{kHits}));
  BOOST_TEST(complaint_of(database).starts_with(told.file.string() + ": its content has the hash "));
  std::filesystem::remove(told.file);
  BOOST_TEST(complaint_of(database).starts_with(told.file.string() + ": "));
}

BOOST_AUTO_TEST_CASE(outcomes_that_do_not_make_the_score_are_refused) {
  const Told told(*this, 0.51);
  BOOST_TEST(complaint_of(database) ==
             told.file.string() +
                 ": its outcomes of 'vqa/4-shot' are 2 examples with the mean 0.5; expected 2 with 0.51, the "
                 "score of the database");
}

BOOST_AUTO_TEST_CASE(scores_of_an_older_database_have_no_outcomes) {
  const auto file = path / "old.db";
  {
    SQLite::Database old(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    make_old(old, 4);
    old.exec("INSERT INTO score_value VALUES (1, 'vqa/4-shot', 0.5, 2, 0.1, 1)");
  }
  Database migrated(file, Database::Mode::read_write);
  BOOST_TEST(ask(migrated, "SELECT count(*) FROM score_value WHERE outcomes IS NULL AND value = 0.5") == 1);
  BOOST_TEST(load_outcomes(migrated, 1).empty());
}

BOOST_AUTO_TEST_SUITE_END()
