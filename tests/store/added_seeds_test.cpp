#include "store/added_seeds.hpp"

#include "fixture.hpp"
#include "versions.hpp"

BOOST_AUTO_TEST_SUITE(added_seeds)

using namespace ablate;

namespace {

const CellName kMlp{"", {{"connector.kind", "mlp"}}};

/// The small plan with one more run: its first cell under seed 1.
Plan plan_with_seed() {
  Plan plan = small_plan();
  plan.additions = {{.seeds = {1},
                     .cells = std::vector<CellName>{kMlp, {"the \"big\" one", {}}},
                     .reason = "best 1 by vqa of 2 cells",
                     .choice = ScoreChoice{"vqa", 2, {0, 0xffffffffffffffffu}}},
                    {.seeds = {2, 3}, .reason = "all cells"}};
  plan.added = {{0, 1}};
  plan.replicate_jobs.push_back(0);
  plan.replicate_begin.push_back(plan.replicate_jobs.size());
  return plan;
}

struct Added : Store {
  SaveResult save(const Plan& plan, double now) {
    return save_plan(database, plan, path / "connector.toml", {{"retries", 2}}, now);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(additions_are_kept_with_the_plan_that_has_them, Added) {
  BOOST_TEST(load_additions(database, sweep).empty());
  const Plan plan = plan_with_seed();
  BOOST_TEST(!save(plan, 200).unchanged);
  BOOST_TEST(count("SELECT count(*) FROM replicate") == 5);
  BOOST_TEST(text("SELECT cell || ' ' || seed FROM replicate WHERE number = 4") == "0 1");
  const std::vector<SeedAddition> loaded = load_additions(database, sweep);
  BOOST_REQUIRE(loaded.size() == 2u);
  BOOST_TEST(loaded[0].is_like(plan.additions[0]));
  BOOST_TEST(loaded[1].is_like(plan.additions[1]));
  BOOST_TEST(loaded[1].added_at == 200);
  BOOST_TEST(text("SELECT sweep || seeds || reason FROM added_seeds WHERE cells IS NULL") ==
             "connector[2,3]all cells");
  // The same again writes nothing; a later plan keeps the time of what it found.
  BOOST_TEST(save(plan, 300).unchanged);
  Plan later = small_plan();
  later.additions = loaded;
  later.additions.push_back({.seeds = {4}, .reason = "all cells"});
  save(later, 400);
  BOOST_TEST(load_additions(database, sweep)[0].added_at == 200);
  BOOST_TEST(load_additions(database, sweep)[2].added_at == 400);
  save(small_plan(), 500);
  BOOST_TEST(load_additions(database, sweep).empty());
}

BOOST_FIXTURE_TEST_CASE(a_plan_that_cannot_be_saved_leaves_what_was_added, Added) {
  save(plan_with_seed(), 200);
  Query(database,
        "CREATE TEMP TRIGGER refuse BEFORE INSERT ON claim BEGIN SELECT raise(ABORT, 'no room'); END")
      .run();
  Plan plan = small_plan();
  plan.claims.push_back({});
  BOOST_CHECK_THROW(save(plan, 300), Error);
  BOOST_TEST(load_additions(database, sweep).size() == 2u);
  BOOST_TEST(count("SELECT count(*) FROM replicate") == 5);
}

BOOST_FIXTURE_TEST_CASE(a_damaged_row_is_named, Added) {
  save(plan_with_seed(), 200);
  Query(database, "UPDATE seed_addition SET seeds = '[1' WHERE id = 1").run();
  BOOST_CHECK_EXCEPTION(load_additions(database, sweep), Error, [](const Error& error) {
    return std::string(error.what()).find("table seed_addition, row 1: ") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(an_older_database_gets_the_table) {
  const Scratch folder;
  const auto file = folder.path / "a.db";
  {
    SQLite::Database old(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    make_old(old, 4);
  }
  Database database(file, Database::Mode::read_write);
  BOOST_TEST(ask(database, "SELECT count(*) FROM seed_addition") == 0);
  BOOST_TEST(ask(database, "SELECT count(*) FROM added_seeds") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
