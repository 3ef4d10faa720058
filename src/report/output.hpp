// Standard output and error: whole writes, and what happens when nobody reads them any more.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string_view>
#include <utility>

#include "util/file.hpp"

namespace ablate {

/// Whoever read our output has gone (`ablate jobs | head`): main() ends quietly. Not an Error: nothing is
/// wrong.
struct BrokenPipe {};

/// Writes all of it. Throws BrokenPipe, or Error when the output's disk is full.
void write_out(std::string_view text);
/// To standard output, come what may: a reader that has gone, or a full disk, must not stop a sweep.
void try_write_out(std::string_view text) noexcept;
/// To standard error, come what may.
void write_err(std::string_view text) noexcept;

template <typename... Args>
void print(fmt::format_string<Args...> format, Args&&... args) {
  write_out(fmt::format(format, std::forward<Args>(args)...));
}

/// A file that is written piece by piece and appears under its name only when it is whole.
class OutputFile {
 public:
  explicit OutputFile(std::filesystem::path path);
  ~OutputFile();  ///< Removes what commit() has not made whole.
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  void write(std::string_view text);
  void commit();

 private:
  std::filesystem::path path_, temporary_;
  Fd fd_;
};

}  // namespace ablate
