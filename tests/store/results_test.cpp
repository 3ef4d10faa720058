#include "store/results.hpp"

#include <cmath>
#include <limits>

#include "fixture.hpp"

using namespace ablate;

namespace {

struct Measured : Store {
  Measured() {
    run(1, [&](const AttemptRecord& attempt, Lines& lines) { append(attempt, {lines.metric(10, 9)}); });
    run(2, [&](const AttemptRecord& attempt, Lines& lines) {
      append(attempt, {lines.metric(10, 5), lines.metric(20, 1), lines.metric(30, 2)});
    });
    run(3, [&](const AttemptRecord& attempt, Lines& lines) {
      append(attempt, {lines.score("caption", 0.75), lines.score("vqa", 0.5)});
    });
    AttemptRecord running = begin(4);
    append(running, {Lines().metric(10, 6)});
    take_in(database, running, false);
    end(begin(6), AttemptState::failed, JobState::failed);
  }
  template <typename Tell>
  void run(std::int64_t job_id, Tell tell) {
    AttemptRecord attempt = begin(job_id);
    Lines lines;
    append(attempt, {lines.started(1)});
    tell(attempt, lines);
    take_in(database, attempt, true);
    end(attempt, AttemptState::finished, JobState::finished, 1010);
  }
};

using Values = std::map<std::string, double>;

}  // namespace

BOOST_FIXTURE_TEST_CASE(runs_come_with_levels_states_and_all_scores, Measured) {
  const auto runs = load_runs(database, sweep, {});
  BOOST_REQUIRE(runs.size() == 4u);
  BOOST_TEST(runs[0].cell == 0);
  BOOST_TEST(runs[0].levels.size() == 1u);
  BOOST_TEST(runs[0].levels.at("connector.kind").label == "mlp");
  BOOST_TEST(runs[0].seed == 0u);
  BOOST_CHECK(runs[0].state == JobState::finished);
  BOOST_CHECK(runs[0].values == (Values{{"caption", 0.75}, {"vqa", 0.5}}));
  BOOST_TEST(runs[1].label == "the \"big\" one");
  BOOST_TEST(runs[1].levels.at("connector.tokens").label == "64");
  BOOST_TEST(runs[0].levels.at("connector.kind").index == 0u);
  BOOST_TEST(runs[1].levels.at("connector.kind").index == 1u);
  BOOST_CHECK(runs[1].state == JobState::running);
  BOOST_TEST(runs[1].values.empty());
  BOOST_TEST(runs[3].seed == 0xffffffffffffffffu);
  BOOST_CHECK(runs[3].state == JobState::failed);
}

BOOST_FIXTURE_TEST_CASE(scores_come_with_their_examples_and_metrics_without, Measured) {
  const auto error_of = [&](const char* name) {
    return load_runs(database, sweep, {"caption", "vlm/loss"}).at(0).examples.at(name);
  };
  BOOST_TEST(error_of("caption").n == 100);
  BOOST_TEST(error_of("caption").standard_error == 0.1);
  BOOST_CHECK_THROW(error_of("vlm/loss"), std::out_of_range);
  BOOST_TEST(load_runs(database, sweep, {}).at(0).examples.at("vqa").standard_error == 0.1);
  Query(database, "UPDATE score_value SET stderr = NULL").run();
  BOOST_TEST(std::isnan(error_of("caption").standard_error));
  // As earlier versions wrote it: of a single example there is no standard error.
  Query(database, "UPDATE score_value SET n = 1, stderr = 0").run();
  BOOST_TEST(error_of("caption").n == 1);
  BOOST_TEST(std::isnan(error_of("caption").standard_error));
}

BOOST_FIXTURE_TEST_CASE(evaluations_of_other_parts_have_other_settings, Measured) {
  run(5, [&](const AttemptRecord& attempt, Lines& lines) { append(attempt, {lines.score("caption", 1)}); });
  const auto alike = [&](const std::vector<std::string>& names) {
    const auto runs = load_runs(database, sweep, names);
    return runs.at(0).examples.at("caption").settings == runs.at(1).examples.at("caption").settings;
  };
  BOOST_TEST((alike({}) && alike({"caption"})));
  Query(database, "UPDATE job SET parts = '[1]' WHERE id = 5").run();
  BOOST_TEST(!(alike({}) || alike({"caption"})));
}

