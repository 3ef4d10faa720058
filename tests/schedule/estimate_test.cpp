#include "schedule/estimate.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "schedule/simulation.hpp"
#include "util/error.hpp"
#include "util/random.hpp"

BOOST_AUTO_TEST_SUITE(estimates)

using namespace ablate;

namespace {

/// Two cells x two seeds. Each seed: a shared encoder (100 GFLOPs) and a demo (20 and 40 GFLOPs) for each
/// cell.
struct Example {
  Example() {
    plan.sweep = "example";
    plan.axes = {{"demo.width", {"8", "16"}}};
    plan.cells = {{{0}, ""}, {{1}, ""}};
    plan.seeds = {7, 8};
    for (std::uint64_t seed = 0; seed < 2; ++seed) {
      const auto first = static_cast<std::uint32_t>(plan.jobs.size());
      add(Stage::encoder, seed, {}, 100e9, 2);
      add(Stage::demo, seed, {first}, 20e9, 1);
      add(Stage::demo, seed, {first}, 40e9, 1);
      for (const std::uint32_t demo : {first + 1, first + 2}) {
        plan.replicate_jobs.insert(plan.replicate_jobs.end(), {first, demo});
        plan.replicate_begin.push_back(plan.replicate_jobs.size());
      }
    }
    states.resize(plan.jobs.size());
    speed.slots = 1;
  }
  void add(Stage stage, std::uint64_t seed, std::vector<std::uint32_t> parents, double flops,
           std::uint32_t replicates) {
    PlannedJob job;
    job.stage = stage;
    job.seed = plan.seeds[seed];
    job.parents = std::move(parents);
    job.cost = {.params = flops / 1e3, .flops = flops, .memory_bytes = 1e6};
    job.replicates = replicates;
    plan.jobs.push_back(job);
  }
  BudgetFit fit(const char* budget) const { return fit_budget(plan, states, speed, parse_budget(budget)); }
  Plan plan;
  JobStates states;
  SlotSpeed speed;  // One thread, nothing measured: 20 GFLOP/s.
};

}  // namespace

BOOST_AUTO_TEST_CASE(stages_are_summed_up) {
  Example example;
  example.states[0] = JobState::finished;
  example.states[1] = JobState::failed;
  const auto stages = estimate_stages(example.plan, example.states, example.speed);
  BOOST_REQUIRE(stages.size() == 2u);
  BOOST_TEST((stages[0].stage == Stage::encoder));
  BOOST_TEST(stages[0].jobs == 2);
  BOOST_TEST(stages[0].before_sharing == 4);
  BOOST_TEST(stages[0].finished == 1);
  BOOST_TEST(stages[0].to_run == 1);
  BOOST_TEST(stages[0].seconds_left == 5.0);
  BOOST_TEST(stages[1].jobs == 4);
  BOOST_TEST(stages[1].failed == 1);
  BOOST_TEST(stages[1].flops == 120e9);
  BOOST_TEST(stages[1].flops_left == 100e9);
  BOOST_TEST(stages[1].params == 40e6);
  BOOST_TEST(stages[1].seconds_per_job().value() == 5.0 / 3);
}

BOOST_AUTO_TEST_CASE(what_is_blocked_is_not_to_run_and_what_was_stopped_early_is) {
  Example example;
  example.states[0] = JobState::cancelled;      // The first seed's encoder.
  example.states[1] = JobState::finished;       // Before it was cancelled, somehow.
  example.states[3] = JobState::stopped_early;  // The second seed's.
  example.states[4] = JobState::failed;
  const std::vector<bool> blocked = {false, false, true, false, false, false};
  BOOST_TEST(find_blocked(example.plan, example.states) == blocked, boost::test_tools::per_element());
  const auto stages = estimate_stages(example.plan, example.states, example.speed);
  BOOST_TEST(stages[0].cancelled == 1);
  BOOST_TEST(stages[0].failed == 0);
  BOOST_TEST(stages[0].to_run == 1);
  BOOST_TEST(stages[1].failed == 1);
  BOOST_TEST(stages[1].blocked == 1);
  BOOST_TEST(stages[1].finished == 1);
  BOOST_TEST(stages[1].to_run == 1);
  BOOST_TEST(stages[1].seconds_left == 2.0);
  // As many as a run would start.
  const std::vector<Device> devices = {{.slots = 1}};
  BOOST_TEST(simulate_run(example.plan, example.states, devices, example.speed).size() == 2u);
  BOOST_TEST(example.fit("1h").blocked == 3);
}

