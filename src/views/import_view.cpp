#include "views/import_view.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "law/runs.hpp"
#include "report/wrap.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

std::int64_t size_of(const auto& list) { return static_cast<std::int64_t>(list.size()); }

std::int64_t count_failed(const ImportedSweep& sweep) {
  return std::count_if(sweep.runs.begin(), sweep.runs.end(),
                       [](const ImportedRun& run) { return run.failed; });
}

std::string one_lines(std::vector<std::string> names) {
  for (std::string& name : names) name = one_line(name);
  return join(names, ", ");
}

std::string head_line(const ImportedSweep& sweep, const ImportResult& result) {
  const std::string name = one_line(sweep.name), file = shown_path(sweep.file);
  const std::int64_t failed = count_failed(sweep);
  const std::string runs =
      fmt::format("{} of {}{}", count_of(size_of(sweep.runs), "run"), count_of(size_of(sweep.cells), "cell"),
                  failed > 0 ? fmt::format(" ({} failed)", with_commas(failed)) : "");
  if (result.unchanged) return fmt::format("{}: {} from {}, there already", name, runs, file);
  return fmt::format("{}: {} imported from {}", name, runs, file);
}

}  // namespace

std::string import_text(const ImportReading& reading, const ImportResult& result) {
  const ImportedSweep& sweep = reading.sweep;
  std::vector<std::string> axes;
  for (const PlanAxis& axis : sweep.axes)
    axes.push_back(fmt::format("{} ({})", one_line(axis.name), count_of(size_of(axis.levels), "level")));
  std::string text = head_line(sweep, result) + "\n";
  const auto add = [&](const char* what, const std::string& words) {
    if (!words.empty()) text += fmt::format("  {:<9}", what) + wrap(words, 11) + "\n";
  };
  add("axes", join(axes, ", "));
  add("scores", one_lines(reading.scores));
  add("lower", one_lines(sweep.roles.lower_is_better) +
                   (sweep.roles.lower_is_better.empty() ? "" : ": the lower, the better"));
  add("seed", sweep.roles.seed.empty() ? "none: each run has its own, and no two are paired"
                                       : one_line(sweep.roles.seed));
  add("cost", one_line(sweep.roles.cost));
  add("not read", one_lines(reading.not_read));
  for (const std::string& guess : reading.guesses) add("guessed", guess);
  const auto note = [&](const std::string& words) { text += "note: " + wrap(words, 6) + "\n"; };
  if (result.replaced)
    note(fmt::format("what was imported from {} before under this name is replaced",
                     shown_path(result.former)));
  for (const std::string& line : left_out_lines(reading.left_out)) note(line);
  for (const std::string& line : reading.notes) note(line);
  return text + fmt::format("see: ablate table {}\n", one_line(sweep.name));
}

Json import_json(const ImportReading& reading, const ImportResult& result) {
  const ImportedSweep& sweep = reading.sweep;
  const ImportRoles& roles = sweep.roles;
  Json axes = Json::array();
  for (const PlanAxis& axis : sweep.axes) axes.push_back({{"name", axis.name}, {"levels", axis.levels}});
  return {{"sweep", sweep.name},
          {"file", sweep.file.string()},
          {"runs", sweep.runs.size()},
          {"cells", sweep.cells.size()},
          {"failed", count_failed(sweep)},
          {"axes", std::move(axes)},
          {"scores", reading.scores},
          {"lower_is_better", roles.lower_is_better},
          {"seed", roles.seed.empty() ? Json() : Json(roles.seed)},
          {"cost", roles.cost.empty() ? Json() : Json(roles.cost)},
          {"not_read", reading.not_read},
          {"guesses", reading.guesses},
          {"left_out", reading.left_out},
          {"notes", reading.notes},
          {"unchanged", result.unchanged},
          {"replaced", result.replaced}};
}

}  // namespace ablate
