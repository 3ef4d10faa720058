// Tables with answers of another program: a JSON with the roles of columns and the values expected, and a CSV
// of runs. Read as a sweep is.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "stats/observations.hpp"
#include "util/json.hpp"

namespace ablate::golden {

/// The folder is given by CMake; it need not be there.
inline std::filesystem::path folder() { return ABLATE_EFFECTS_DATA; }
inline bool present() { return std::filesystem::exists(folder() / "README.md"); }

inline Json read_case(const std::string& name) {
  std::ifstream file(folder() / (name + ".json"));
  return Json::parse(file);
}

/// The names of all cases, sorted.
inline std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// A number, or NaN for null.
inline double number(const Json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

inline std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',')
      cells.emplace_back();
    else if (c != '\r' && c != '"')
      cells.back() += c;
  }
  return cells;
}

/// The number that a text is as a whole; NaN: none.
inline double number_in(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == 0 ? value : std::numeric_limits<double>::quiet_NaN();
}

inline Factor factor_of(const Json& row) {
  Factor factor{.name = row["name"]};
  if (row["type"] == "continuous") {
    factor.range = SampledRange{row["low"], row["high"], row.value("log", false)};
    return factor;
  }
  bool numbers = true;
  for (const auto& level : row["levels"]) {
    factor.levels.push_back(level);
    factor.values.push_back(number_in(factor.levels.back()));
    numbers &= !std::isnan(factor.values.back());
  }
  if (!numbers) factor.values.clear();
  return factor;
}

/// The runs of a case with the score of that name (empty: the case's own). A block is the seed unless
/// `own_seeds`.
inline Observations observations(const Json& known, std::string score = {}, bool own_seeds = false) {
  Observations sweep;
  if (score.empty()) score = known["score"];
  for (const Json& row : known["factors"]) sweep.factors.push_back(factor_of(row));
  sweep.lower_is_better = known.value("direction", "") == "minimize";
  const std::string block = own_seeds || known["block"].is_null() ? "" : known["block"].get<std::string>();
  const std::string cost = known.value("cost", "");
  std::ifstream file(folder() / known["csv"].get<std::string>());
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> header = cells_of(line);
  std::map<std::string, std::uint64_t> blocks;
  while (std::getline(file, line)) {
    const std::vector<std::string> cells = cells_of(line);
    std::map<std::string, std::string> named;
    for (std::size_t i = 0; i < header.size(); ++i) named[header[i]] = cells[i];
    Observation run;
    for (const Factor& factor : sweep.factors) {
      const std::string& text = named.at(factor.name);
      const auto level = std::find(factor.levels.begin(), factor.levels.end(), text);
      run.at.push_back(factor.continuous() ? number_in(text)
                                           : static_cast<double>(level - factor.levels.begin()));
    }
    if (!block.empty()) run.seed = blocks.try_emplace(named.at(block), blocks.size() + 1).first->second;
    run.score = number_in(named.at(score));
    if (std::isnan(run.score)) run.end = RunEnd::failed;
    if (!cost.empty()) run.cost = number_in(named.at(cost));
    sweep.runs.push_back(std::move(run));
  }
  return sweep;
}

/// A whole plot is a level of the first factor in a block, as in a split-plot experiment.
inline void split_plots(Observations& sweep) {
  std::int64_t own = 1000000;
  for (Observation& run : sweep.runs) {
    run.plots.assign(sweep.factors.size(), 0);
    for (std::int64_t& plot : run.plots) plot = own++;
    run.plots[0] = static_cast<std::int64_t>(*run.seed) * 1000 + static_cast<std::int64_t>(run.at[0]);
  }
}

}  // namespace ablate::golden
