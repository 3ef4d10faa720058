// Results of a sweep as tables of any axes: what `ablate table` shows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/results.hpp"
#include "store/sweeps.hpp"
#include "views/pivot_table.hpp"

namespace ablate {

struct ResultQuery {
  std::vector<std::string> rows;     ///< Axes; nothing: all that vary.
  std::vector<std::string> columns;  ///< Axes.
  std::vector<std::string> values;   ///< Scores and metrics; empty: all scores.
  Spread spread = Spread::sd;
  std::optional<Over> over;            ///< See make_pivot().
  std::optional<std::string> sort_by;  ///< A value; rows go by its mean.
  bool descending = false;
  bool tidy = false;  ///< For programs: one row for each combination of levels. Else for readers.
};

/// The values asked for, or all scores; what a run of an imported sweep cost is none. Throws Error that names
/// what the sweep does not have, with the nearest name.
std::vector<std::string> choose_values(Database& database, const SweepRecord& sweep,
                                       const std::vector<std::string>& names);

/// Where the value that rows go by stands among those of a table. Throws Error with the nearest one.
std::size_t find_sort_value(const std::vector<std::string>& values, const std::string& sort_by);

/// "no score yet of caption (2 failed); `ablate jobs NAME --stage eval` lists the jobs"; nothing where all
/// evaluations have one.
std::string unscored_note(const std::vector<UnscoredEvaluation>& unscored, const SweepRecord& sweep);

/// The same, where there is one. Throws Error where no run has any score.
std::vector<std::string> require_values(Database& database, const SweepRecord& sweep,
                                        const std::vector<std::string>& names);

/// One table, or one for each evaluation where scores are many and none was asked for. A note names the
/// evaluations that have no score yet, where all scores are asked for. Throws Error that names what the sweep
/// does not have, with the nearest name.
std::vector<Table> result_tables(Database& database, const SweepRecord& sweep, const ResultQuery& query);

}  // namespace ablate
