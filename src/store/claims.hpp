// The claims of sweeps, with the time at which they were made.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "config/claim.hpp"
#include "store/database.hpp"

namespace ablate {

struct ClaimRecord {
  std::int64_t id = 0;
  Claim claim;            ///< Without a place.
  double first_seen = 0;  ///< When a plan with it was saved first; seconds since 1970.
  bool after_results =
      false;  ///< Results of the sweep were there by then: nobody can tell what it was made from.
  std::optional<double> withdrawn_at;  ///< Nothing: it stands.
};

/// Those that stand, in the order of the file, and then those that were withdrawn, in the order in which they
/// were made.
std::vector<ClaimRecord> load_claims(Database& database, std::int64_t sweep_id);

/// Whether those that stand are these, under the same names and sources and in the same order.
bool has_claims(Database& database, std::int64_t sweep_id, std::span<const Claim> claims);

/// Makes these the claims that stand, within the caller's transaction, after the sweep's replicates are
/// saved. What stood already keeps its time; what is not among them is withdrawn.
void save_claims(Database& database, std::int64_t sweep_id, std::span<const Claim> claims, double now);

}  // namespace ablate
