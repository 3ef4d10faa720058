// What is wrong with a sweep, as its reader sees it.
#pragma once

#include <sstream>
#include <string>

#include "config/sweep.hpp"
#include "scratch.hpp"

namespace ablate::sweep_mistakes {

/// What is wrong with a sweep, without the scratch folder's path; the lines of source that are shown, left
/// out.
inline std::string mistakes(const Scratch& scratch, const std::string& sweep, bool with_source = false) {
  const auto file = scratch.write("sweep.toml", sweep);
  try {
    load_sweep(file);
  } catch (const ConfigError& error) {
    std::istringstream lines(error.what());
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
      if (const std::size_t at = line.find(scratch.path.string() + "/"); at != std::string::npos)
        line.erase(0, at + scratch.path.string().size() + 1);
      if (with_source || !line.starts_with("   ")) kept += line + "\n";
    }
    return kept;
  }
  return "none";
}

struct WithExperiment : Scratch {
  WithExperiment() { write("experiment.toml", "stages = ['demo']\n"); }
};

inline const std::string kHead = "experiment = 'experiment.toml'\n";

}  // namespace ablate::sweep_mistakes
