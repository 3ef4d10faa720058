// What the levels of an axis are called, so that each says what it sets. Private to this module.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/sweep.hpp"
#include "config/toml_document.hpp"

namespace ablate {

/// Of a level without a label: its value, or "width=8, depth=2".
std::string label_of(const Level& level);

/// Whether a level of the axis sets the key.
bool sets_key(const Axis& axis, const Field& field);

/// One finding for each level that is there again, however often; for each that only has another label; and
/// for each whose label is what another level sets. `whole`: the levels that are right in themselves.
void refuse_equal_levels(const Axis& axis, const std::vector<std::size_t>& whole, Findings& findings);

}  // namespace ablate
