#include "schedule/scheduler.hpp"

#include <boost/test/unit_test.hpp>

#include "schedule/fixture.hpp"
#include "store/query.hpp"
#include "util/error.hpp"

namespace ablate {

BOOST_AUTO_TEST_SUITE(scheduler)

BOOST_AUTO_TEST_CASE(parents_run_first_and_everything_finishes) {
  TestSweep sweep({{"a"}, {"b", {0}}, {"c", {0}}});
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.finished == 3);
  BOOST_TEST(result.attempts == 3);
  BOOST_TEST(!result.interrupted);
  BOOST_TEST(sweep.progress.order.front() == sweep.ids[0]);
  BOOST_CHECK(sweep.last(0).state == AttemptState::finished);
  BOOST_TEST(sweep.last(0).handle == fmt::format("fake job {}", sweep.last(0).id));
}

BOOST_AUTO_TEST_CASE(the_file_of_the_database_by_itself_has_what_is_finished) {
  TestSweep sweep({{"a"}, {"b"}, {"c"}});
  const auto copy = sweep.database.folder() / "copy" / "a.db";
  std::filesystem::create_directories(copy.parent_path());
  const auto finished_in_copy = [&] {
    std::filesystem::copy_file(sweep.database.path(), copy,
                               std::filesystem::copy_options::overwrite_existing);
    Database database(copy, Database::Mode::read_only);
    Query query(database, "SELECT count(*) FROM job WHERE state = 'finished'");
    query.step();
    return query.integer(0);
  };
  std::vector<std::int64_t> found;
  sweep.runner.behave = [](const AttemptRequest&) { return finishing(10); };
  sweep.runner.on_wait = [&] { found.push_back(finished_in_copy()); };
  BOOST_TEST(sweep.run().finished == 3);
  BOOST_TEST(found.front() == 0);
  BOOST_TEST(found.back() == 2);
  BOOST_TEST(finished_in_copy() == 3);
}

BOOST_AUTO_TEST_CASE(finished_jobs_do_not_run_again) {
  TestSweep sweep({{"a"}, {"b"}});
  sweep.run();
  const ScheduleResult again = sweep.run();
  BOOST_TEST(again.finished == 2);
  BOOST_TEST(again.attempts == 0);
}

BOOST_AUTO_TEST_CASE(slots_are_kept_busy_and_never_more) {
  TestSweep sweep({{"a"}, {"b"}, {"c"}, {"d"}, {"e"}});
  sweep.options.devices.front().slots = 2;
  BOOST_TEST(sweep.run().finished == 5);
  BOOST_TEST(sweep.runner.most_at_once == 2u);
  BOOST_TEST(sweep.clock.seconds == 1003.0);
}

BOOST_AUTO_TEST_CASE(the_worker_gets_both_files) {
  TestSweep sweep({{"a"}, {"b", {0}}});
  sweep.options.run = {{"log_interval", 5}};
  sweep.run();
  const std::filesystem::path parent = sweep.folder(sweep.last(0)), child = sweep.folder(sweep.last(1));
  const Json job = load_json(child.parent_path() / "job.json");
  BOOST_TEST(job.at("stage") == "eval");
  BOOST_TEST(job.at("parents").at("demo") == hash128("a").hex());
  const AttemptSpec spec = AttemptSpec::from_json(load_json(AttemptFolder{child}.spec()));
  BOOST_TEST(spec.attempt == 1);
  BOOST_TEST(spec.parents.at("demo") == parent);
  BOOST_TEST(spec.run.at("log_interval") == 5);
}

