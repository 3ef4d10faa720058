// A value of one key, whatever its type.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace ablate {

/// Enumerations are held by their names. The order of the alternatives is that of ValueType.
using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<double>,
                           std::vector<std::int64_t>, std::vector<std::string>>;

/// As it is written in TOML and shown to people: true, 64, 1e-05, c-abstractor, [45, 45, 10].
std::string to_text(const Value& value);

}  // namespace ablate
