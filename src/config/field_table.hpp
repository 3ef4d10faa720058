// The rows of fields(); for fields.cpp alone.
#pragma once

#include <limits>
#include <vector>

#include "config/fields.hpp"

namespace ablate {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();
constexpr double kMaxCount = 1e12;  ///< Of steps and the like: far beyond use, well within 64 bits.

std::vector<Field> make_field_table();

}  // namespace ablate