BOOST_AUTO_TEST_CASE(the_worker_is_told_where_its_own_data_lie) {
  TestSweep sweep({{"without data"}});
  Plan plan = make_test_plan("with data", {{"a"}, {"b"}}, {{0, 1}});
  for (const char* json : {R"({"text":["aa","bb"],"tokenizer":"cc"})", R"({"text":["bb"]})"}) {
    plan.jobs[plan.parts.size() - 1].parts.push_back(static_cast<std::uint32_t>(plan.parts.size()));
    plan.parts.push_back({"data", json, hash128(json)});
  }
  plan.sources = {{"aa", "/data/a"}, {"bb", "/data/b"}, {"cc", "/data/pieces.model"}};
  sweep.sweep_id = sweep.add(plan);
  sweep.ids = {get_job(sweep.database, hash128("a").hex()).id,
               get_job(sweep.database, hash128("b").hex()).id};
  sweep.run();
  const auto sources = [&](std::size_t job) {
    return AttemptSpec::from_json(load_json(AttemptFolder{sweep.folder(sweep.last(job))}.spec())).sources;
  };
  BOOST_CHECK(sources(0) == (std::map<std::string, std::filesystem::path>{
                                {"aa", "/data/a"}, {"bb", "/data/b"}, {"cc", "/data/pieces.model"}}));
  BOOST_CHECK(sources(1) == (std::map<std::string, std::filesystem::path>{{"bb", "/data/b"}}));
}

BOOST_AUTO_TEST_CASE(a_sweep_reads_its_own_copy_of_the_data_whatever_others_have_planned_since) {
  TestSweep sweep({{"without data"}});
  Plan plan = make_test_plan("mine", {{"a"}, {"b", {0}}}, {{0, 1}});
  const char* json = R"({"text":["aa","bb"]})";
  for (PlannedJob& job : plan.jobs) job.parts.push_back(static_cast<std::uint32_t>(plan.parts.size()));
  plan.parts.push_back({"data", json, hash128(json)});
  plan.sources = {{"aa", "/mine/a"}, {"bb", "/mine/b"}};
  sweep.sweep_id = sweep.add(plan);
  sweep.ids = {get_job(sweep.database, hash128("a").hex()).id,
               get_job(sweep.database, hash128("b").hex()).id};
  sweep.options.sources = {{"aa", "/mine/a"}, {"zz", "/mine/z"}};
  // As `ablate plan OTHER --save` does while this one runs.
  sweep.runner.on_start = [&](const AttemptRequest&) {
    Plan other = plan;
    other.sweep = "other";
    other.sources = {{"aa", "/other/a"}, {"bb", "/other/b"}};
    sweep.add(other);
  };
  sweep.run();
  const auto sources = [&](std::size_t job) {
    return AttemptSpec::from_json(load_json(AttemptFolder{sweep.folder(sweep.last(job))}.spec())).sources;
  };
  using Paths = std::map<std::string, std::filesystem::path>;
  BOOST_CHECK(sources(0) == (Paths{{"aa", "/mine/a"}, {"bb", "/mine/b"}}));
  // Of what the run does not name the database knows the last place.
  BOOST_CHECK(sources(1) == (Paths{{"aa", "/mine/a"}, {"bb", "/other/b"}}));
}

BOOST_AUTO_TEST_CASE(a_crash_is_retried_until_the_retries_are_used_up) {
  TestSweep sweep({{"a"}, {"b", {0}}});
  sweep.runner.behave = [](const AttemptRequest&) { return crashing(); };
  sweep.runner.on_start = [&](const AttemptRequest& request) {
    std::ofstream(JobFolder{request.job_folder}.attempt(request.attempt) / "log.txt")
        << "starting\nerror: no such luck\n";
  };
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.attempts == 3);
  BOOST_TEST(result.failed == 1);
  BOOST_TEST(result.blocked == 1);
  BOOST_CHECK(sweep.last(0).state == AttemptState::lost);
  BOOST_TEST(sweep.last(0).failure == "crashed");
  BOOST_TEST(sweep.last(0).message == "signal 11 (Segmentation fault): error: no such luck");
  BOOST_TEST(*sweep.last(0).signal == SIGSEGV);
}

