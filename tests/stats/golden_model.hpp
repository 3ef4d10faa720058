// The model of a golden table: coded runs and the terms that its analysis of variance names.
#pragma once

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "stats/golden.hpp"
#include "stats/linear_model.hpp"

namespace ablate::golden {

struct TableModel {
  std::vector<std::string> names;  ///< Of the columns: the factors, then the block.
  CodedRuns runs;
  std::optional<std::size_t> block;
  std::vector<Term> terms;  ///< Without the block.
  Term term(const std::string& text) const {
    Term found;
    std::stringstream parts(text);
    for (std::string part; std::getline(parts, part, ':');)
      found.push_back(static_cast<std::size_t>(std::find(names.begin(), names.end(), part) - names.begin()));
    std::sort(found.begin(), found.end());
    return found;
  }
};

/// Of the runs that have a score; `known` has the roles of columns, `results` the analysis.
inline TableModel table_model(const Json& known, const Json& results, const std::string& score = {}) {
  TableModel model;
  const Observations sweep = observations(known, score);
  for (const Factor& factor : sweep.factors) {
    model.names.push_back(factor.name);
    model.runs.sizes.push_back(factor.levels.size());
  }
  const std::string block = known["block"].is_null() ? "" : known["block"].get<std::string>();
  const Json& anova = results["anova"];
  const bool has_block =
      std::any_of(anova.begin(), anova.end(), [&](const Json& row) { return row["term"] == block; });
  std::size_t seeds = 0;
  for (const Observation& run : sweep.runs)
    if (run.seed) seeds = std::max<std::size_t>(seeds, *run.seed);
  if (has_block) {
    model.block = model.names.size();
    model.names.push_back(block);
    model.runs.sizes.push_back(seeds);
  }
  for (const Observation& run : sweep.runs) {
    if (std::isnan(run.score)) continue;
    std::vector<std::int32_t> row;
    for (const double level : run.at) row.push_back(static_cast<std::int32_t>(level));
    if (has_block) row.push_back(static_cast<std::int32_t>(*run.seed) - 1);
    model.runs.add(row, run.score);
  }
  for (const Json& row : anova)
    if (row["type"] == anova[0]["type"] && row["term"] != "Residuals" && row["term"] != block)
      model.terms.push_back(model.term(row["term"]));
  return model;
}

/// Calls `visit(name, known, results, score)` for each score of each case.
template <typename Visit>
void visit_results(const Visit& visit) {
  for (const std::string& name : cases()) {
    const Json known = read_case(name);
    if (!known.contains("results")) {
      visit(name, known, known, std::string());
      continue;
    }
    for (const auto& entry : known["results"].items())
      visit(name + " " + entry.key(), known, entry.value(), std::string(entry.key()));
  }
}

}  // namespace ablate::golden
