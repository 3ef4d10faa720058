#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "util/build_info.hpp"
#include "worker/worker.hpp"

int main(int argc, char** argv) {
  CLI::App app(
      "Runs one job of Ablate and journals it. `ablate run` starts this program for every job; by hand it "
      "repeats one:\n"
      "  ablate-worker results/jobs/0123456789abcdef0123456789abcdef",
      "ablate-worker");
  std::string job_folder;
  std::optional<std::int64_t> attempt;
  const ablate::BuildInfo build = ablate::build_info();
  app.add_option("JOB_DIR", job_folder, "Folder of the job: it holds job.json")->required();
  app.add_option("--attempt", attempt,
                 "Number of the prepared attempt; without it, a new one with default settings")
      ->check(CLI::PositiveNumber);
  std::string device = "auto";
  ablate::Placement by_hand;
  app.add_option("--device", device, "Without --attempt: auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  app.add_option("--threads", by_hand.threads, "Without --attempt: CPU threads")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.set_version_flag("--version", fmt::format("ablate-worker {} ({}, {}, {})", build.version,
                                                build.revision, build.type, build.compiler));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  by_hand.kind = ablate::from_name<ablate::DeviceKind>(device);
  return ablate::run_worker(job_folder, attempt, by_hand);
}
