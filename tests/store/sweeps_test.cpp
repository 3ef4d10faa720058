#include "store/sweeps.hpp"

#include "fixture.hpp"
#include "util/file.hpp"

using namespace ablate;

namespace {

struct Names : Store {
  std::string write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path / name).parent_path());
    return real_path(Scratch::write(name, text)).string();
  }
  /// Why there is no such sweep, without the database's path.
  std::string message_of(const std::string& name) {
    try {
      get_sweep(database, name);
    } catch (const Error& error) {
      const std::string text = error.what(), where = database.path().string() + ": ";
      return text.starts_with(where) ? text.substr(where.size()) : text;
    }
    return "found";
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_plan_becomes_rows, Store) {
  BOOST_TEST(count("SELECT count(*) FROM job") == 10);
  BOOST_TEST(count("SELECT count(*) FROM cell") == 2);
  BOOST_TEST(count("SELECT count(*) FROM replicate") == 4);
  BOOST_TEST(count("SELECT count(*) FROM part") == 3);
  BOOST_TEST(text("SELECT levels FROM cell WHERE number = 0") == R"({"connector.kind":"mlp"})");
  BOOST_TEST(text("SELECT levels FROM cell WHERE number = 1") ==
             R"({"connector.kind":"c-abstractor","connector.tokens":"64"})");
  BOOST_TEST(text("SELECT coalesce(label, 'none') FROM cell WHERE number = 0") == "none");
  BOOST_TEST(text("SELECT label FROM cell WHERE number = 1") == "the \"big\" one");
  BOOST_TEST(text("SELECT jobs FROM replicate WHERE number = 3") == "[6,9,10]");
  BOOST_TEST(text("SELECT parents || parts || state FROM job WHERE id = 9") == "[6][1,3]waiting");
}

BOOST_FIXTURE_TEST_CASE(a_sampled_range_is_kept, Store) {
  Plan plan = small_plan();
  plan.axes[1].range = SampleRange{1e-4, 0.1, Scale::log};
  BOOST_TEST(!save_plan(database, plan, path / "connector.toml", {{"retries", 2}}, 200).unchanged);
  const std::vector<PlanAxis> axes = get_sweep(database, "connector").axes;
  BOOST_TEST(!axes.at(0).range.has_value());
  BOOST_REQUIRE(axes.at(1).range.has_value());
  BOOST_TEST(axes[1].range->low == 1e-4);
  BOOST_TEST(axes[1].range->high == 0.1);
  BOOST_TEST((axes[1].range->scale == Scale::log));
}

BOOST_FIXTURE_TEST_CASE(the_same_plan_again_writes_nothing, Store) {
  const std::int64_t before = count("SELECT total_changes()");
  const SaveResult again = save_plan(database, small_plan(), path / "connector.toml", {{"retries", 2}}, 200);
  BOOST_TEST(again.unchanged);
  BOOST_TEST(again.sweep_id == sweep);
  BOOST_TEST(again.new_jobs == 0);
  BOOST_TEST(count("SELECT total_changes()") == before);
}

BOOST_FIXTURE_TEST_CASE(the_run_table_alone_changes_only_the_sweeps_row, Store) {
  const SaveResult again = save_plan(database, small_plan(), path / "connector.toml", {{"retries", 5}}, 200);
  BOOST_TEST(!again.unchanged);
  BOOST_TEST(again.sweep_id == sweep);
  BOOST_TEST(again.new_jobs == 0);
  BOOST_TEST(get_sweep(database, "connector").run == (Json{{"retries", 5}}));
  BOOST_TEST(count("SELECT count(*) FROM replicate") == 4);
}

BOOST_FIXTURE_TEST_CASE(a_changed_plan_replaces_cells_and_keeps_jobs_and_the_sweeps_id, Store) {
  Plan plan = small_plan();
  plan.seeds.pop_back();
  plan.replicate_begin.resize(3);
  plan.replicate_jobs.resize(6);
  plan.jobs.resize(5);
  plan.jobs[4].key = hash128("a new evaluation");
  const SaveResult changed = save_plan(database, plan, path / "connector.toml", {{"retries", 2}}, 200);
  BOOST_TEST(changed.sweep_id == sweep);
  BOOST_TEST(changed.new_jobs == 1);
  BOOST_TEST(count("SELECT count(*) FROM replicate") == 2);
  BOOST_TEST(count("SELECT count(*) FROM job") == 11);
  BOOST_TEST(text("SELECT jobs FROM replicate WHERE number = 1") == "[1,4,11]");
  BOOST_TEST(count("SELECT count(*) FROM part") == 3);
  BOOST_TEST(load_jobs(database, sweep).size() == 5u);
}

