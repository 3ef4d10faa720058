// The one table of where attempts can run.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "schedule/runner.hpp"

namespace ablate {

struct RunnerOptions {
  std::filesystem::path worker = {};  ///< The program that trains; empty: nothing is started.
  /// wait() also returns when this descriptor becomes readable, and reads it empty (StopSignals::fd()).
  int wake_fd = -1;
};

/// Where attempts run as long as nobody chooses.
constexpr std::string_view kDefaultBackend = "local";

/// Throws Error that names all backends when there is none of that name.
std::unique_ptr<AttemptRunner> make_runner(std::string_view backend, const RunnerOptions& options = {});

}  // namespace ablate