BOOST_AUTO_TEST_CASE(progress_between_crashes_gives_the_retries_back_and_a_retry_resumes) {
  TestSweep sweep({{"a"}});
  sweep.options.retries = 1;
  sweep.runner.behave = [](const AttemptRequest& request) {
    if (request.attempt == 6) return finishing();
    Act act = crashing(SIGKILL);
    act.at_start = [=](const std::filesystem::path& folder) {
      const AttemptSpec spec = AttemptSpec::from_json(load_json(AttemptFolder{folder}.spec()));
      TextJournal journal(folder);
      journal.started(request.attempt, spec.resume_step);
      if (request.attempt % 2 == 0) return;
      std::ofstream(folder / "state") << "x";
      journal.checkpoint(spec.resume_step + 10, "state");
    };
    return act;
  };
  BOOST_TEST(sweep.run().finished == 1);
  BOOST_TEST(sweep.attempts(0).size() == 6u);
  const AttemptSpec spec =
      AttemptSpec::from_json(load_json(AttemptFolder{sweep.folder(sweep.last(0))}.spec()));
  BOOST_TEST(spec.resume_step == 30);
  BOOST_TEST(spec.resume_path == sweep.folder(sweep.attempts(0)[4]) / "state");
}

BOOST_AUTO_TEST_CASE(a_checkpoint_that_was_deleted_is_not_resumed_from) {
  TestSweep sweep({{"a"}});
  TextJournal(sweep.folder(sweep.leave_behind(0))).started(1).checkpoint(10, "gone");
  BOOST_TEST(sweep.run().finished == 1);
  const AttemptSpec spec =
      AttemptSpec::from_json(load_json(AttemptFolder{sweep.folder(sweep.last(0))}.spec()));
  BOOST_TEST(spec.resume_step == 0);
  BOOST_TEST(spec.resume_path.empty());
  BOOST_TEST(sweep.last(0).resume_step == 0);  // The database says what the worker was told.
}

BOOST_AUTO_TEST_CASE(a_wrong_configuration_is_not_retried_and_blocks_its_children) {
  TestSweep sweep({{"a"}, {"b", {0}}, {"c", {1}}});
  sweep.runner.behave = [](const AttemptRequest&) {
    return failing(FailureKind::config, "'width' is missing");
  };
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.attempts == 1);
  BOOST_TEST(result.failed == 1);
  BOOST_TEST(result.blocked == 2);
  BOOST_TEST(sweep.last(0).failure == "config");
  BOOST_TEST(sweep.last(0).message == "'width' is missing");
  BOOST_CHECK(sweep.last(0).state == AttemptState::failed);
}

BOOST_AUTO_TEST_CASE(out_of_memory_halves_the_micro_batch_up_to_a_limit) {
  TestSweep sweep({{"a"}});
  sweep.runner.behave = [](const AttemptRequest&) {
    return failing(FailureKind::out_of_memory, "80 GiB wanted");
  };
  BOOST_TEST(sweep.run().failed == 1);
  BOOST_TEST(sweep.attempts(0).size() == 11u);
  const AttemptSpec spec =
      AttemptSpec::from_json(load_json(AttemptFolder{sweep.folder(sweep.last(0))}.spec()));
  BOOST_TEST(spec.micro_batch_halvings == 10);
  BOOST_TEST(sweep.last(0).failure == "out-of-memory");
}

BOOST_AUTO_TEST_CASE(a_crash_after_the_finished_event_takes_nothing_back) {
  TestSweep sweep({{"a"}});
  sweep.runner.behave = [](const AttemptRequest&) {
    Act act = finishing();
    act.exit = {.code = {}, .signal = SIGABRT};
    return act;
  };
  BOOST_TEST(sweep.run().finished == 1);
  BOOST_CHECK(sweep.last(0).state == AttemptState::finished);
  BOOST_TEST(sweep.last(0).message == "signal 6 (Aborted) after it had finished");
}

BOOST_AUTO_TEST_CASE(exit_code_0_without_a_finished_event_is_a_crash) {
  TestSweep sweep({{"a"}});
  sweep.options.retries = 0;
  sweep.runner.behave = [](const AttemptRequest&) { return Act{}; };
  BOOST_TEST(sweep.run().failed == 1);
  BOOST_TEST(sweep.last(0).message == "exit code 0 without a 'finished' event");
}

