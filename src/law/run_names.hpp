// Which rows of a table are one run: listed twice, or measured several times on its way.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "law/runs.hpp"

namespace ablate {

/// What a row says of which run it is; empty: nothing.
struct RowNames {
  std::string_view key;   ///< Names one run alone.
  std::string_view name;  ///< Names one run, or several.
  std::string_view step;  ///< How far the run was.
};

/// Takes the rows that count, one after the other. Rows with one key are one run. So are rows at different
/// steps that have the same settings, tokens and name, and rows with different tokens where all that have
/// their name have the same settings. A run has one loss.
class RunRows {
 public:
  explicit RunRows(const LawColumns& columns) : columns_(columns) {}
  /// False for a row whose key another one had that tells the same. Throws Error, naming both, for one that
  /// tells another thing, and for another step of a run.
  bool add(const LawRun& run, const RowNames& names);
  /// After the last row: what there is to say of rows that have name, settings and tokens of another one,
  /// which may be repeats or one run listed twice; empty: nothing. Throws Error for other tokens of a run.
  std::string finish() const;

 private:
  struct Row {
    LawRun run;
    std::string step;
  };
  /// Rows with one name: the first, and the first that has other tokens.
  struct Named {
    LawRun first, later;
    bool is_later = false, settings_differ = false;
  };

  bool add_to_key(const LawRun& run, const RowNames& names);
  [[noreturn]] void refuse_history(const LawRun& run, const LawRun& first, std::string_view name,
                                   const std::string& what) const;

  LawColumns columns_;
  std::map<std::string, Row, std::less<>> of_key_;
  std::map<std::string, Row> of_settings_;
  std::map<std::string, Named, std::less<>> of_name_;
  std::size_t repeated_ = 0;
  std::string repeated_where_;
};

}  // namespace ablate
