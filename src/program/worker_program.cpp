#include "program/worker_program.hpp"

#include <fmt/format.h>

#include "util/error.hpp"
#include "util/process.hpp"

namespace ablate {

namespace {

constexpr const char* kWorkerName = "ablate-worker";

std::filesystem::path beside_this_program() { return this_program().parent_path() / kWorkerName; }

}  // namespace

std::optional<std::filesystem::path> find_worker(const std::optional<std::string>& wanted) {
  if (wanted) return find_program(*wanted);
  if (auto beside = find_program(beside_this_program().string())) return beside;
  return find_program(kWorkerName);
}

std::filesystem::path get_worker(const std::optional<std::string>& wanted) {
  if (auto found = find_worker(wanted)) return *found;
  if (wanted) throw Error(fmt::format("--worker is '{}'; expected a program that can be executed", *wanted));
  throw Error(fmt::format(
      "there is no worker: neither {} nor {} in $PATH; build it (-DABLATE_WORKER=ON) or name it with "
      "--worker PATH",
      beside_this_program().string(), kWorkerName));
}

}  // namespace ablate
