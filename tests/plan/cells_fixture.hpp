// A plan of one demonstration sweep, written in a few lines.
#pragma once

#include <string>

#include "plan/cells.hpp"
#include "scratch.hpp"

namespace ablate {

struct WithExperiment : Scratch {
  WithExperiment() { write("experiment.toml", "stages = ['demo']\n"); }

  Plan plan(const std::string& text) const {
    return make_plan(load_sweep(write("sweep.toml", "experiment = 'experiment.toml'\n" + text)),
                     [](const std::string&, SourceKind) { return std::string(); });
  }
  /// Its mistakes, without the path and the lines of source.
  std::string mistakes(const std::string& text) const {
    try {
      plan(text);
    } catch (const ConfigError& error) {
      const std::string all = error.what();
      const std::size_t at = all.find("sweep.toml");
      return all.substr(at, all.find('\n') - at);
    }
    return "none";
  }
};

/// "4 8 | 4 16": the labels of all cells, '-' where an axis does not apply.
inline std::string labels(const Plan& plan) {
  std::string text;
  for (const Cell& cell : plan.cells) {
    if (!text.empty()) text += " | ";
    for (std::size_t a = 0; a < cell.levels.size(); ++a)
      text += (a ? " " : "") +
              (cell.levels[a] < 0 ? "-" : plan.axes[a].levels[static_cast<std::size_t>(cell.levels[a])]);
  }
  return text;
}

inline std::string account(const Plan& plan) {
  std::string text;
  for (const CountLine& line : plan.account) text += line.text + ": " + std::to_string(line.total) + "\n";
  return text;
}

inline std::string axis(const std::string& key, const std::string& levels, const std::string& more = "") {
  return "[[axis]]\nkey = '" + key + "'\nlevels = " + levels + "\n" + more;
}

}  // namespace ablate
