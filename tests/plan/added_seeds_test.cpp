#include "plan/added_seeds.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

#include "plan/cells_fixture.hpp"

BOOST_AUTO_TEST_SUITE(added_seeds)

using namespace ablate;

namespace {

struct WithAdditions : WithExperiment {
  Plan plan_with(const std::string& text, std::vector<SeedAddition> additions) const {
    return make_plan(
        load_sweep(write("sweep.toml", "experiment = 'experiment.toml'\n" + text)),
        [](const std::string&, SourceKind) { return std::string(); }, {},
        [&](const Plan&) { return additions; });
  }
};

const std::string kWidths = axis("demo.width", "[8, 16]");

SeedAddition to_width(const std::string& width, std::vector<std::uint64_t> seeds) {
  return {.seeds = std::move(seeds),
          .cells = std::vector<CellName>{{"", {{"demo.width", width}}}},
          .reason = "width " + width};
}

/// "0:0 1:0 0:5": cell and seed of each replicate.
std::string replicates(const Plan& plan) {
  std::string text;
  for (std::size_t r = 0; r < plan.num_replicates(); ++r)
    text += (r ? " " : "") + std::to_string(plan.cell_of(r)) + ":" + std::to_string(plan.seed_of(r));
  return text;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(some_cells_have_more_seeds, WithAdditions) {
  const Plan plan = plan_with("seeds = 2\n" + kWidths, {to_width("16", {2, 5})});
  BOOST_TEST(replicates(plan) == "0:0 1:0 0:1 1:1 1:2 1:5");
  BOOST_TEST(plan.jobs.size() == 6u);
  for (std::size_t r = 0; r < plan.num_replicates(); ++r)
    BOOST_TEST(plan.jobs[plan.jobs_of(r).front()].seed == plan.seed_of(r));
  BOOST_TEST(account(plan).find("x 2 seeds: runs: 4\nseeds 2, 5, added to 1 cell: runs: 6\n") !=
             std::string::npos);
  BOOST_TEST(plan.dropped_additions.empty());
}

BOOST_FIXTURE_TEST_CASE(a_run_that_is_added_is_the_one_that_the_file_would_plan, WithAdditions) {
  const Plan added = plan_with("seeds = [0]\n" + kWidths, {{.seeds = {1}, .reason = "all cells"}});
  const Plan written = plan("seeds = [0, 1]\n" + kWidths);
  BOOST_TEST(replicates(added) == replicates(written));
  BOOST_REQUIRE(added.jobs.size() == written.jobs.size());
  for (std::size_t job = 0; job < added.jobs.size(); ++job)
    BOOST_TEST(added.jobs[job].key.hex() == written.jobs[job].key.hex());
}

BOOST_FIXTURE_TEST_CASE(additions_overlap_and_seeds_of_the_file_are_there_already, WithAdditions) {
  const Plan plan =
      plan_with("seeds = [0, 3]\n" + kWidths, {to_width("8", {3, 4}), {.seeds = {4}, .reason = "all cells"}});
  BOOST_TEST(replicates(plan) == "0:0 1:0 0:3 1:3 0:4 1:4");
  BOOST_TEST(plan.additions.size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(cells_that_are_gone_leave_their_addition_and_a_line_says_so, WithAdditions) {
  SeedAddition both = to_width("8", {2, 3});
  both.cells->push_back({"", {{"demo.width", "32"}}});
  const Plan plan = plan_with("seeds = 1\n" + kWidths, {both, to_width("64", {4})});
  BOOST_TEST(replicates(plan) == "0:0 1:0 0:2 0:3");
  BOOST_REQUIRE(plan.additions.size() == 1u);
  BOOST_TEST(plan.additions[0].cells->size() == 1u);
  BOOST_REQUIRE(plan.dropped_additions.size() == 2u);
  BOOST_TEST(plan.dropped_additions[0] ==
             "the sweep no longer has the cell 'demo.width = 32', so that the seeds 2, 3 that it was given "
             "(width 8) are dropped");
}

BOOST_FIXTURE_TEST_CASE(cells_are_known_by_label_and_levels_whatever_their_number, WithAdditions) {
  const std::string include = "[[include]]\nlabel = 'wide'\ndemo.width = 64\n";
  const Plan before = plan("seeds = 1\n" + kWidths + include);
  SeedAddition addition{.seeds = {9}, .cells = std::vector<CellName>{name_of(before, before.cells[2])}};
  BOOST_TEST(addition.cells->front().text() == "wide");
  const Plan after = plan_with("seeds = 1\n" + axis("demo.width", "[4, 8, 16]") + include, {addition});
  BOOST_TEST(replicates(after) == "0:0 1:0 2:0 3:0 3:9");
}

BOOST_AUTO_TEST_CASE(seeds_are_listed_or_shown_as_a_range) {
  BOOST_TEST(list_seeds({7}) == "seed 7");
  BOOST_TEST(list_seeds({3, 4, 5}) == "seeds 3, 4, 5");
  BOOST_TEST(list_seeds({3, 4, 5, 6}) == "seeds 3 to 6");
  BOOST_TEST(list_seeds({3, 4, 5, 7}) == "seeds 3, 4, 5, 7");
}

BOOST_AUTO_TEST_SUITE_END()
