// A small grid of runs, and the table of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stats/pivot.hpp"
#include "views/levels.hpp"
#include "views/pivot_table.hpp"

namespace ablate::pivot_fixture {

inline const std::vector<PlanAxis> kAxes = {{"kind", {"mlp", "c-abstractor"}}, {"tokens", {"64", "144"}}};

inline RunRecord run(const char* kind, const char* tokens, std::uint64_t seed, double value,
                     JobState state = JobState::finished) {
  RunRecord record;
  record.cell = (std::string(kind) == "mlp" ? 0 : 2) + (std::string(tokens) == "64" ? 0 : 1);
  record.levels = levels_of(kAxes, {{"kind", kind}, {"tokens", tokens}});
  record.seed = seed;
  record.state = state;
  if (state == JobState::finished) record.values["vqa"] = value;
  return record;
}

/// 2 x 2 cells x 3 seeds; the value is in hundredths.
inline std::vector<RunRecord> full_grid() {
  std::vector<RunRecord> runs;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const double shift = static_cast<double>(seed) / 100;
    runs.push_back(run("c-abstractor", "144", seed, 0.40 + shift));
    runs.push_back(run("c-abstractor", "64", seed, 0.30 + shift));
    runs.push_back(run("mlp", "64", seed, 0.10 + shift));
    runs.push_back(run("mlp", "144", seed, 0.20 + shift));
  }
  return runs;
}

inline std::string show(const std::vector<RunRecord>& runs, PivotLayout layout, Format format = Format::text,
                        std::optional<Over> over = std::nullopt) {
  std::vector<std::string> by = layout.rows;
  by.insert(by.end(), layout.columns.begin(), layout.columns.end());
  const Pivot pivot = make_pivot(runs, kAxes, by, layout.values, over);
  const bool tidy = format == Format::csv || format == Format::json;
  return render(tidy ? tidy_table(pivot, layout) : wide_table(pivot, layout), format);
}

}  // namespace ablate::pivot_fixture