BOOST_FIXTURE_TEST_CASE(data_sources_are_kept_by_hash_with_their_absolute_path, Store) {
  Plan plan = small_plan();
  plan.sources = {{"aa", (path / "data" / ".." / "captions").string()}, {"bb", "relative/text"}};
  const SaveResult saved = save_plan(database, plan, path / "connector.toml", {{"retries", 2}}, 200);
  BOOST_TEST(saved.sweep_id == sweep);
  BOOST_TEST(saved.new_jobs == 0);
  BOOST_TEST(!saved.unchanged);
  BOOST_TEST(count("SELECT count(*) FROM data_source") == 2);
  BOOST_TEST(text("SELECT path FROM data_source WHERE hash = 'aa'") == (path / "captions").string());
  BOOST_TEST(text("SELECT path FROM data_source WHERE hash = 'bb'") ==
             std::filesystem::absolute("relative/text").string());
  BOOST_TEST(save_plan(database, plan, path / "connector.toml", {{"retries", 2}}, 300).unchanged);
}

BOOST_FIXTURE_TEST_CASE(data_that_has_moved_is_found_again_though_the_plan_is_the_same, Store) {
  Plan plan = small_plan();
  plan.sources = {{"aa", "/old/captions"}, {"bb", "/old/text"}};
  save_plan(database, plan, path / "connector.toml", {{"retries", 2}}, 200);
  const std::string fingerprint_before = text("SELECT fingerprint FROM sweep");
  plan.sources["aa"] = "/new/captions";
  const SaveResult moved = save_plan(database, plan, path / "connector.toml", {{"retries", 2}}, 300);
  BOOST_TEST(!moved.unchanged);
  BOOST_TEST(moved.new_jobs == 0);
  BOOST_TEST(text("SELECT group_concat(path) FROM (SELECT path FROM data_source ORDER BY hash)") ==
             "/new/captions,/old/text");
  BOOST_TEST(text("SELECT fingerprint FROM sweep") == fingerprint_before);
  BOOST_TEST(count("SELECT count(*) FROM replicate") == 4);
  // Another sweep without them forgets nothing.
  Plan other = small_plan("other");
  other.sweep = "another";
  save_plan(database, other, path / "another.toml", Json::object(), 400);
  BOOST_TEST(count("SELECT count(*) FROM data_source") == 2);
}

BOOST_FIXTURE_TEST_CASE(a_configuration_gets_the_paths_of_the_data_that_it_names, Store) {
  Plan plan = small_plan();
  plan.sources = {
      {"aa", "/captions"}, {"bb", "/text"}, {"cc", "/tokenizer"}, {"dd", "/weights"}, {"64", "/x"}};
  save_plan(database, plan, path / "connector.toml", {{"retries", 2}}, 200);
  using Paths = std::map<std::string, std::filesystem::path>;
  const Json config = {{"data", {{"captions", {"bb", "aa"}}, {"tokenizer", "cc"}, {"seq_len", 64}}},
                       {"encoder", {{"init", ""}, {"loss", "64"}}},
                       {"llm", {{"init", "dd"}}}};
  BOOST_CHECK((load_sources(database, config) ==
               Paths{{"aa", "/captions"}, {"bb", "/text"}, {"cc", "/tokenizer"}, {"dd", "/weights"}}));
  BOOST_CHECK(load_sources(database, {{"data", {{"tokenizer", "ee"}, {"unheard", "aa"}}}}).empty());
  BOOST_CHECK(load_sources(database, Json::object()).empty());
}

BOOST_FIXTURE_TEST_CASE(two_sweeps_share_equal_jobs, Store) {
  Plan plan = small_plan();
  plan.sweep = "another";
  plan.jobs[9].key = hash128("of its own");
  const SaveResult other = save_plan(database, plan, path / "another.toml", Json::object(), 200);
  BOOST_TEST(other.new_jobs == 1);
  BOOST_TEST(other.sweep_id != sweep);
  const auto jobs = load_jobs(database, other.sweep_id);
  BOOST_TEST(jobs.size() == 10u);
  BOOST_TEST(jobs.back().id == 11);
  BOOST_TEST(load_jobs(database, sweep).back().id == 10);
  BOOST_TEST(count("SELECT count(*) FROM sweep_jobs") == 20);
}

BOOST_FIXTURE_TEST_CASE(a_plan_that_cannot_be_saved_leaves_nothing, Store) {
  Plan plan = small_plan("other");
  plan.sweep = "another";
  Query(database,
        "CREATE TEMP TRIGGER stop BEFORE INSERT ON replicate BEGIN SELECT raise(ABORT, 'stopped'); END")
      .run();
  BOOST_CHECK_THROW(save_plan(database, plan, path / "another.toml", Json::object(), 1), Error);
  BOOST_TEST(count("SELECT count(*) FROM sweep") == 1);
  BOOST_TEST(count("SELECT count(*) FROM job") == 10);
}

