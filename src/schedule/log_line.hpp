// The one line of a log that tells most.
#pragma once

#include <filesystem>
#include <string>

namespace ablate {

/// Of the last 16 KiB of a log: the first line that speaks of an error, else the last one that is not empty.
/// Made printable and cut to 300 bytes; empty when there is none.
std::string last_error_line(const std::filesystem::path& log);

/// The first line of a log that is not empty, in the same form.
std::string first_line(const std::filesystem::path& log);

}  // namespace ablate
