// The [[claim]] tables of a sweep file. Private to this module.
#pragma once

#include <vector>

#include "config/claim.hpp"
#include "config/toml_document.hpp"

namespace ablate {

/// In the order of the file. Whether axes, levels and scores are the sweep's is for the plan to say.
std::vector<Claim> read_claims(const TomlDocument& document, Findings& findings);

}  // namespace ablate
