// What the database can take, printed as a table:
//   openers    16 processes that open a fresh database at once, in rounds: how many fail
//   intake     metric rows a second from journals into the database, one and eight metrics a line
//   reader     the same with a reader that holds a transaction open all the while
//   large      leaves FOLDER/ablate.db with 1,000 runs and 10 million points, for `ablate table` and
//   the like
//
//   store_bench FOLDER [openers|intake|reader|large]...
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "config/names.hpp"
#include "store/intake.hpp"
#include "store/results.hpp"
#include "store/sweeps.hpp"
#include "util/error.hpp"

using namespace ablate;

namespace {

namespace fs = std::filesystem;

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// A sweep of `cells` runs of one demo job each.
Plan make_sweep(std::size_t cells) {
  Plan plan;
  plan.sweep = "bench";
  plan.axes = {{"demo.width", {}}};
  plan.seeds = {0};
  plan.parts = {{"demo", "{}", hash128("demo")}};
  for (std::size_t i = 0; i < cells; ++i) {
    plan.axes[0].levels.push_back(std::to_string(i));
    plan.cells.push_back({{static_cast<std::int32_t>(i)}, ""});
    PlannedJob job;
    job.stage = Stage::demo;
    job.parts = {0};
    job.key = hash128(fmt::format("job {}", i));
    job.steps = 1000;
    job.cost.flops = 1;
    job.replicates = 1;
    plan.jobs.push_back(job);
    plan.replicate_jobs.push_back(static_cast<std::uint32_t>(i));
    plan.replicate_begin.push_back(i + 1);
  }
  return plan;
}

/// Writes a journal of `steps` lines with `metrics` metrics each and returns how many rows that is.
std::int64_t write_journal(const fs::path& folder, std::int64_t steps, int metrics) {
  fs::create_directories(folder);
  std::ofstream file(folder / "journal.jsonl");
  file << R"({"seq":1,"time":1.0,"event":"started","attempt":1,"step":0,"total_steps":1000})"
          "\n";
  for (std::int64_t step = 1; step <= steps; ++step) {
    file << fmt::format(R"({{"seq":{},"time":{}.25,"event":"metric","step":{},"values":{{)", step + 1, step,
                        step);
    for (int m = 0; m < metrics; ++m)
      file << fmt::format(R"({}"metric_{}":{:.6f})", m ? "," : "", m, 1.0 / static_cast<double>(step + m));
    file << "}}\n";
  }
  return steps * metrics;
}

struct Bench {
  explicit Bench(const fs::path& path, std::size_t cells)
      : database(path / "ablate.db", Database::Mode::read_write) {
    sweep = save_plan(database, make_sweep(cells), "bench.toml", Json::object(), 1).sweep_id;
    invocation = begin_invocation(database, {{"bench"}, "", "", "", "", "", 1, false}, 1);
    jobs = load_jobs(database, sweep);
  }
  AttemptRecord begin(std::size_t job) { return *begin_attempt(database, jobs.at(job), invocation, {}, 1); }
  Database database;
  std::int64_t sweep = 0, invocation = 0;
  std::vector<JobRecord> jobs;
};

void take_all(Database& database, AttemptRecord& attempt) {
  while (take_in(database, attempt, true).more) {
  }
}

void bench_openers(const fs::path& folder) {
  constexpr int kProcesses = 16, kRounds = 20;
  int failed = 0;
  double slowest = 0;
  for (int round = 0; round < kRounds; ++round) {
    const fs::path path = folder / fmt::format("open{}", round) / "ablate.db";
    const double start = seconds();
    std::vector<pid_t> children;
    for (int i = 0; i < kProcesses; ++i) {
      const pid_t child = fork();
      if (child == 0) {
        try {
          Database database(path, Database::Mode::read_write);
          begin_invocation(database, {{"open"}, "", "", "", "", "", i, false}, 1);
          _exit(0);
        } catch (const std::exception& error) {
          fmt::print(stderr, "{}\n", error.what());
          _exit(1);
        }
      }
      children.push_back(child);
    }
    for (const pid_t child : children) {
      int status = 0;
      ::waitpid(child, &status, 0);
      failed += status != 0;
    }
    slowest = std::max(slowest, seconds() - start);
  }
  fmt::print("openers: {} rounds of {} processes on a fresh database: {} failed; slowest round {:.3f} s\n",
             kRounds, kProcesses, failed, slowest);
}

void bench_intake(const fs::path& folder, bool with_reader) {
  for (const int metrics : {1, 8}) {
    Bench bench(folder / fmt::format("intake{}{}", metrics, with_reader), 8);
    std::unique_ptr<Database> reader_database;
    std::unique_ptr<ReadTransaction> reader;
    if (with_reader) {
      reader_database = std::make_unique<Database>(bench.database.path(), Database::Mode::read_only);
      reader = std::make_unique<ReadTransaction>(*reader_database);
      load_progress(*reader_database, bench.sweep);  // The snapshot begins with the first read.
    }
    std::int64_t rows = 0;
    double elapsed = 0, slowest = 0;
    for (std::size_t job = 0; job < bench.jobs.size(); ++job) {
      AttemptRecord attempt = bench.begin(job);
      rows += write_journal(bench.database.folder() / attempt.folder, 800000 / metrics / 8, metrics);
      const double start = seconds();
      take_all(bench.database, attempt);
      slowest = std::max(slowest, seconds() - start);
      elapsed += seconds() - start;
    }
    fmt::print(
        "intake{}: {} metric{} a line: {} rows in {:.2f} s: {:.0f} rows/s (slowest journal {:.2f} s)\n",
        with_reader ? " beside an open reader" : "", metrics, metrics == 1 ? "" : "s", rows, elapsed,
        static_cast<double>(rows) / elapsed, slowest);
  }
}

void bench_large(const fs::path& folder) {
  Bench bench(folder, 1000);
  std::int64_t rows = 0;
  const double start = seconds();
  for (std::size_t job = 0; job < bench.jobs.size(); ++job) {
    AttemptRecord attempt = bench.begin(job);
    // The first run has one long curve; the others ten curves of 1,000 points.
    rows += job == 0 ? write_journal(folder / attempt.folder, 10000, 1)
                     : write_journal(folder / attempt.folder, 1000, 10);
    take_all(bench.database, attempt);
    end_attempt(bench.database, attempt.id, {}, 2);
    fs::remove_all(folder / attempt.folder);
  }
  fmt::print("large: {} rows in {:.1f} s, {:.0f} MiB\n", rows, seconds() - start,
             static_cast<double>(fs::file_size(bench.database.path())) / (1 << 20));
  const auto timed = [](const char* what, auto&& action) {
    double best = 1e9;
    for (int i = 0; i < 5; ++i) {
      const double begin = seconds();
      action();
      best = std::min(best, seconds() - begin);
    }
    fmt::print("large: {}: {:.1f} ms\n", what, best * 1000);
  };
  timed("one curve of 10,000 points", [&] { load_curve(bench.database, bench.jobs[0].id, "metric_0"); });
  timed("the last values of 2 metrics of 1,000 runs", [&] {
    load_runs(bench.database, bench.sweep, {"demo/metric_0", "demo/metric_1:min"});
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: store_bench FOLDER [openers|intake|reader|large]...\n");
    return 2;
  }
  const fs::path folder = fs::absolute(argv[1]);
  std::vector<std::string> what(argv + 2, argv + argc);
  if (what.empty()) what = {"openers", "intake", "reader", "large"};
  try {
    for (const std::string& name : what) {
      if (name == "openers")
        bench_openers(folder);
      else if (name == "intake")
        bench_intake(folder, false);
      else if (name == "reader")
        bench_intake(folder, true);
      else if (name == "large")
        bench_large(folder / "large");
      else
        throw Error(fmt::format("unknown benchmark '{}'", name));
    }
  } catch (const Error& error) {
    fmt::print(stderr, "store_bench: {}\n", error.what());
    return 2;
  }
  return 0;
}
