// The public sweeps that the law's acceptance checks read, where this machine has them.
#pragma once

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "law/findings.hpp"
#include "law/runs.hpp"

#ifndef ABLATE_LAW_DATA
#define ABLATE_LAW_DATA ""
#endif

namespace ablate {

/// A file of the folder of public sweeps; without it the test says that it skips, and returns nothing.
inline std::vector<LawRun> public_runs(const std::string& name) {
  const std::filesystem::path path = std::filesystem::path(ABLATE_LAW_DATA) / name;
  if (!std::filesystem::exists(path)) {
    BOOST_TEST_MESSAGE("skipped: no " << path);
    return {};
  }
  const LawColumns columns{.params = "N", .tokens = "D", .lr = "lr", .batch = "batch_tokens", .loss = "loss"};
  return clean_runs(read_law_runs(path, columns).rows).runs;
}

inline std::vector<LawRun> select(const std::vector<LawRun>& runs,
                                  const std::function<bool(const LawRun&)>& keep) {
  std::vector<LawRun> kept;
  for (const LawRun& run : runs)
    if (keep(run)) kept.push_back(run);
  return kept;
}

/// Runs with sizes from `low` to `high`.
inline std::vector<LawRun> sized(const std::vector<LawRun>& runs, double low, double high) {
  return select(runs, [&](const LawRun& run) { return run.params >= low && run.params <= high; });
}

}  // namespace ablate
