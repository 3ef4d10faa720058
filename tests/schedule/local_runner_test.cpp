#include "schedule/local_runner.hpp"

#include <signal.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <thread>

#include "journal/attempt_folder.hpp"
#include "schedule/stop_signals.hpp"
#include "scratch.hpp"
#include "util/error.hpp"
#include "with_variable.hpp"

namespace ablate {

namespace {

/// A worker that is a shell script: $1 is the job's folder, $3 the attempt.
struct ScriptedWorker {
  explicit ScriptedWorker(const std::string& script) {
    program = scratch.write("worker", "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  }
  AttemptRequest request(std::int64_t id, const std::string& device = "cpu") const {
    const std::filesystem::path job = scratch.path / ("job" + std::to_string(id));
    std::filesystem::create_directories(JobFolder{job}.attempt(1));
    AttemptRequest request{
        .attempt_id = id, .attempt = 1, .job_folder = job, .placement = parse_device(device)};
    request.placement.threads = 2;
    return request;
  }
  AttemptFolder folder(const AttemptRequest& of) const { return {JobFolder{of.job_folder}.attempt(1)}; }
  Scratch scratch;
  std::filesystem::path program;
};

StartResult start(LocalRunner& runner, const AttemptRequest& request) {
  return runner.start(std::span(&request, 1)).at(0);
}
StartResult start_with(const std::filesystem::path& program, const AttemptRequest& request) {
  LocalRunner runner(program);
  return start(runner, request);
}

/// The first end, waiting at most ten seconds.
std::optional<WorkerEnd> wait_for_end(LocalRunner& runner) {
  for (int round = 0; round < 100; ++round)
    if (const WorkerNews news = runner.wait(0.1); !news.ended.empty()) return news.ended.front();
  return std::nullopt;
}

bool wait_until(const std::function<bool()>& condition) {
  for (int round = 0; round < 2000; ++round) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

std::string text_of(const std::filesystem::path& file) {
  try {
    return read_file(file, 1 << 20);
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(local_runner)

BOOST_AUTO_TEST_CASE(exit_codes_and_signals_come_back) {
  const ScriptedWorker worker(R"(case "$1" in *job1) exit 7;; *job2) kill -9 $$;; esac)");
  LocalRunner runner(worker.program);
  for (const std::int64_t id : {1, 2}) {
    start(runner, worker.request(id));
    const auto end = wait_for_end(runner);
    BOOST_TEST_REQUIRE(end.has_value());
    BOOST_TEST(end->attempt_id == id);
    BOOST_TEST(end->exit->code.value_or(-1) == (id == 1 ? 7 : -1));
    BOOST_TEST(end->exit->signal.value_or(-1) == (id == 1 ? -1 : SIGKILL));
  }
  BOOST_TEST(runner.wait(0).empty());
}

BOOST_AUTO_TEST_CASE(the_worker_gets_its_arguments_and_its_environment) {
  const ScriptedWorker worker(
      R"(echo "$1|$2|$3|$CUDA_VISIBLE_DEVICES|$OMP_NUM_THREADS|$OMP_WAIT_POLICY" ; echo oops >&2)");
  LocalRunner runner(worker.program);
  const AttemptRequest cuda = worker.request(1, "cuda:3,1");
  start(runner, cuda);
  BOOST_TEST_REQUIRE(wait_for_end(runner).has_value());
  BOOST_TEST(text_of(worker.folder(cuda).log()) ==
             cuda.job_folder.string() + "|--attempt|1|3,1|2|PASSIVE\noops\n");
  const AttemptRequest cpu = worker.request(2, "cpu");
  start(runner, cpu);
  BOOST_TEST_REQUIRE(wait_for_end(runner).has_value());
  BOOST_TEST(text_of(worker.folder(cpu).log()) ==
             cpu.job_folder.string() + "|--attempt|1||2|PASSIVE\noops\n");
  const WithVariable visible("CUDA_VISIBLE_DEVICES", "MIG-c6d4f1ef");
  const AttemptRequest slice = worker.request(3, "cuda");
  start(runner, slice);
  BOOST_TEST_REQUIRE(wait_for_end(runner).has_value());
  BOOST_TEST(text_of(worker.folder(slice).log()) ==
             slice.job_folder.string() + "|--attempt|1|MIG-c6d4f1ef|2|PASSIVE\noops\n");
}

BOOST_AUTO_TEST_CASE(the_lock_is_held_by_the_worker_alone_and_for_as_long_as_it_lives) {
  const ScriptedWorker worker("while [ ! -e $1/go ]; do sleep 0.01; done");
  const AttemptRequest request = worker.request(1);
  LocalRunner runner(worker.program);
  BOOST_TEST(!runner.is_alive(request));
  const StartResult result = start(runner, request);
  BOOST_CHECK(result.outcome == StartResult::Outcome::running);
  BOOST_TEST(FileLock::is_held(worker.folder(request).lock()));
  BOOST_TEST(text_of(worker.folder(request).lock()) == result.handle);
  BOOST_TEST(LocalRunner().is_alive(request));
  const StartResult again = start_with(worker.program, request);
  BOOST_CHECK(again.outcome == StartResult::Outcome::refused);
  BOOST_TEST(again.message == fmt::format("{}: is held by another process ({})",
                                          worker.folder(request).lock().string(), result.handle));
  worker.scratch.write("job1/go", "");
  BOOST_TEST_REQUIRE(wait_for_end(runner).has_value());
  BOOST_TEST(!FileLock::is_held(worker.folder(request).lock()));
  BOOST_TEST(!LocalRunner().is_alive(request));
}

BOOST_AUTO_TEST_CASE(a_bundle_is_started_one_by_one) {
  const ScriptedWorker worker("exit 0");
  const std::vector<AttemptRequest> bundle = {worker.request(1), worker.request(2), worker.request(3)};
  const auto held = FileLock::try_take(bundle[1].folder().lock());
  LocalRunner runner(worker.program);
  const std::vector<StartResult> results = runner.start(bundle);
  BOOST_TEST_REQUIRE(results.size() == 3u);
  BOOST_CHECK(results[0].outcome == StartResult::Outcome::running);
  BOOST_CHECK(results[1].outcome == StartResult::Outcome::refused);
  BOOST_CHECK(results[2].outcome == StartResult::Outcome::running);
  BOOST_TEST(results[0].handle != results[2].handle);
  BOOST_TEST(wait_for_end(runner).has_value());
}

BOOST_AUTO_TEST_CASE(a_worker_is_adopted_by_its_lock_whatever_process_id_was_written_down) {
  // Nothing, ids that cannot be the worker's, and what another kind of runner would have written.
  for (const std::string& recorded : {std::string(), std::string("1"), std::to_string(::getpid()),
                                      std::string("slurm 77_3"), std::string("99999999999999999999")}) {
    const ScriptedWorker worker("while [ ! -e $1/go ]; do sleep 0.01; done");
    AttemptRequest request = worker.request(1);
    LocalRunner first(worker.program);
    start(first, request);
    if (recorded.empty()) worker.scratch.write("job1/1/lock", "");
    LocalRunner second(worker.program);
    request.handle = recorded;
    BOOST_CHECK(second.adopt(request) == WorkerState::running);
    BOOST_TEST(second.wait(0).empty());
    if (recorded == "1") {
      second.kill(1);
    } else {
      worker.scratch.write("job1/go", "");
    }
    const auto end = wait_for_end(second);
    BOOST_TEST_REQUIRE(end.has_value());
    BOOST_TEST(!end->exit.has_value());
    BOOST_TEST(wait_for_end(first).has_value());
  }
}

BOOST_AUTO_TEST_CASE(one_that_is_gone_is_not_adopted) {
  const ScriptedWorker worker("exit 0");
  AttemptRequest request = worker.request(1);
  LocalRunner runner(worker.program);
  request.handle = std::to_string(::getpid());
  BOOST_CHECK(runner.adopt(request) == WorkerState::gone);
  request.handle = start(runner, request).handle;
  BOOST_TEST_REQUIRE(wait_for_end(runner).has_value());
  BOOST_CHECK(LocalRunner(worker.program).adopt(request) == WorkerState::gone);
}

BOOST_AUTO_TEST_CASE(what_a_dead_worker_left_behind_is_adopted_and_can_be_ended) {
  const ScriptedWorker worker("exit 0");
  AttemptRequest request = worker.request(1);
  request.handle = "99999999";
  auto lock = FileLock::try_take(worker.folder(request).lock());
  // A process in a group of its own holds the lock; the one that is written down is long dead.
  const pid_t child = spawn({.arguments = {"/bin/sh", "-c", "sleep 100"}, .inherit_fd = lock->fd()});
  lock.reset();
  LocalRunner runner(worker.program);
  BOOST_CHECK(runner.adopt(request) == WorkerState::running);
  runner.terminate(1);
  BOOST_TEST(wait_for_end(runner).has_value());
  BOOST_TEST(wait_until([&] { return try_reap(child).has_value(); }));
}

BOOST_AUTO_TEST_CASE(terminate_reaches_what_the_worker_started_too) {
  const ScriptedWorker worker("trap 'exit 130' TERM; sleep 100 & wait");
  const AttemptRequest request = worker.request(1);
  LocalRunner runner(worker.program);
  start(runner, request);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  runner.terminate(1);
  const auto end = wait_for_end(runner);
  BOOST_TEST_REQUIRE(end.has_value());
  BOOST_TEST(wait_until([&] { return !FileLock::is_held(worker.folder(request).lock()); }));
}

BOOST_AUTO_TEST_CASE(stragglers_are_killed_when_the_worker_ends) {
  const ScriptedWorker worker("sleep 100 & exit 0");
  const AttemptRequest request = worker.request(1);
  LocalRunner runner(worker.program);
  start(runner, request);
  BOOST_TEST_REQUIRE(wait_for_end(runner).has_value());
  BOOST_TEST(wait_until([&] { return !FileLock::is_held(worker.folder(request).lock()); }));
}

BOOST_AUTO_TEST_CASE(a_missing_worker_is_everybodys_trouble) {
  const ScriptedWorker worker("exit 0");
  const AttemptRequest request = worker.request(1);
  const auto unavailable = StartResult::Outcome::unavailable;
  const std::vector<AttemptRequest> bundle = {request, worker.request(2)};
  for (const StartResult& result : LocalRunner("/nowhere/ablate-worker").start(bundle)) {
    BOOST_CHECK(result.outcome == unavailable);
    BOOST_TEST(result.message == "/nowhere/ablate-worker: no such program; expected the worker");
  }
  std::filesystem::permissions(worker.program, std::filesystem::perms::owner_read);
  BOOST_CHECK(start_with(worker.program, request).outcome == unavailable);
  const auto broken = worker.scratch.write("broken", "#!/no/such/interpreter\n");
  std::filesystem::permissions(broken, std::filesystem::perms::owner_all);
  BOOST_CHECK(start_with(broken, request).outcome == unavailable);
  BOOST_TEST(!FileLock::is_held(worker.folder(request).lock()));
}

BOOST_AUTO_TEST_CASE(a_signal_ends_the_wait_and_is_counted) {
  const ScriptedWorker worker("sleep 100");
  StopSignals signals;
  LocalRunner runner(worker.program, signals.fd());
  start(runner, worker.request(1));
  ::raise(SIGINT);
  ::raise(SIGTERM);
  const auto before = std::chrono::steady_clock::now();
  BOOST_TEST(runner.wait(60).empty());
  BOOST_TEST(std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count() < 5);
  BOOST_TEST(signals.requests() == 2);
  BOOST_TEST(runner.wait(0.01).empty());
  runner.kill(1);
  BOOST_TEST(wait_for_end(runner).has_value());
}

BOOST_AUTO_TEST_CASE(handlers_are_put_back) {
  struct sigaction before {
  }, after{};
  ::sigaction(SIGINT, nullptr, &before);
  { const StopSignals signals; }
  ::sigaction(SIGINT, nullptr, &after);
  BOOST_TEST((before.sa_handler == after.sa_handler));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
