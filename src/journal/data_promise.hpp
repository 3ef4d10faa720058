// What the sources of a job held when it was planned: a text file for each content, which `ablate run` writes
// and workers hold their data against.
//
//   results/sources/HASH     one line a file: hash size mtime_ns ctime_ns inode picture|file name
//
// Inode 0: the state is not known, and the file must be read to be compared. The first line says whether
// names count, and a format that must be known besides: "named", "unnamed" or "unnamed text". In names, a
// line break is written as backslash and n, and a backslash as two.
#pragma once

#include <filesystem>
#include <string>

#include "util/input_file.hpp"

namespace ablate {

/// Below the database's folder.
std::filesystem::path promise_file(const std::filesystem::path& folder, const std::string& hash);

/// Writes the file, unless it says the same already. Throws Error.
void write_promise(const std::filesystem::path& file, const InputContent& content);
/// Throws Error naming the line that is not of this form.
InputContent load_promise(const std::filesystem::path& file);

}  // namespace ablate
