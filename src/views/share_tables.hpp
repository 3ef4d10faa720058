// Shares of variance as ranked bars.
#pragma once

#include <string>
#include <vector>

#include "report/table.hpp"
#include "views/effects_view.hpp"

namespace ablate {

/// One table for all runs, and one for each branch.
std::vector<Table> share_tables(const ScoreEffects& effects);

/// Largest first; what is not known stands last.
std::vector<Share> ranked_shares(const Shares& shares);

/// "connector.kind x connector.tokens"
std::string axes_text(const Observations& runs, const std::vector<std::size_t>& factors);
/// The factors of a term.
std::vector<std::size_t> factors_of_term(const BranchShares& branch, const Term& term);

}  // namespace ablate