BOOST_AUTO_TEST_CASE(what_was_measured_takes_the_place_of_the_assumption) {
  SlotSpeed speed;
  speed.threads = 4;
  speed.measured = {{Stage::demo, "", DeviceKind::cpu, {0, 1e9}, 12},
                    {Stage::encoder, "", DeviceKind::cuda, {2, 5e12}, 3}};
  const auto seconds = [&](Stage stage, double flops) { return speed.seconds(stage, "", 1, flops); };
  BOOST_TEST(seconds(Stage::demo, 8e9) == 2);
  BOOST_TEST(seconds(Stage::encoder, 80e9) == 1);
  BOOST_TEST(speed.find(Stage::demo, "")->attempts == 12);
  BOOST_TEST(!speed.find(Stage::encoder, ""));
  speed.kind = DeviceKind::cuda;
  BOOST_TEST(seconds(Stage::encoder, 5e12) == 3);
  BOOST_TEST(speed.seconds(Stage::encoder, "", 10, 50e12) == 30);
  BOOST_TEST(seconds(Stage::demo, kAssumedGpuFlops) == 1);
}

BOOST_AUTO_TEST_CASE(a_task_says_nothing_of_the_time_of_another) {
  SlotSpeed speed;
  speed.measured = {{Stage::eval, "retrieval", DeviceKind::cpu, {1, 0}, 16},
                    {Stage::eval, "caption", DeviceKind::cpu, {0.5, 2e9}, 4}};
  BOOST_TEST(speed.seconds(Stage::eval, "retrieval", 1, 2e6) == 1);
  BOOST_TEST(speed.seconds(Stage::eval, "caption", 1, 3e9) == 2);
  BOOST_TEST(speed.seconds(Stage::eval, "vqa", 1, 40e9) == 2);  // By the assumption: 20 GFLOP/s.
  // Where the speed could not be told, a far larger job is no faster than assumed.
  BOOST_TEST(speed.seconds(Stage::eval, "retrieval", 1, 100e9) == 5);
}

namespace {

/// `count` attempts of 1e6 to 1e9 FLOPs on one thread: 0.5 s and a jitter of up to 0.2 s to start, then 28
/// GFLOP/s. Where workers tell what they took, the start is known apart.
SlotSpeed brief_attempts(std::uint64_t seed, std::uint64_t count, bool told) {
  const RandomStream random(seed, "attempts");
  std::vector<TimedAttempt> attempts;
  for (std::uint64_t i = 0; i < count; ++i) {
    const double flops = std::pow(10, 6 + 3 * random.uniform(2 * i)), work = flops / 28e9;
    const double start = 0.5 + 0.4 * (random.uniform(2 * i + 1) - 0.5);
    attempts.push_back(told ? TimedAttempt{flops, work, start} : TimedAttempt{flops, work + start});
  }
  SlotSpeed speed;
  speed.measured = {{Stage::vlm, "", DeviceKind::cpu, fit_times(attempts), static_cast<std::int64_t>(count)}};
  return speed;
}

}  // namespace

BOOST_AUTO_TEST_CASE(brief_attempts_do_not_make_a_long_job_fast) {
  const double truth = 0.5 + 3e14 / 28e9, brief = 0.5 + 1e8 / 28e9;
  const auto seconds = [](const SlotSpeed& speed, double flops) {
    return speed.seconds(Stage::vlm, "", 1, flops);
  };
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    for (const std::uint64_t count : {2, 5, 20, 60}) {
      BOOST_TEST_CONTEXT(seed << ", " << count << " attempts") {
        const SlotSpeed blurred = brief_attempts(seed, count, false),
                        told = brief_attempts(seed, count, true);
        // What is assumed is slower than this machine. A speed that cannot be told is no faster than that.
        BOOST_TEST(seconds(blurred, 3e14) > truth);
        // Known apart, the start blurs nothing: what is left is the error of the assumption.
        BOOST_TEST(seconds(told, 3e14) > truth);
        BOOST_TEST(seconds(told, 3e14) <= 3e14 / kAssumedCpuThreadFlops);
        // Jobs like those that ran are as they were.
        BOOST_TEST(std::abs(seconds(told, 1e8) - brief) < 0.2);
        if (count < 60) continue;
        BOOST_TEST(seconds(blurred, 3e14) < 10 * truth);
        BOOST_TEST(std::abs(seconds(blurred, 1e8) - brief) < 0.2);
      }
    }
}

