#include "store/imports.hpp"

#include <cmath>

#include "fixture.hpp"
#include "util/file.hpp"

using namespace ablate;

namespace {

struct Imports : Store {
  /// Two cells of an axis under two seeds; one run has failed.
  ImportedSweep table(double first = 0.5) const {
    ImportedSweep sweep_of{.name = "others", .file = write("others.csv", "x")};
    sweep_of.roles = {
        .seed = "block", .seed_names = {"I", "II"}, .cost = "hours", .lower_is_better = {"loss"}};
    sweep_of.axes = {{"kind", {"a", "b"}}, {"depth", {"2"}}};
    sweep_of.cells = {{0, 0}, {1, -1}};
    sweep_of.runs = {{0, 1, false, {{"loss", first, 100, 0.1}, {"hours", 2}}},
                     {1, 1, false, {{"loss", NAN}, {"hours", 3}}},
                     {0, 2, false, {{"loss", 0.25}}},
                     {1, 2, true, {}}};
    return sweep_of;
  }
  std::string message_of(const ImportedSweep& what, bool replace = false) {
    try {
      save_import(database, what, 200, replace);
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(imported_runs_are_runs, Imports) {
  const ImportResult result = save_import(database, table(), 200, false);
  BOOST_TEST(!result.unchanged);
  BOOST_TEST(!result.replaced);
  const SweepRecord record = get_sweep(database, "others");
  BOOST_REQUIRE(record.imported.has_value());
  BOOST_TEST((*record.imported == table().roles));
  BOOST_TEST(!get_sweep(database, "connector").imported.has_value());
  const auto runs = load_runs(database, result.sweep_id, {});
  BOOST_REQUIRE(runs.size() == 4u);
  BOOST_TEST(runs[0].levels.at("kind").label == "a");
  BOOST_TEST(runs[0].levels.at("depth").label == "2");
  BOOST_TEST(runs[1].levels.count("depth") == 0u);
  BOOST_TEST(runs[0].values.at("loss") == 0.5);
  BOOST_TEST(runs[0].values.at("hours") == 2);
  BOOST_TEST(runs[0].examples.at("loss").n == 100);
  BOOST_TEST(runs[0].examples.at("loss").standard_error == 0.1);
  BOOST_TEST(std::isnan(runs[1].values.at("loss")));
  BOOST_TEST(runs[2].seed == 2u);
  BOOST_TEST(std::isnan(runs[2].examples.at("loss").standard_error));
  BOOST_TEST((runs[3].state == JobState::failed));
  BOOST_TEST(
      count("SELECT count(*) FROM runs WHERE sweep = 'others' AND flops IS NULL AND seconds IS NULL") == 4);
  BOOST_TEST(count("SELECT count(*) FROM jobs") == 10);  // Those of the planned sweep.
}

BOOST_FIXTURE_TEST_CASE(the_same_import_writes_nothing_and_another_one_replaces_it, Imports) {
  const std::int64_t id = save_import(database, table(), 200, false).sweep_id;
  const std::int64_t before = count("SELECT total_changes()");
  BOOST_TEST(save_import(database, table(), 300, false).unchanged);
  BOOST_TEST(count("SELECT total_changes()") == before);
  const ImportResult changed = save_import(database, table(0.75), 400, false);
  BOOST_TEST(changed.replaced);
  BOOST_TEST(changed.sweep_id == id);
  BOOST_TEST(load_runs(database, id, {}).at(0).values.at("loss") == 0.75);
  BOOST_TEST(count("SELECT count(*) FROM job WHERE task = 'imported'") == 4);
  BOOST_TEST(count("SELECT count(*) FROM score_value") == 5);
}

BOOST_FIXTURE_TEST_CASE(an_imported_name_belongs_to_one_file, Imports) {
  ImportedSweep planned = table();
  planned.name = "connector";
  for (const bool replace : {false, true})
    BOOST_TEST(
        message_of(planned, replace) ==
        fmt::format("the sweep 'connector' was planned from {}; expected a name of its own for what is "
                    "imported",
                    (path / "connector.toml").string()));
  save_import(database, table(), 200, false);
  ImportedSweep other = table();
  other.file = write("other.csv", "x");
  BOOST_TEST(message_of(other).find("was imported from another file") != std::string::npos);
  BOOST_TEST(message_of(other, true) == "none");
  std::filesystem::remove(other.file);
  BOOST_TEST(message_of(table()) == "none");  // That file is gone.

  Plan plan = small_plan();
  plan.sweep = "others";
  const auto save = [&](bool replace) { save_plan(database, plan, path / "others.toml", {}, 500, replace); };
  BOOST_CHECK_THROW(save(false), Error);
  BOOST_TEST(count("SELECT count(*) FROM job WHERE task = 'imported'") == 4);
  save(true);
  BOOST_TEST(count("SELECT count(*) FROM job WHERE task = 'imported'") == 0);
  BOOST_TEST(!get_sweep(database, "others").imported.has_value());
  BOOST_TEST(load_runs(database, get_sweep(database, "others").id, {}).size() == 4u);
}
