// Mistakes in a user's files, each with its place; all of a file at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "util/error.hpp"

namespace ablate {

/// A place in a source file. Lines and columns count from 1; line 0 means the file as a whole.
struct Location {
  std::uint32_t source = 0;  ///< Index into Sources.
  std::uint32_t line = 0, column = 0;
};

struct SourceFile {
  std::string name;
  std::string text;
};
using Sources = std::vector<SourceFile>;

/// One mistake: what was found, what was expected.
struct Diagnostic {
  Location where;
  std::string message;
};

/// "file:line:column: message", the line and a caret below it.
std::string render(const Diagnostic& diagnostic, const Sources& sources);

/// An Error that holds all mistakes found, rendered one below the other, in the order of files and lines, at
/// most 20.
struct ConfigError : Error {
  ConfigError(std::vector<Diagnostic> diagnostics, const Sources& sources);
  std::size_t count = 0;
};

}  // namespace ablate