BOOST_FIXTURE_TEST_CASE(a_sweep_is_found_by_name_and_by_any_path_of_its_file, Names) {
  write("connector.toml", "");
  std::filesystem::create_symlink("connector.toml", path / "link.toml");
  for (const std::string& name : {std::string("connector"), (path / "connector.toml").string(),
                                  (path / "." / "connector.toml").string(), (path / "link.toml").string()}) {
    const SweepRecord found = get_sweep(database, name);
    BOOST_TEST(found.id == sweep);
    BOOST_TEST(found.axes.at(1).name == "connector.tokens");
    BOOST_TEST(found.axes.at(0).levels.at(1) == "c-abstractor");
    BOOST_TEST(found.planned_at == 100.0);
  }
  std::filesystem::remove(path / "connector.toml");
  BOOST_TEST(get_sweep(database, (path / "connector.toml").string()).id == sweep);
  BOOST_TEST(message_of("conector") == "no sweep 'conector'; did you mean 'connector'?");
}

BOOST_FIXTURE_TEST_CASE(a_path_means_that_file_and_no_other_of_its_name, Names) {
  write("connector.toml", "");
  write("a/connector.toml", "");
  const std::string here = (path / "connector.toml").string(),
                    there = (path / "a" / "connector.toml").string();
  BOOST_TEST(message_of(there) ==
             "has no sweep of " + there + "; the sweep 'connector' there is that of " + here);
  BOOST_TEST(message_of((path / "b" / "connector.toml").string()) ==
             "has no sweep of " + (path / "b" / "connector.toml").string() +
                 ", which does not exist; the sweep 'connector' there is that of " + here);
  BOOST_TEST(message_of((path / "conector.toml").string())
                 .ends_with("conector.toml, which does not exist; did you mean 'connector'?"));
  std::filesystem::remove(here);
  BOOST_TEST(message_of(there).ends_with(here + ", which is gone: planning this file takes the name over"));
}

BOOST_FIXTURE_TEST_CASE(a_name_belongs_to_one_file, Names) {
  const std::string here = write("connector.toml", ""), there = write("a/connector.toml", "");
  BOOST_TEST(!claim_name(database, "connector", here, false));
  BOOST_TEST(!claim_name(database, "another", there, false));
  const std::int64_t before = count("SELECT total_changes()");
  const auto names_both = [&](const Error& error) {
    const std::string text = error.what();
    return text.starts_with(there + ": the sweep 'connector' is that of another file, " + here + "; ") &&
           text.find("name = \"...\"") != std::string::npos && text.find("--replace") != std::string::npos;
  };
  BOOST_CHECK_EXCEPTION(save_plan(database, small_plan("b"), there, Json::object(), 200), Error, names_both);
  BOOST_TEST(count("SELECT total_changes()") == before);
  BOOST_TEST(get_sweep(database, here).id == sweep);

  BOOST_TEST(save_plan(database, small_plan("b"), there, Json::object(), 300, true).sweep_id == sweep);
  BOOST_TEST(get_sweep(database, "connector").path == there);
  BOOST_CHECK_EXCEPTION(get_sweep(database, here), Error, [&](const Error& error) {
    return std::string(error.what()).ends_with("there is that of " + there);
  });
}

BOOST_FIXTURE_TEST_CASE(a_name_is_free_when_its_file_is_gone_or_has_another_one, Names) {
  const std::string here = write("connector.toml", ""), there = write("a/connector.toml", "");
  write("connector.toml", "name = 'first'\n");
  const auto former = claim_name(database, "connector", there, false);
  BOOST_REQUIRE(former.has_value());
  BOOST_TEST(former->path == here);
  BOOST_TEST(former->reason == "which is named 'first' now");
  write("connector.toml", "name = [not TOML");  // It is being edited: no reason to take its name.
  BOOST_CHECK_THROW(claim_name(database, "connector", there, false), Error);
  std::filesystem::remove(here);
  BOOST_TEST(claim_name(database, "connector", there, false)->reason == "which is gone");
  save_plan(database, small_plan(), there, {{"retries", 2}}, 200);
  BOOST_TEST(get_sweep(database, there).id == sweep);
  BOOST_TEST(count("SELECT count(*) FROM sweep") == 1);
}

BOOST_FIXTURE_TEST_CASE(a_file_that_was_planned_under_two_names_means_the_last, Names) {
  const std::string here = write("connector.toml", "");
  Plan renamed = small_plan();
  renamed.sweep = "second";
  save_plan(database, renamed, here, {{"retries", 2}}, 200);
  BOOST_TEST(get_sweep(database, here).name == "second");
  BOOST_TEST(get_sweep(database, "connector").id == sweep);
  save_plan(database, small_plan(), here, {{"retries", 2}}, 300);
  BOOST_TEST(get_sweep(database, here).name == "connector");
}

BOOST_FIXTURE_TEST_CASE(states_of_a_plans_jobs_are_found_by_key, Store) {
  begin(1);
  Plan plan = small_plan();
  plan.jobs[2].key = hash128("not there");
  const auto states = find_states(database, plan);
  BOOST_REQUIRE(states.size() == 10u);
  BOOST_CHECK(states[0] == JobState::running);
  BOOST_CHECK(states[1] == JobState::waiting);
  BOOST_CHECK(!states[2]);
  Database empty(path / "empty.db", Database::Mode::read_write);
  BOOST_CHECK(find_states(empty, plan) == std::vector<std::optional<JobState>>(10));
}
