#include "schedule/backends.hpp"

#include <fmt/format.h>

#include "schedule/local_runner.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

using MakeRunner = std::unique_ptr<AttemptRunner> (*)(const RunnerOptions& options);

std::unique_ptr<AttemptRunner> make_local_runner(const RunnerOptions& options) {
  return std::make_unique<LocalRunner>(options.worker, options.wake_fd);
}

struct Backend {
  std::string_view name;
  MakeRunner make;
};
constexpr Backend kBackends[] = {{"local", make_local_runner}};

}  // namespace

std::unique_ptr<AttemptRunner> make_runner(std::string_view backend, const RunnerOptions& options) {
  std::vector<std::string> known;
  for (const Backend& entry : kBackends) {
    if (entry.name == backend) return entry.make(options);
    known.emplace_back(entry.name);
  }
  throw Error(fmt::format("unknown backend '{}'{}", printable(backend), suggestion(backend, known)));
}

}  // namespace ablate
