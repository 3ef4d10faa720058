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

/// A name as tables show it: without what nobody sees at its ends.
std::string seen_name(const std::string& name);

/// Whether nobody can tell two labels apart in a table.
bool look_alike(const std::string& a, const std::string& b);

/// Of a label that looks like that of another level of the axis without being equal.
std::string look_alike_mistake(const std::string& axis, const std::string& label, const std::string& other);

/// Whether a level of the axis sets the key.
bool sets_key(const Axis& axis, const Field& field);

/// One finding for each level that is there again, however often; for each that only has another label; for
/// each whose label looks like another one; and for each whose label is what another level sets. `whole`: the
/// levels that are right in themselves.
void refuse_equal_levels(const Axis& axis, const std::vector<std::size_t>& whole, Findings& findings);

}  // namespace ablate
