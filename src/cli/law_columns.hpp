// Which column of a table of runs holds what: as the command line says, else by usual names.
#pragma once

#include <optional>
#include <string>

#include "cli/arguments.hpp"
#include "law/runs.hpp"

namespace ablate {

/// Names: --batch-unit.
enum class BatchUnit { tokens, sequences };
template <>
std::span<const Named<BatchUnit>> names_of<BatchUnit>();

struct ChosenColumns {
  LawColumns columns;
  /// Tokens in a sequence where the batch counts sequences and no column tells their length; else 0.
  std::int64_t seq_len = 0;
  std::string note;  ///< "N is the size, D the tokens, ..."
};

/// The options that name columns, and say what a batch counts. A command that asks about a target has
/// --tokens and --batch for that, too: a number is the target's, any other word a column's name.
std::vector<OptionSpec> law_column_options(bool with_target);

/// Throws Error when a column that is needed is not found, and for a batch of which nobody knows whether it
/// counts tokens or sequences.
ChosenColumns choose_columns(const Arguments& arguments, const TextTable& table);

/// --batch-unit; nothing: not given.
std::optional<BatchUnit> batch_unit(const Arguments& arguments);

/// The word of an option that names a column: with a target, the one that is no number.
std::optional<std::string> named_column(const Arguments& arguments, const std::string& option);
/// Throws Error when an option names a column, but --loss, which is also a score's name: a sweep has none.
void refuse_columns(const Arguments& arguments);

}  // namespace ablate
