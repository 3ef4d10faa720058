// Which column of a table of runs holds what: as it is named, else by usual names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/names.hpp"
#include "law/runs.hpp"

namespace ablate {

/// Names: --batch-unit.
enum class BatchUnit { tokens, sequences };
template <>
std::span<const Named<BatchUnit>> names_of<BatchUnit>();

/// One column: its option, what it holds, and the names under which it is found without being told, of which
/// case does not matter ("JobState" is "job_state"), nor whether ' ', '-', '_', '.' or '/' stands between
/// words.
struct ColumnSpec {
  const char* option;
  const char* meaning;
  std::string LawColumns::*name;
  /// From those that say exactly what is meant to the vaguest; names in one list say it equally well.
  std::vector<std::vector<std::string>> known;
  bool required = false;
};

std::span<const ColumnSpec> column_specs();
/// The column with the best of some usual names, given as in ColumnSpec::known, as it is spelt there; empty:
/// none.
std::string find_known_column(const std::vector<std::vector<std::string>>& known, const TextTable& table);
/// Whether a column has one of the names by which any role in a table of runs is found, that of naming a run
/// or telling how far it was as well.
bool has_usual_name(const std::string& column);

/// What is said about a table's columns beforehand.
struct ColumnRequest {
  LawColumns named;                     ///< Empty: found by usual names. State "none": all runs count.
  std::optional<std::string> flops;     ///< The column of 6 N D, where none has the tokens.
  std::optional<BatchUnit> batch_unit;  ///< Of the batches in the table,
  bool has_target_batch = false;        ///< unless a target has one: then it may be that batch's alone.
  std::optional<std::int64_t> seq_len;  ///< Tokens in a sequence.
  bool loss_law = false;                ///< For L(N, D): rates do not matter.
  bool optima = false;                  ///< The table holds best rates, and no losses.
};

struct ChosenColumns {
  LawColumns columns;
  /// Tokens in a sequence where the batch counts sequences and no column tells their length; else 0.
  std::int64_t seq_len = 0;
  std::string note;  ///< "N is the size, D the tokens, ..."
  /// A sentence for each column with a vaguer name than the chosen one's, and other values.
  std::vector<std::string> passed_over;
  /// A sentence for each column of states that is not understood, or contradicts another.
  std::vector<std::string> unclear_states;
};

/// Throws Error, naming the option that would settle it, when a column that is needed is not found, where two
/// whose names are equally good have other values, and for a batch of which nobody knows whether it counts
/// tokens or sequences.
ChosenColumns choose_columns(const ColumnRequest& request, const TextTable& table);

}  // namespace ablate
