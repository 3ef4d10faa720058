// What a sweep's claims have come to: what `ablate claims` shows.
#pragma once

#include <string>
#include <vector>

#include "report/table.hpp"
#include "stats/claim_verdict.hpp"
#include "store/claims.hpp"
#include "store/sweeps.hpp"
#include "util/json.hpp"

namespace ablate {

struct JudgedClaim {
  ClaimRecord record;
  ClaimVerdict verdict;
  std::int64_t runs_with_score = 0, runs = 0;  ///< Of the sweep, with the claim's score.
};

struct ClaimReport {
  std::vector<JudgedClaim> claims;  ///< Those that stand: the family of Holm's correction.
  std::vector<ClaimRecord> withdrawn;
  std::vector<std::string> notes;  ///< On cells that were chosen for their scores.
  std::int64_t count(ClaimState verdict) const;
};

ClaimReport claims_of(Database& database, const SweepRecord& sweep);
Table claims_table(const ClaimReport& report, const SweepRecord& sweep);
Json claims_json(const ClaimReport& report);

}  // namespace ablate
