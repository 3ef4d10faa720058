// Counts as real numbers, for formulas.
#pragma once

#include <cstdint>

namespace ablate {

inline double real(std::int64_t value) { return static_cast<double>(value); }

}  // namespace ablate