BOOST_AUTO_TEST_CASE(a_long_job_is_as_fast_as_the_largest_attempt_was_as_a_whole) {
  SlotSpeed speed;
  // An evaluation of few examples: of the FLOPs that count all that it may have, little was executed.
  speed.measured = {{Stage::eval, "vqa", DeviceKind::cpu, {0.5, 25e12, 400e9}, 50},
                    {Stage::vlm, "", DeviceKind::cpu, {1, 4e9, 100e9}, 5}};
  BOOST_TEST(speed.seconds(Stage::eval, "vqa", 1, 400e9) == 0.516);  // As measured.
  BOOST_TEST(speed.seconds(Stage::eval, "vqa", 1, 400e12) == 516);
  BOOST_TEST(speed.seconds(Stage::eval, "vqa", 1000, 400e12) == 516);
  BOOST_TEST(speed.seconds(Stage::vlm, "", 1, 400e9) == 101);  // Slower than assumed, and known to be.
}

BOOST_AUTO_TEST_CASE(times_of_far_larger_jobs_are_extrapolated) {
  Example example;
  example.speed.measured = {{Stage::encoder, "", DeviceKind::cpu, {0, 20e9, 9e9}, 2},
                            {Stage::demo, "", DeviceKind::cpu, {0, 20e9, 4e9}, 2}};
  auto stages = estimate_stages(example.plan, example.states, example.speed);
  BOOST_TEST(stages[0].tasks[0].times_measured() == 100 / 9.0);
  BOOST_TEST(stages[0].tasks[0].is_extrapolated());
  BOOST_TEST(stages[1].tasks[0].times_measured() == 10);
  BOOST_TEST(!stages[1].tasks[0].is_extrapolated());
  example.speed.threads = 2;  // Each has half of the work.
  stages = estimate_stages(example.plan, example.states, example.speed);
  BOOST_TEST(!stages[0].tasks[0].is_extrapolated());
  example.speed.threads = 1;  // Jobs that are done are not asked for.
  example.states[0] = example.states[3] = JobState::finished;
  stages = estimate_stages(example.plan, example.states, example.speed);
  BOOST_TEST(stages[0].tasks[0].times_measured() == 0);
  BOOST_TEST(!TaskEstimate{}.is_extrapolated());
}

BOOST_AUTO_TEST_CASE(stages_name_their_tasks_and_what_was_measured_of_each) {
  Example example;
  for (const char* task : {"vqa", "caption", "vqa"}) {
    example.add(Stage::eval, 0, {1}, 20e9, 1);
    example.plan.jobs.back().task = task;
  }
  example.states.resize(example.plan.jobs.size());
  example.speed.measured = {{Stage::eval, "vqa", DeviceKind::cpu, {3, 10e9}, 2}};
  const auto stages = estimate_stages(example.plan, example.states, example.speed);
  BOOST_REQUIRE(stages.size() == 3u);
  BOOST_TEST(stages[2].seconds_left == 1 + 2 * 5);
  BOOST_TEST(stages[2].seconds_per_job().value() == 11.0 / 3);
  BOOST_REQUIRE(stages[2].tasks.size() == 2u);
  BOOST_TEST(stages[2].tasks[0].task == "caption");
  BOOST_TEST(!stages[2].tasks[0].measured);
  BOOST_TEST(stages[2].tasks[1].jobs == 2);
  BOOST_TEST(stages[2].tasks[1].measured->attempts == 2);
}

