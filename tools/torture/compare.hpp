// Whether two databases tell the same results, and whether one is sound.
#pragma once

#include <string>
#include <vector>

#include "store/database.hpp"

namespace ablate {

struct Comparison {
  std::vector<std::string> differences;  ///< Empty: all is well. At most a few of each kind.
  std::int64_t jobs = 0, attempts = 0, metrics = 0, scores = 0, torn = 0;
};

/// Holds that every job of `tortured` finished with exactly one finished attempt; that metric points, their
/// summaries and scores are those of `reference`, bit for bit; that no journal line was lost or doubled; that
/// SQLite finds no fault.
Comparison compare_results(Database& reference, Database& tortured);

}  // namespace ablate