BOOST_FIXTURE_TEST_CASE(values_are_given_by_name_stage_and_kind, Measured) {
  const auto runs = load_runs(database, sweep,
                              {"vlm/loss", "vlm/loss:min", "vlm/loss:max", "encoder/loss", "caption",
                               "caption:max", "eval/loss", "nothing", "a/b"});
  BOOST_CHECK(runs.at(0).values == (Values{{"vlm/loss", 2},
                                           {"vlm/loss:min", 1},
                                           {"vlm/loss:max", 5},
                                           {"encoder/loss", 9},
                                           {"caption", 0.75},
                                           {"caption:max", 0.75}}));
  // What a running job wrote last is not final.
  BOOST_CHECK(runs.at(1).values == (Values{{"encoder/loss", 9}}));
  BOOST_TEST(runs.at(2).values.empty());
  BOOST_TEST(runs.at(1).jobs == (std::vector<std::int64_t>{1, 4, 5}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_value_has_the_state_of_the_job_that_gives_it, Measured) {
  const auto states = [&](std::size_t run) {
    std::vector<std::string> names;
    const auto runs = load_runs(database, sweep, {"encoder/loss", "vlm/loss", "caption"});
    for (const char* value : {"encoder/loss", "vlm/loss", "caption"})
      names.emplace_back(to_name(runs.at(run).state_of(value)));
    return names;
  };
  using Names = std::vector<std::string>;
  BOOST_TEST(states(0) == (Names{"finished", "finished", "finished"}), boost::test_tools::per_element());
  BOOST_TEST(states(1) == (Names{"finished", "running", "running"}), boost::test_tools::per_element());
  // The others wait for an encoder that failed.
  BOOST_TEST(states(2) == (Names{"failed", "failed", "failed"}), boost::test_tools::per_element());
  Query(database, "UPDATE job SET state = 'finished' WHERE id = 4").run();
  Query(database, "UPDATE job SET state = 'failed' WHERE id = 5").run();
  BOOST_TEST(states(1) == (Names{"finished", "finished", "failed"}), boost::test_tools::per_element());
  BOOST_TEST(load_runs(database, sweep, {"vlm/loss"}).at(1).values.at("vlm/loss") == 6);
}

BOOST_FIXTURE_TEST_CASE(a_run_that_diverged_has_no_last_loss, Measured) {
  AttemptRecord attempt = begin(7);
  append(attempt, {Lines().metric(10, 6.92)});
  take_in(database, attempt, true);
  end_attempt(database, attempt.id,
              {.state = AttemptState::failed, .failure = "diverged", .job_state = JobState::failed}, 2000);
  const auto runs = load_runs(database, sweep, {"vlm/loss", "vlm/loss:max"});
  BOOST_TEST(runs.at(2).diverged);
  BOOST_TEST(runs.at(2).values.empty());
  for (const std::size_t other : {0, 1, 3}) BOOST_TEST(!runs.at(other).diverged);
}

BOOST_FIXTURE_TEST_CASE(an_evaluation_without_numbers_is_no_training_that_diverged, Measured) {
  const auto diverged = [&](std::int64_t job_id) {
    const AttemptRecord attempt = begin(job_id);
    end_attempt(database, attempt.id,
                {.state = AttemptState::failed, .failure = "diverged", .job_state = JobState::failed}, 2000);
    return load_runs(database, sweep, {"vlm/loss"}).at(2);
  };
  run(7, [&](const AttemptRecord& attempt, Lines& lines) { append(attempt, {lines.metric(10, 6)}); });
  const RunRecord probed = diverged(8);
  BOOST_CHECK(probed.state == JobState::failed);
  BOOST_TEST(!probed.diverged);
  BOOST_TEST(probed.values.at("vlm/loss") == 6);
  // The held-out loss is the training's own.
  Query(database, "UPDATE job SET task = 'heldout-loss' WHERE id = 8").run();
  BOOST_TEST(load_runs(database, sweep, {}).at(2).diverged);
}

BOOST_FIXTURE_TEST_CASE(the_names_of_values_are_scores_first, Measured) {
  BOOST_TEST(known_values(database, sweep) ==
                 (std::vector<std::string>{"caption", "vqa", "encoder/loss", "vlm/loss"}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(evaluations_without_any_score_are_known_by_their_jobs, Measured) {
  BOOST_TEST(load_unscored(database, sweep).empty());  // Job 3 has scores.
  Query(database, "UPDATE job SET task = 'vqa' WHERE stage = 'eval' AND id <> 3").run();
  Query(database, "UPDATE job SET state = 'finished' WHERE id = 5").run();
  const auto found = load_unscored(database, sweep);
  BOOST_TEST_REQUIRE(found.size() == 1u);
  BOOST_TEST(found[0].task == "vqa");
  // Two are behind the encoder that failed.
  using Counts = std::vector<std::pair<std::string, std::int64_t>>;
  BOOST_CHECK(found[0].jobs == (Counts{{"blocked", 2}, {"finished", 1}}));
  Query(database, "DELETE FROM score_value").run();
  BOOST_TEST(load_unscored(database, sweep).at(0).task == "caption");
  BOOST_CHECK(load_unscored(database, sweep).at(0).jobs == (Counts{{"finished", 1}}));
}

BOOST_FIXTURE_TEST_CASE(progress_counts_states_and_what_is_blocked, Measured) {
  const auto progress = load_progress(database, sweep);
  BOOST_REQUIRE(progress.size() == 3u);
  BOOST_CHECK(progress[0].stage == Stage::encoder);
  BOOST_TEST(progress[0].finished == 1);
  BOOST_TEST(progress[0].failed == 1);
  BOOST_TEST(progress[0].flops_left == 0.0);
  BOOST_CHECK(progress[1].stage == Stage::vlm);
  BOOST_TEST(progress[1].total() == 4);
  BOOST_TEST(progress[1].running == 1);
  BOOST_TEST(progress[1].waiting == 0);
  BOOST_TEST(progress[1].blocked == 2);
  BOOST_TEST(progress[1].flops_left == 3 * 4e12);
  BOOST_TEST(progress[2].waiting == 1);
  BOOST_TEST(progress[2].blocked == 2);  // dependents of the vlm jobs that are blocked themselves
  cancel_jobs(database, std::vector<std::int64_t>{7}, CancelReason::user);
  retry_jobs(database, std::vector<std::int64_t>{6});
  const auto later = load_progress(database, sweep);
  BOOST_TEST(later[1].cancelled == 1);
  BOOST_TEST(later[1].stopped_early == 0);
  BOOST_TEST(later[1].blocked == 0);
  BOOST_TEST(later[2].blocked == 1);
}

BOOST_FIXTURE_TEST_CASE(running_jobs_are_listed_for_one_sweep_or_all, Measured) {
  Plan plan = small_plan("other");
  plan.sweep = "another";
  const std::int64_t other = save_plan(database, plan, path / "another.toml", Json::object(), 1).sweep_id;
  begin(11);
  BOOST_TEST(load_running(database, std::nullopt).size() == 2u);
  const auto running = load_running(database, sweep);
  BOOST_REQUIRE(running.size() == 1u);
  BOOST_TEST(running[0].key == job(4).key);
  BOOST_TEST(running[0].stage == "vlm");
  BOOST_TEST(running[0].step == 10);
  BOOST_TEST(running[0].steps == 1000);
  BOOST_TEST(load_running(database, other).at(0).key == job(11).key);
}

BOOST_FIXTURE_TEST_CASE(the_view_runs_has_one_row_per_cell_and_seed, Measured) {
  BOOST_TEST(count("SELECT count(*) FROM runs") == 4);
  BOOST_TEST(text("SELECT group_concat(state, ' ') FROM runs") == "finished running failed failed");
  BOOST_TEST(text("SELECT json_extract(levels, '$.\"connector.kind\"') FROM runs WHERE cell = 1") ==
             "c-abstractor");
  BOOST_TEST(text("SELECT json_extract(scores, '$.caption') || ' ' || json_extract(scores, '$.\"vlm/loss\"') "
                  "FROM runs"
                  " WHERE cell = 0 AND seed = 0") == "0.75 2.0");
  BOOST_TEST(count("SELECT seconds FROM runs WHERE state = 'finished'") == 30);
  BOOST_TEST(count("SELECT flops / 1e12 FROM runs WHERE state = 'finished'") == 12);
  BOOST_TEST(text("SELECT json_extract(jobs, '$[1]') FROM runs WHERE state = 'finished'") == job(2).key);
}

BOOST_FIXTURE_TEST_CASE(the_views_give_valid_json_for_every_value, Measured) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  run(7, [&](const AttemptRecord& attempt, Lines& lines) {
    append(attempt, {lines.metric(10, kInfinity), lines.metric(10, -kInfinity, "low"),
                     lines.metric(10, std::nan(""), "none")});
  });
  BOOST_TEST(count("SELECT min(json_valid(scores)) FROM runs") == 1);
  BOOST_TEST(text("SELECT json_extract(scores, '$.\"vlm/loss\"') || json_extract(scores, '$.\"vlm/low\"') ||"
                  " json_type(scores, '$.\"vlm/none\"') FROM runs WHERE cell = 0 AND seed < 0") ==
             "Infinity-Infinitynull");
}

BOOST_FIXTURE_TEST_CASE(the_other_views_answer, Measured) {
  BOOST_TEST(text("SELECT json_extract(config, '$.connector.kind') || state || attempts || seconds FROM jobs "
                  "WHERE id = 2") == "mlpfinished110.0");
  BOOST_TEST(text("SELECT json_extract(parents, '$[0]') FROM jobs WHERE id = 3") == job(2).key);
  BOOST_TEST(
      text("SELECT group_concat(step || ':' || value, ' ') FROM metrics WHERE stage = 'vlm' AND attempt = 1"
           " AND key = (SELECT key FROM jobs WHERE id = 2)") == "10:5.0 20:1.0 30:2.0");
  BOOST_TEST(count("SELECT count(*) FROM scores WHERE task = 'caption' AND name = 'vqa' AND value = 0.5") ==
             1);
  BOOST_TEST(count("SELECT count(*) FROM attempts WHERE state = 'finished' AND git_revision = 'r'") == 3);
  BOOST_TEST(text("SELECT name || cells || runs FROM sweeps") == "connector24");
  BOOST_TEST(count("SELECT count(*) FROM sweep_jobs WHERE sweep_id = 1") == 10);
}

BOOST_FIXTURE_TEST_CASE(a_read_only_connection_serves_every_reader, Measured) {
  Database reader(database.path(), Database::Mode::read_only);
  BOOST_TEST(load_runs(reader, sweep, {}).size() == 4u);
  BOOST_TEST(load_progress(reader, sweep).size() == 3u);
  BOOST_TEST(load_curve(reader, 2, "loss").size() == 3u);
  BOOST_TEST(load_curve(reader, 2, "absent").empty());
  BOOST_TEST(load_sweeps(reader).size() == 1u);
}