BOOST_AUTO_TEST_CASE(a_run_goes_on_at_its_pace_with_each_task_at_its_own_weight) {
  SlotSpeed speed;
  speed.measured = {{Stage::vlm, "", DeviceKind::cpu, {0, 1e9}, 4},
                    {Stage::eval, "retrieval", DeviceKind::cpu, {1, 0}, 16}};
  StageProgress vlm{Stage::vlm}, eval{Stage::eval};
  vlm.tasks = {{"", 1, 4, 10e9, 40e9}};
  eval.tasks = {{"retrieval", 0, 16, 0, 16e3}};
  const std::vector<StageProgress> start = {vlm, eval};
  BOOST_TEST(!run_seconds_left(start, start, 5, speed));
  // 16 retrievals of 1 s each in 8 s, on two slots: 40 s of training are left, at the same pace 20 s.
  eval.tasks = {{"retrieval", 16, 0, 16e3, 0}};
  BOOST_TEST(run_seconds_left(start, {vlm, eval}, 8, speed).value() == 20);
  vlm.tasks = {{"", 5, 0, 50e9, 0}};
  BOOST_TEST(!run_seconds_left(start, {vlm, eval}, 28, speed));
}

BOOST_AUTO_TEST_CASE(budgets_are_slot_time_or_flops) {
  BOOST_TEST(parse_budget("10h").amount == 36000.0);
  BOOST_TEST(!parse_budget("2d").is_flops);
  BOOST_TEST(parse_budget("1e18").is_flops);
  BOOST_TEST(parse_budget("2.5e9flops").amount == 2.5e9);
  for (const char* wrong : {"", "h", "10 parsecs", "-1h", "nan", "inf", "1e18 GB"})
    BOOST_CHECK_THROW(parse_budget(wrong), Error);
}

BOOST_AUTO_TEST_CASE(a_budget_pays_for_shared_jobs_once) {
  const Example example;
  const BudgetFit found =
      example.fit("8s");  // Encoder 5 s, demo 1 s, demo 2 s: both cells of the first seed.
  BOOST_TEST(found.runs == 2);
  BOOST_TEST(found.jobs == 3);
  BOOST_TEST(found.used == 8.0);
  BOOST_REQUIRE(found.first_out.has_value());
  BOOST_TEST(*found.first_out == 2u);
  BOOST_TEST(found.first_out_cost == 6.0);
  BOOST_TEST(example.fit("7.9s").runs == 1);
  BOOST_TEST(example.fit("160e9flops").runs == 2);
  BOOST_TEST(!example.fit("1d").first_out.has_value());
  BOOST_TEST(example.fit("1d").runs == 4);
}

BOOST_AUTO_TEST_CASE(finished_jobs_cost_nothing_and_runs_that_failed_ones_block_are_left_out) {
  Example example;
  example.states[0] = JobState::finished;
  BOOST_TEST(example.fit("3s").runs == 2);
  example.states[1] = JobState::failed;
  const BudgetFit found = example.fit("2s");
  BOOST_TEST(found.runs == 1);
  BOOST_TEST(found.blocked == 1);
}

BOOST_AUTO_TEST_CASE(a_simulated_run_starts_what_most_runs_need_first_and_keeps_the_slots_busy) {
  const Example example;
  const std::vector<Device> devices = {{.slots = 2, .threads = 1}};
  const auto starts = simulate_run(example.plan, example.states, devices, example.speed);
  BOOST_REQUIRE(starts.size() == 6u);
  const std::size_t order[] = {0, 3, 1, 2, 4, 5};
  const double at[] = {0, 0, 5, 5, 6, 7};
  for (std::size_t i = 0; i < starts.size(); ++i) {
    BOOST_TEST(starts[i].job == order[i]);
    BOOST_TEST(starts[i].start == at[i]);
  }
  BOOST_TEST(seconds_of(starts) == 9);
}

BOOST_AUTO_TEST_CASE(more_slots_do_not_end_before_the_longest_chain) {
  const Example example;
  const std::vector<Device> devices = {{.slots = 100, .threads = 1}};
  BOOST_TEST(seconds_of(simulate_run(example.plan, example.states, devices, example.speed)) == 7);
}

BOOST_AUTO_TEST_CASE(what_builds_on_a_failed_job_never_starts) {
  Example example;
  example.states[0] = JobState::failed;
  const std::vector<Device> devices = {{.slots = 4, .threads = 1}};
  BOOST_TEST(simulate_run(example.plan, example.states, devices, example.speed).size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
