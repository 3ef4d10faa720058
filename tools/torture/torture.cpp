// Kills a sweep at random moments, starts it again each time, and compares what came out with an undisturbed
// run.
//
// A sweep of short demo jobs and their evaluations is first run in peace. Then the same sweep runs in another
// database while its scheduler, a worker or both get SIGKILL; whenever the scheduler was killed, `ablate run`
// is started again. When the kills are used up it is left to finish. (A sweep that finishes before that is
// compared, and another round begins.)
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <random>

#include "compare.hpp"
#include "sweep_run.hpp"
#include "util/error.hpp"
#include "util/process.hpp"

namespace {

using namespace ablate;

struct Options {
  std::int64_t jobs = 100, kills = 200;
  std::uint64_t seed = 0;
  std::string ablate;
  bool keep = false;
};

constexpr int kSteps = 40;
constexpr double kLongestPause = 0.12;  ///< Seconds between two kills.
constexpr double kPatience = 300;       ///< Seconds for a sweep to finish when it is left alone.

std::filesystem::path write_sweep(const std::filesystem::path& folder, std::int64_t jobs) {
  write_file(folder / "demo.toml",
             fmt::format("stages = [\"demo\", \"eval\"]\n[demo]\nsteps = {}\nbatch = 8\n[eval]\ntasks = "
                         "[\"demo-accuracy\"]\n[run]\nlog_interval = 1\ncheckpoint_interval = 8\n",
                         kSteps));
  std::string widths;
  for (std::int64_t width = 1; width <= std::max<std::int64_t>(1, jobs / 2); ++width)
    widths += fmt::format("{}{}", width > 1 ? ", " : "", width);
  write_file(
      folder / "torture.toml",
      fmt::format("experiment = \"demo.toml\"\nseeds = 1\n[[axis]]\nkey = \"demo.width\"\nlevels = [{}]\n",
                  widths));
  return folder / "torture.toml";
}

void expect_done(const std::optional<ExitStatus>& exit, const SweepRun& run) {
  const std::string log = (run.folder() / "run.log").string();
  if (!exit) throw Error(fmt::format("{}: the sweep did not finish within {} s", log, kPatience));
  if (exit->code != 0) throw Error(fmt::format("{}: `ablate run` ended with {}", log, describe(*exit)));
}

class Torture {
 public:
  Torture(const Options& options, std::filesystem::path folder)
      : options_(options),
        folder_(std::move(folder)),
        random_(options.seed),
        sweep_(write_sweep(folder_, options.jobs)) {}

  /// True when nothing was lost or doubled.
  bool run() {
    SweepRun peaceful(options_.ablate, sweep_, folder_ / "reference", 0);
    peaceful.start();
    expect_done(peaceful.wait(kPatience), peaceful);
    // A sweep should outlast its kills: two slots, and some of the work is done twice.
    const double demos = std::max(1.0, static_cast<double>(options_.jobs) / 2);
    step_seconds_ =
        std::min(0.02, 1.2 * kLongestPause * static_cast<double>(options_.kills) / (demos * kSteps));
    while (kills_ < options_.kills) play_round();
    fmt::print("{} kills: {} of the scheduler, {} of a worker, {} of all\n", kills_, by_kind_[0], by_kind_[1],
               by_kind_[2]);
    fmt::print("{}\n",
               is_equal_ ? "every job finished once; nothing was lost or doubled" : "the results DIFFER");
    return is_equal_;
  }

 private:
  void play_round() {
    SweepRun run(options_.ablate, sweep_, folder_ / fmt::format("round-{}", ++rounds_), step_seconds_);
    run.start();
    while (kills_ < options_.kills) {
      if (const auto exit = run.wait(uniform(0, kLongestPause))) return finish_round(run, exit);
      kill_something(run);
    }
    finish_round(run, run.wait(kPatience));
  }

  void kill_something(SweepRun& run) {
    const std::vector<pid_t> workers = run.find_workers();
    const auto kind = std::min<std::size_t>(2, static_cast<std::size_t>(uniform(0, 3)));
    if (kind == 1 && workers.empty()) return;
    if (kind == 1)
      signal_group(workers[static_cast<std::size_t>(uniform(0, 0.999) * static_cast<double>(workers.size()))],
                   SIGKILL);
    if (kind != 1) run.kill_scheduler();
    if (kind == 2)
      for (const pid_t worker : run.find_workers()) signal_group(worker, SIGKILL);
    ++kills_;
    ++by_kind_[kind];
    if (kind != 1) run.start();
  }

  void finish_round(SweepRun& run, const std::optional<ExitStatus>& exit) {
    expect_done(exit, run);
    Database reference(folder_ / "reference/ablate.db", Database::Mode::read_only);
    Database tortured(run.folder() / "ablate.db", Database::Mode::read_only);
    const Comparison found = compare_results(reference, tortured);
    fmt::print("round {}: {} jobs, {} attempts, {} metric points, {} scores, {} torn lines, {} differences\n",
               rounds_, found.jobs, found.attempts, found.metrics, found.scores, found.torn,
               found.differences.size());
    for (const std::string& difference : found.differences) fmt::print("  {}\n", difference);
    is_equal_ = is_equal_ && found.differences.empty();
  }

  double uniform(double least, double most) { return std::uniform_real_distribution(least, most)(random_); }

  const Options& options_;
  std::filesystem::path folder_;
  std::mt19937_64 random_;
  std::filesystem::path sweep_;
  double step_seconds_ = 0;
  std::int64_t kills_ = 0, rounds_ = 0;
  std::array<std::int64_t, 3> by_kind_{};
  bool is_equal_ = true;
};

bool torture(Options options) {
  if (options.ablate.empty()) options.ablate = (this_program().parent_path() / "ablate").string();
  std::string pattern = (std::filesystem::temp_directory_path() / "ablate-torture-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw Error(pattern + ": cannot be made");
  const std::filesystem::path folder = std::filesystem::canonical(pattern);
  const auto begin = std::chrono::steady_clock::now();
  bool is_equal = false;
  try {
    is_equal = Torture(options, folder).run();
  } catch (const Error& error) {
    fmt::print(stderr, "torture: {}\n", error.what());
  }
  fmt::print("{:.1f} s\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  if (is_equal && !options.keep)
    std::filesystem::remove_all(folder);
  else
    fmt::print("everything is in {}\n", folder.string());
  return is_equal;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Kills a sweep at random moments and checks that nothing is lost or doubled.", "torture");
  app.add_option("--jobs", options.jobs, "Jobs of the sweep: one half trains, the other evaluates")
      ->check(CLI::Range(2, 100000))
      ->capture_default_str();
  app.add_option("--kills", options.kills, "How often something gets SIGKILL")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of the choice of moments and victims")->capture_default_str();
  app.add_option("--ablate", options.ablate, "The program, with ablate-worker beside it [beside this one]");
  app.add_flag("--keep", options.keep, "Keep the folder with the databases");
  CLI11_PARSE(app, argc, argv);
  return torture(options) ? 0 : 1;
}