BOOST_AUTO_TEST_CASE(exit_code_2_without_a_journal_is_a_wrong_configuration) {
  TestSweep sweep({{"a"}});
  sweep.runner.behave = [](const AttemptRequest&) {
    return Act{.exit = {.code = 2, .signal = {}}, .at_start = [](const std::filesystem::path& folder) {
                 std::ofstream(folder / "log.txt")
                     << "\nablate-worker: unknown option --attempt\nusage: ...\n";
               }};
  };
  BOOST_TEST(sweep.run().failed == 1);
  BOOST_TEST(sweep.attempts(0).size() == 1u);
  BOOST_TEST(sweep.last(0).failure == "config");
  BOOST_TEST(sweep.last(0).message ==
             "exit code 2 without a journal: ablate-worker: unknown option --attempt");
}

BOOST_AUTO_TEST_CASE(what_takes_too_long_is_asked_to_leave_and_then_killed) {
  TestSweep sweep({{"a"}});
  sweep.options.retries = 0;
  sweep.options.timeout = 100;
  sweep.options.grace = 10;
  sweep.runner.behave = [](const AttemptRequest&) { return Act{.seconds = 1e6, .heeds_sigterm = false}; };
  BOOST_TEST(sweep.run().failed == 1);
  BOOST_TEST(sweep.runner.signals == std::vector<int>({SIGTERM, SIGKILL}), boost::test_tools::per_element());
  BOOST_TEST(sweep.clock.seconds >= 1110);
  BOOST_TEST(sweep.clock.seconds < 1112);
  BOOST_TEST(sweep.last(0).failure == "timeout");
  BOOST_TEST(sweep.last(0).message == "took longer than 1m 40s (timeout)");
}

BOOST_AUTO_TEST_CASE(a_silent_journal_is_given_up_and_a_growing_one_is_not) {
  TestSweep sweep({{"a"}, {"b"}});
  sweep.options.retries = 0;
  sweep.options.heartbeat = 60;
  sweep.options.devices.front().slots = 2;
  std::int64_t seq = 0;
  const auto append = [&](const std::filesystem::path& folder, const auto& what) {
    std::ofstream(AttemptFolder{folder}.journal(), std::ios::app)
        << format_event({.seq = ++seq, .what = what}) << "\n";
  };
  sweep.runner.behave = [&](const AttemptRequest& request) {
    if (request.job_folder.filename() == hash128("a").hex()) return Act{.seconds = 1e6};
    return Act{.seconds = 300,
               .at_end = [&](const std::filesystem::path& folder) { append(folder, FinishedEvent{}); }};
  };
  sweep.runner.on_wait = [&] {
    for (const FakeRunner::Process& process : sweep.runner.processes)
      if (process.act.seconds == 300) append(process.folder, MetricEvent{});
  };
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.failed == 1);
  BOOST_TEST(result.finished == 1);
  BOOST_TEST(sweep.last(0).failure == "no-heartbeat");
  BOOST_TEST(sweep.last(0).message == "journal did not grow for 1m 00s (heartbeat)");
}

BOOST_AUTO_TEST_CASE(a_flood_is_killed_and_not_retried) {
  TestSweep sweep({{"a"}, {"b"}});
  sweep.options.max_log_bytes = 1000;
  sweep.options.max_journal_bytes = 2000;
  sweep.runner.behave = [](const AttemptRequest& request) {
    const char* file = request.job_folder.filename() == hash128("a").hex() ? "log.txt" : "journal.jsonl";
    return Act{.seconds = 1e6, .at_start = [=](const std::filesystem::path& folder) {
                 std::ofstream(folder / file) << std::string(5000, '\n');
               }};
  };
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.failed == 2);
  BOOST_TEST(result.attempts == 2);
  BOOST_TEST(sweep.last(0).failure == "flood");
  BOOST_TEST(sweep.last(0).message == "log.txt is larger than 1000 B");
  BOOST_TEST(sweep.last(1).message == "journal.jsonl is larger than 1.95 KiB");
  BOOST_TEST(sweep.runner.signals == std::vector<int>({SIGKILL, SIGKILL}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_first_stop_request_lets_workers_leave_and_the_next_run_goes_on) {
  TestSweep sweep({{"a"}, {"b"}});
  sweep.options.retries = 0;
  sweep.runner.behave = [](const AttemptRequest&) {
    return Act{.seconds = 1e6, .at_end = [](const std::filesystem::path& folder) {
                 std::ofstream(folder / "state") << "x";
                 TextJournal(folder).started(1).metric(5, 0.5).checkpoint(5, "state");
               }};
  };
  sweep.runner.on_wait = [&] { sweep.stop = 1; };
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.interrupted);
  BOOST_TEST(result.waiting == 2);
  BOOST_TEST(result.attempts == 1);
  BOOST_TEST(sweep.runner.signals == std::vector<int>({SIGTERM}), boost::test_tools::per_element());
  BOOST_CHECK(sweep.last(0).state == AttemptState::cancelled);
  BOOST_TEST(sweep.last(0).failure == "interrupted");

  sweep.stop = 0;
  sweep.runner.on_wait = nullptr;
  sweep.runner.behave = [](const AttemptRequest&) { return finishing(); };
  BOOST_TEST(sweep.run().finished == 2);
  BOOST_TEST(
      AttemptSpec::from_json(load_json(AttemptFolder{sweep.folder(sweep.last(0))}.spec())).resume_step == 5);
}

