#include "cli/planning.hpp"

#include <filesystem>

#include "cli/common.hpp"
#include "cli/output.hpp"
#include "data/source.hpp"
#include "report/bar.hpp"
#include "report/table.hpp"
#include "util/hash.hpp"

namespace ablate {

OptionSpec replace_option() {
  return flag("--replace", "let the file have its sweep's name, though another file has it in the database");
}

std::string former_line(const PlannedSweep& planned, bool saved) {
  if (!planned.former) return "";
  const FormerFile& former = *planned.former;
  const bool asked = former.reason.empty();
  const std::string was = asked ? "" : ", " + one_line(former.reason);
  const std::string now =
      saved ? "is"
            : fmt::format("becomes, when this plan is saved or run{},", asked ? " with --replace" : "");
  return fmt::format("the sweep '{}' {} that of {}{}; it {} that of {}{}", one_line(planned.sweep.name),
                     saved ? "was" : "is", shown_path(former.path), was, now, shown_path(planned.sweep.file),
                     saved ? " now" : "");
}

PlannedSweep plan_sweep(Sweep sweep, Database* database, bool remember, bool replace) {
  PlannedSweep planned{.sweep = std::move(sweep), .plan = {}, .states = {}, .measured = {}, .former = {}};
  if (database) planned.former = claim_name(*database, planned.sweep.name, planned.sweep.file, replace);
  LiveLines lines(terminal_of(2), write_err);
  const Fingerprint read = [&](const std::string& path) -> std::string {
    lines.show(std::vector<std::string>{"reading data: " + one_line(path)});
    const auto hash_of = [&](const std::filesystem::path& file) -> std::string {
      if (database) return fingerprint(*database, file.string(), remember);
      std::error_code failed;
      return std::filesystem::exists(file, failed) ? hash_path(file).hex() : "";
    };
    std::string hash = hash_of(path);
    const std::vector<std::filesystem::path> behind = files_behind(path);
    if (behind.empty()) return hash;
    for (const std::filesystem::path& file : behind) {
      const std::string part = hash_of(file);
      if (part.empty()) return "";
      hash += part;
    }
    return hash128(hash).hex();
  };
  planned.plan = make_plan(planned.sweep, read);
  lines.clear();
  if (database) {
    planned.states = find_states(*database, planned.plan);
    planned.measured = load_job_times(*database);
  } else {
    planned.states.resize(planned.plan.jobs.size());
  }
  return planned;
}

std::string describe_missing(const std::string& path) {
  std::error_code failed;
  if (!std::filesystem::exists(path, failed)) return path;
  std::string text = path + ", which needs";
  for (const std::filesystem::path& file : files_behind(path)) text += " " + file.string();
  return text;
}

}  // namespace ablate
