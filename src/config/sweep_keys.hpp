// The keys of a sweep file itself, beside those of the experiment: for `ablate explain` and for spotting
// wrong ones.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace ablate {

struct SweepKey {
  const char* table;  ///< "" (top level), "axis", "level", "block", "exclude", "include", "claim"
  const char* key;
  const char* type;
  const char* doc;
};

std::span<const SweepKey> sweep_keys();
/// The keys of one table.
std::vector<std::string> sweep_keys_of(const std::string& table);

}  // namespace ablate
