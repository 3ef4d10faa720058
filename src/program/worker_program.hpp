// Where the program that trains is.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace ablate {

/// `wanted` (--worker), else ablate-worker beside this program, else in $PATH.
std::optional<std::filesystem::path> find_worker(const std::optional<std::string>& wanted);
/// Throws Error that says where it was looked for.
std::filesystem::path get_worker(const std::optional<std::string>& wanted);

}  // namespace ablate
