#include <fmt/format.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "program/health.hpp"
#include "program/worker_program.hpp"
#include "schedule/devices.hpp"
#include "util/file.hpp"
#include "util/process.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr double kLowDiskBytes = 1e9;

/// Filesystems of other machines (statfs(2)): SQLite's write-ahead log needs memory shared by all that have
/// it open.
constexpr std::array<unsigned, 6> kNetworkFilesystems = {0x6969 /*NFS*/,      0xFF534D42 /*CIFS*/,
                                                         0xFE534D42 /*SMB2*/, 0x0BD00BD0 /*Lustre*/,
                                                         0x47504653 /*GPFS*/, 0x19830326 /*BeeGFS*/};

}  // namespace

std::vector<Finding> check_disk(const std::filesystem::path& database) {
  std::filesystem::path folder = real_path(database).parent_path();
  std::error_code failed;
  while (!std::filesystem::exists(folder, failed) && folder.has_relative_path())
    folder = folder.parent_path();
  std::vector<Finding> findings;
  const auto space = std::filesystem::space(folder, failed);
  if (failed)
    return {{Verdict::fault, "disk", fmt::format("{}: {}", folder.string(), failed.message()),
             "use another folder: --db PATH"}};
  const auto free = static_cast<double>(space.available);
  const std::string room = fmt::format("{} free in {}", human_bytes(free), folder.string());
  if (free < kLowDiskBytes)
    findings.push_back({Verdict::fault, "disk", room, "make room: a full disk stops every run"});
  else
    findings.push_back({Verdict::good, "disk", room});
  if (::access(folder.c_str(), W_OK) != 0)
    findings.push_back({Verdict::fault, "disk", folder.string() + " cannot be written",
                        "ask for the right to write there, or use another folder: --db PATH"});
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) == 0) {
    const auto kind = static_cast<unsigned>(info.f_type);
    if (std::find(kNetworkFilesystems.begin(), kNetworkFilesystems.end(), kind) != kNetworkFilesystems.end())
      findings.push_back({Verdict::fault, "disk",
                          folder.string() + " is on a network filesystem, where SQLite's locks do not hold",
                          "keep the database on a local disk: --db PATH"});
  }
  return findings;
}

std::vector<Finding> check_machine(const std::optional<std::string>& worker) {
  std::vector<Finding> findings;
  if (const auto program = find_worker(worker)) {
    const auto version = capture({program->string(), "--version"});
    if (version)
      findings.push_back(
          {Verdict::good, "worker",
           fmt::format("{}: {}", program->string(), one_line(version->substr(0, version->find('\n'))))});
    else
      findings.push_back({Verdict::fault, "worker", program->string() + " --version fails",
                          "run it by hand to see why: a library may be missing"});
  } else {
    findings.push_back({Verdict::fault, "worker", "ablate-worker is neither beside ablate nor in $PATH",
                        "build it (-DABLATE_WORKER=ON), or name it: ablate run --worker PATH"});
  }
  const std::vector<Device> gpus = find_gpus(1);
  if (gpus.empty()) findings.push_back({Verdict::good, "GPUs", "none found: jobs run on the CPU"});
  for (const Device& gpu : gpus)
    findings.push_back(
        {Verdict::good, "GPUs",
         fmt::format("{}: {}, {}", gpu.name(), gpu.description, human_bytes(gpu.memory_bytes))});
  return findings;
}

}  // namespace ablate
