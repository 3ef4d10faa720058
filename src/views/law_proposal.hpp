// Proposed runs of a learning-rate search, as a table and as JSON.
#pragma once

#include "law/propose.hpp"
#include "report/table.hpp"
#include "util/json.hpp"

namespace ablate {

/// `flops_are`: how FLOPs are counted.
Table proposal_table(const Proposal& proposal, const std::string& flops_are);
Json proposal_json(const Proposal& proposal);

}  // namespace ablate
