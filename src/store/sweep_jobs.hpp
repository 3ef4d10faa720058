// Which jobs each replicate of a sweep needs, and which data these read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "config/fields.hpp"
#include "store/database.hpp"

namespace ablate {

/// Everything in memory: one pass over the sweep's rows, so that nothing is asked for each job.
struct SweepJobs {
  struct Need {
    std::uint32_t replicate;  ///< Its number.
    std::uint32_t job;        ///< Index into `ids`.
  };
  std::vector<std::int64_t> ids;  ///< Ascending: parents before children.
  std::vector<Need> needs;        ///< By replicate, upstream first.

  /// Index of a job in `ids`, or -1 when the sweep does not need it.
  std::ptrdiff_t find(std::int64_t job_id) const;
  std::int64_t first_id() const { return ids.empty() ? 0 : ids.front(); }
  std::int64_t last_id() const { return ids.empty() ? -1 : ids.back(); }
};
SweepJobs load_sweep_jobs(Database& database, std::int64_t sweep_id);

/// A data source or init file that jobs of a sweep read.
struct SweepSource {
  SourceKind kind = SourceKind::none;
  std::string hash;            ///< Of what it held when the sweep was planned.
  std::filesystem::path path;  ///< Where that was found last.
};
std::vector<SweepSource> load_sweep_sources(Database& database, std::int64_t sweep_id);

}  // namespace ablate
