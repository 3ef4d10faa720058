// A front end that is no command line: plans, runs, tabulates and fits by the functions that `ablate` calls,
// and asks for nothing of its options.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "program/law_input.hpp"
#include "program/sweep_run.hpp"
#include "schedule/backends.hpp"
#include "scratch.hpp"
#include "views/law_report.hpp"
#include "views/plan_report.hpp"
#include "views/result_tables.hpp"

BOOST_AUTO_TEST_SUITE(front_end)

using namespace ablate;

namespace {

constexpr const char* kSweep = R"(
experiment = "experiment.toml"
seeds = 2
[[axis]]
key = "demo.width"
levels = [4, 8]
)";
constexpr const char* kExperiment = R"(
stages = ["demo", "eval"]
[demo]
steps = 20
[eval]
tasks = ["demo-accuracy"]
)";

struct Ended final : Progress {
  void ended(const JobRecord&, const AttemptRecord&, JobState next) override {
    finished += next == JobState::finished;
  }
  std::int64_t finished = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_sweep_is_planned_run_and_tabulated) {
  const Scratch scratch;
  scratch.write("experiment.toml", kExperiment);
  const auto file = scratch.write("widths.toml", kSweep);

  const PlannedSweep planned = plan_sweep(load_sweep(file), nullptr, {});
  const std::vector<Device> devices = {cpu_device(1, 1)};
  const PlanReport report = report_plan(planned, devices);
  BOOST_TEST(plan_text(report, describe_devices(devices)).find("Sweep widths") == 0u);
  BOOST_TEST(start_table(planned, devices).rows.size() == 8u);  // 2 widths x 2 seeds x (demo, eval).

  SweepRun run(load_sweep(file), {.database = scratch.path / "results/ablate.db", .devices = devices});
  const auto runner = make_runner(kDefaultBackend, {.worker = ABLATE_WORKER_PROGRAM});
  Ended progress;
  const StopRequests stop = 0;
  const RunOutcome outcome = run.run(*runner, progress, stop);
  BOOST_TEST(outcome.jobs.finished == 8);
  BOOST_TEST(outcome.jobs.attempts == 8);
  BOOST_TEST(progress.finished == 8);
  BOOST_TEST(!outcome.jobs.interrupted);

  const SweepRecord sweep = get_sweep(run.database(), "widths");
  const std::vector<Table> tables = result_tables(run.database(), sweep, {});
  BOOST_TEST_REQUIRE(tables.size() == 1u);
  BOOST_TEST(tables[0].columns.size() == 2u);
  BOOST_TEST(tables[0].columns[0].name == "demo.width");
  BOOST_TEST(tables[0].columns[1].name == "demo-accuracy");
  BOOST_TEST(tables[0].rows.size() == 2u);

  // What is finished is not run again.
  BOOST_TEST(run.run(*runner, progress, stop).jobs.attempts == 0);
  BOOST_TEST(progress.finished == 8);
}

BOOST_AUTO_TEST_CASE(a_run_without_its_data_leaves_nothing_behind) {
  const Scratch scratch;
  scratch.write("experiment.toml",
                "stages = [\"llm\"]\n[data]\ntext = [\"nowhere.txt\"]\ntokenizer = \"none.model\"\n");
  const auto file = scratch.write("widths.toml", "experiment = \"experiment.toml\"\n");
  const RunOptions options{.database = scratch.path / "results/ablate.db", .devices = {cpu_device(1, 1)}};
  BOOST_CHECK_EXCEPTION(SweepRun(load_sweep(file), options), Error, [](const Error& error) {
    return std::string(error.what()).find("nowhere.txt") != std::string::npos;
  });
  BOOST_TEST(!std::filesystem::exists(scratch.path / "results"));
}

BOOST_AUTO_TEST_CASE(a_law_is_read_fitted_and_reported) {
  const Scratch scratch;
  std::string lines = "N,D,lr,batch_tokens,loss\n";
  for (const double params : {20e6, 60e6, 120e6, 300e6})
    for (int step = -4; step <= 4; ++step) {
      const double best = 2e-3 * std::pow(params / 20e6, -0.6);
      lines += fmt::format("{},{},{:.6g},262144,{:.6f}\n", params, 20 * params, best * std::exp2(step),
                           2.5 + 0.01 * step * step);
    }
  const auto file = scratch.write("runs.csv", lines);
  LawInput input = read_run_file({.path = file.string(), .columns = {}});
  BOOST_TEST(input.runs.size() == 36u);
  LawReport report{.name = input.name, .notes = all_notes(input), .fit = {}};
  report.fit = fit_input(input, {.exponent_priors = false});
  require_law(report.fit, input);
  BOOST_TEST(law_json(report)["lr_law"]["params_exponent"]["value"].get<double>() == -0.6,
             boost::test_tools::tolerance(0.02));
  BOOST_TEST(law_text(report, Terminal{}).find("36 runs") != std::string::npos);
  BOOST_TEST(law_page(report).find("<svg") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