BOOST_AUTO_TEST_CASE(the_second_stop_request_kills) {
  TestSweep sweep({{"a"}});
  sweep.runner.behave = [](const AttemptRequest&) { return Act{.seconds = 1e6, .heeds_sigterm = false}; };
  sweep.runner.on_wait = [&] { ++sweep.stop; };
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.interrupted);
  BOOST_TEST(result.waiting == 1);
  BOOST_TEST(sweep.runner.signals == std::vector<int>({SIGTERM, SIGKILL}), boost::test_tools::per_element());
  BOOST_TEST(sweep.clock.seconds < 1003);
}

BOOST_AUTO_TEST_CASE(a_worker_that_ignores_the_first_stop_request_is_killed_after_the_grace) {
  TestSweep sweep({{"a"}});
  sweep.runner.behave = [](const AttemptRequest&) { return Act{.seconds = 1e6, .heeds_sigterm = false}; };
  sweep.runner.on_wait = [&] { sweep.stop = 1; };
  BOOST_TEST(sweep.run().interrupted);
  BOOST_TEST(sweep.clock.seconds >= 1030);
  BOOST_TEST(sweep.clock.seconds < 1033);
}

BOOST_AUTO_TEST_CASE(a_running_job_is_cancelled_on_request) {
  TestSweep sweep({{"a"}, {"b", {0}}, {"c"}});
  sweep.runner.behave = [&](const AttemptRequest& request) {
    return request.job_folder.filename() == hash128("a").hex() ? Act{.seconds = 1e6} : finishing();
  };
  Database other(sweep.database.path(), Database::Mode::read_write);
  sweep.runner.on_wait = [&] { cancel_jobs(other, std::vector{sweep.ids[0]}, CancelReason::user); };
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.cancelled == 1);
  BOOST_TEST(result.blocked == 1);
  BOOST_TEST(result.finished == 1);
  BOOST_CHECK(sweep.last(0).state == AttemptState::cancelled);
  BOOST_TEST(sweep.runner.signals == std::vector<int>({SIGTERM}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_waiting_job_that_is_cancelled_meanwhile_is_not_started) {
  TestSweep sweep({{"a"}, {"b"}});
  Database other(sweep.database.path(), Database::Mode::read_write);
  sweep.runner.on_start = [&](const AttemptRequest&) {
    cancel_jobs(other, std::vector{sweep.ids[1]}, CancelReason::user);
  };
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.cancelled == 1);
  BOOST_TEST(result.finished == 1);
  BOOST_TEST(result.attempts == 1);
}

BOOST_AUTO_TEST_CASE(a_failed_job_that_is_to_be_tried_again_joins_the_run) {
  TestSweep sweep({{"a"}, {"b"}});
  sweep.runner.behave = [&](const AttemptRequest& request) {
    const bool is_a = request.job_folder.filename() == hash128("a").hex();
    if (is_a && request.attempt == 1) return failing(FailureKind::data, "no such file");
    return finishing(is_a ? 1 : 10);
  };
  Database other(sweep.database.path(), Database::Mode::read_write);
  sweep.runner.on_wait = [&] { retry_jobs(other, std::vector{sweep.ids[0]}); };
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.finished == 2);
  BOOST_TEST(result.attempts == 3);
}

