// A table of another tool, or a published one, as a sweep: one row is one run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "program/import_columns.hpp"
#include "store/imports.hpp"

namespace ablate {

/// The most rows that are imported.
inline constexpr std::size_t kMostImportedRows = 200'000;

struct ImportReading {
  ImportedSweep sweep;
  std::vector<std::string> scores;               ///< Columns.
  std::vector<std::string> guesses;              ///< ImportChoice::guesses, and how numbers are read.
  std::vector<std::string> not_read;             ///< Columns.
  std::map<std::string, std::int64_t> left_out;  ///< How many rows were, by why: "state running".
  std::vector<std::string> notes;                ///< What is doubtful.
};

/// Reads a file of at most 256 MB (law/table_reader.hpp) as the sweep `name`. A row whose state says that it
/// has not ended, or was ended from outside, is left out; one that failed or diverged, or has no finite score
/// at all, is a failed run. Of one that has some score, an empty cell is a score that was not measured, and
/// NaN one that is no number. An axis without a value does not apply to the run.
///
/// Whole numbers of 64 bits stay the seeds that they are; others are numbered, and a note says so.
///
/// Throws Error with place, column and what was found: a name that no sweep may have, two columns of one
/// name, axes and seeds that look like merged cells, commas that may be anything (import_spellings.hpp), what
/// is no number where a score belongs, a count or standard error below zero, two rows of one key, or of the
/// same levels and seed, that differ, text that is no UTF-8, too many rows, and where no row is left.
ImportReading read_import(const std::filesystem::path& file, const std::string& name,
                          const ImportRequest& request);

}  // namespace ablate
