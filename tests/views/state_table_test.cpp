// What tables show where there is no number: states, and axes that do not apply.
#include <boost/test/unit_test.hpp>

#include "views/pivot_fixture.hpp"

BOOST_AUTO_TEST_SUITE(state_tables)

using namespace ablate;
using namespace pivot_fixture;

BOOST_AUTO_TEST_CASE(a_cell_without_a_number_counts_the_seeds_of_its_worst_state) {
  std::vector<RunRecord> runs = full_grid();
  const auto set = [&](std::size_t i, const char* kind, const char* tokens, JobState state) {
    runs[i] = run(kind, tokens, i / 4, 0, state);
  };
  // Seeds 0, 1 and 2 of each cell.
  for (const std::size_t i : {0, 4, 8}) set(i, "c-abstractor", "144", JobState::waiting);
  set(4, "c-abstractor", "144", JobState::cancelled);
  for (const std::size_t i : {1, 5, 9}) set(i, "c-abstractor", "64", JobState::running);
  set(9, "c-abstractor", "64", JobState::queued);
  for (const std::size_t i : {2, 6, 10}) set(i, "mlp", "64", JobState::stopped_early);
  set(2, "mlp", "64", JobState::running);
  for (const std::size_t i : {3, 7, 11}) set(i, "mlp", "144", JobState::cancelled);
  set(11, "mlp", "144", JobState::failed);
  BOOST_TEST(show(runs, {.rows = {"kind", "tokens"}, .columns = {}, .values = {"vqa"}})
                 .starts_with("kind          tokens                vqa\n"
                              "------------  ------  -----------------\n"
                              "mlp           64      stopped early 2/3\n"
                              "mlp           144            failed 1/3\n"
                              "c-abstractor  64            running 2/3\n"
                              "c-abstractor  144         cancelled 1/3\n"));
  BOOST_TEST(show(runs, {.rows = {"kind", "tokens"}, .columns = {}, .values = {}}) ==
             "kind          tokens  state\n"
             "------------  ------  -----------------\n"
             "mlp           64      stopped-early 2/3\n"
             "mlp           144     failed 1/3\n"
             "c-abstractor  64      running 2/3\n"
             "c-abstractor  144     cancelled 1/3\n");
}

BOOST_AUTO_TEST_CASE(beside_numbers_a_cell_that_has_not_run_waits) {
  std::vector<RunRecord> runs = full_grid();
  for (const std::size_t i : {3, 7, 11}) runs[i] = run("mlp", "144", i / 4, 0, JobState::waiting);
  for (const std::size_t i : {2, 6, 10}) {  // All is done, and there is no value.
    runs[i] = run("mlp", "64", i / 4, 0);
    runs[i].values.clear();
  }
  const std::string table = show(runs, {.rows = {"kind", "tokens"}, .columns = {}, .values = {"vqa"}});
  BOOST_TEST(table.find("mlp           144       waiting 3/3\n") != std::string::npos, table);
  BOOST_TEST(table.find("mlp           64                  -\n") != std::string::npos, table);
}

BOOST_AUTO_TEST_CASE(states_are_laid_out_by_rows_and_columns) {
  std::vector<RunRecord> runs = full_grid();
  runs[0] = run("c-abstractor", "144", 0, 0, JobState::failed);
  runs[2] = run("mlp", "64", 0, 0, JobState::waiting);
  runs[3] = run("mlp", "144", 0, 0, JobState::waiting);
  runs[7] = run("mlp", "144", 1, 0, JobState::waiting);
  std::erase_if(runs, [](const RunRecord& record) { return record.cell == 2; });  // c-abstractor 64
  const PivotLayout layout{.rows = {"kind"}, .columns = {"tokens"}, .values = {}};
  BOOST_TEST(show(runs, layout) ==
             "kind          64           144\n"
             "------------  -----------  -----------\n"
             "mlp           waiting 1/3  waiting 2/3\n"
             "c-abstractor               failed 1/3\n"
             "\n"
             "state; columns: tokens\n");
  for (const Format format : {Format::markdown, Format::latex})
    BOOST_TEST(show(runs, layout, format).find("waiting 2/3") != std::string::npos);
  // A column by itself says that it has states, and there may be no row at all.
  std::erase_if(runs, [](const RunRecord& record) { return record.levels.at("tokens").label == "64"; });
  BOOST_TEST(show(runs, layout).starts_with("kind          144 state\n"));
  BOOST_TEST(show({}, layout).starts_with("kind\n"));
  // Over all cells of a row, a seed counts once, by its worst run.
  BOOST_TEST(
      show(full_grid(), {.rows = {"kind"}, .columns = {}, .values = {}})
          .starts_with("kind          state\n------------  ------------\nmlp           finished 3/3\n"));
}

BOOST_AUTO_TEST_CASE(an_axis_that_does_not_apply_has_no_level_in_csv_and_json) {
  std::vector<RunRecord> runs = {run("mlp", "64", 0, 0.25), run("c-abstractor", "64", 0, 0.5)};
  runs[1].levels.erase("tokens");
  const PivotLayout layout{.rows = {"kind", "tokens"}, .columns = {}, .values = {"vqa"}};
  BOOST_TEST(show(runs, layout, Format::csv).find("\nc-abstractor,,finished,0.5,") != std::string::npos);
  BOOST_TEST(show(runs, layout, Format::json).find("\"tokens\": null") != std::string::npos,
             show(runs, layout, Format::json));
  BOOST_TEST(show(runs, layout).find("c-abstractor  -  ") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