BOOST_AUTO_TEST_CASE(too_many_failures_stop_new_starts_unless_told_to_go_on) {
  const std::vector<TestJob> jobs = {{"a"}, {"b"}, {"c"}, {"d"}, {"e"}};
  const auto behave = [](const AttemptRequest&) { return failing(FailureKind::error, "boom"); };
  TestSweep sweep(jobs);
  sweep.options.max_failures = 2;
  sweep.runner.behave = behave;
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.failed == 2);
  BOOST_TEST(result.waiting == 3);
  BOOST_TEST(!result.interrupted);
  BOOST_TEST(sweep.progress.notes.find("stopping: 2 jobs have failed (--max-failures 2)") == 0u);

  TestSweep all(jobs);
  all.options.max_failures = 0;
  all.runner.behave = behave;
  BOOST_TEST(all.run().failed == 5);
}

BOOST_AUTO_TEST_CASE(a_journal_that_is_cut_short_fails_its_own_job_only) {
  TestSweep sweep({{"a"}, {"b"}});
  sweep.runner.behave = [](const AttemptRequest& request) {
    if (request.job_folder.filename() == hash128("b").hex()) return finishing();
    return Act{.seconds = 100,
               .at_start = [](const std::filesystem::path& folder) { TextJournal(folder).started(1); }};
  };
  sweep.runner.on_wait = [&] {
    if (sweep.clock.seconds > 1005)
      for (const FakeRunner::Process& process : sweep.runner.processes)
        if (process.act.seconds == 100)
          std::filesystem::resize_file(AttemptFolder{process.folder}.journal(), 1);
  };
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.failed == 1);
  BOOST_TEST(result.finished == 1);
  BOOST_TEST(sweep.last(0).failure == "error");
  BOOST_TEST(sweep.last(0).message.find("a journal only grows") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(large_jobs_wait_for_room_and_are_not_overtaken) {
  TestSweep sweep({{"small", {}, 30}, {"large", {}, 90}, {"other", {}, 30}});
  sweep.options.devices = {{.kind = DeviceKind::cuda, .cards = {0}, .slots = 3, .memory_bytes = 100}};
  BOOST_TEST(sweep.run().finished == 3);
  BOOST_TEST(sweep.runner.most_at_once == 1u);
  BOOST_TEST(sweep.progress.order == sweep.ids, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_longer_training_waits_for_the_shorter_one_and_outlives_its_failure) {
  for (const bool fails : {false, true}) {
    TestSweep sweep({{"longer"}, {"shorter"}});
    sweep.options.devices.front().slots = 2;
    Query(sweep.database, "UPDATE job SET trajectory = 't', steps = CASE id WHEN ? THEN 45 ELSE 100 END",
          sweep.ids[1])
        .run();
    std::vector<AttemptSpec> specs;
    sweep.runner.behave = [&](const AttemptRequest& request) {
      specs.push_back(AttemptSpec::from_json(load_json(request.folder().spec())));
      const bool is_shorter = specs.size() == 1;
      if (is_shorter && fails) return failing(FailureKind::diverged, "the loss is no number");
      return Act{.seconds = 1, .at_end = [=](const std::filesystem::path& folder) {
                   TextJournal journal(folder);
                   journal.started(1, is_shorter ? 0 : 45);
                   if (is_shorter) {
                     std::ofstream(folder / "checkpoint-45") << "x";
                     journal.checkpoint(45, "checkpoint-45");
                   }
                   journal.finished();
                 }};
    };
    const ScheduleResult result = sweep.run();
    BOOST_TEST(result.finished == (fails ? 1 : 2));
    BOOST_TEST(sweep.runner.most_at_once == 1u);
    BOOST_CHECK(sweep.state(0) == JobState::finished);
    BOOST_REQUIRE(specs.size() == 2u);
    BOOST_TEST(specs[0].keep_last);
    BOOST_TEST(!specs[1].keep_last);
    BOOST_TEST(specs[0].resume_step == 0);
    BOOST_TEST(specs[1].resume_step == (fails ? 0 : 45));
    if (!fails) BOOST_TEST(specs[1].resume_path == sweep.folder(sweep.last(1)) / "checkpoint-45");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
