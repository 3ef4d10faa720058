#include "cli/planning.hpp"

#include <filesystem>

#include "cli/output.hpp"
#include "report/bar.hpp"
#include "report/table.hpp"
#include "util/hash.hpp"

namespace ablate {

PlannedSweep plan_sweep(Sweep sweep, Database* database, bool remember) {
  PlannedSweep planned{.sweep = std::move(sweep), .plan = {}, .states = {}, .measured = {}};
  LiveLines lines(terminal_of(2), write_err);
  const Fingerprint read = [&](const std::string& path) -> std::string {
    lines.show(std::vector<std::string>{"reading data: " + one_line(path)});
    if (database) return fingerprint(*database, path, remember);
    std::error_code failed;
    return std::filesystem::exists(path, failed) ? hash_path(path).hex() : "";
  };
  planned.plan = make_plan(planned.sweep, read);
  lines.clear();
  if (database) {
    planned.states = find_states(*database, planned.plan);
    planned.measured = load_throughput(*database);
  } else {
    planned.states.resize(planned.plan.jobs.size());
  }
  return planned;
}

}  // namespace ablate
