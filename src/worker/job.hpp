// job.json, read and checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "config/experiment.hpp"
#include "util/json.hpp"

namespace ablate {

/// What to compute.
struct Job {
  std::string key;
  Stage stage = Stage::demo;
  std::string task;  ///< The evaluation, for stage eval.
  std::uint64_t seed = 0;
  std::int64_t steps = 0;
  Json config = Json::object();                ///< {section: {key: value}}, only what can change the result.
  std::map<std::string, std::string> parents;  ///< Stage name to key.
  std::filesystem::path file;                  ///< Where it was read, for messages.

  /// config.SECTION.KEY. Throws Error when it is missing, of another type or out of range.
  std::int64_t whole(const char* section, const char* key, std::int64_t least, std::int64_t most) const;
  double real(const char* section, const char* key, double least, double most) const;
};

/// Throws Error naming the file and the key that is missing or wrong.
Job load_job(const std::filesystem::path& file);

}  // namespace ablate
