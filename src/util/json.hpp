// JSON as nlohmann-json has it: objects keep their keys sorted, so dump() is canonical.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>

// Compiled once, in json.cpp: otherwise each file that touches JSON compiles all of it, a fifth of a build's
// time.
extern template class nlohmann::basic_json<>;

namespace ablate {

using Json = nlohmann::json;

/// Reads a JSON file of at most `max_bytes`. Throws Error naming the file and the position of the mistake.
Json load_json(const std::filesystem::path& path, std::size_t max_bytes = 64u << 20);

}  // namespace ablate
