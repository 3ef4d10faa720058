#include "program/state_flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "law/run_state.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

/// Numbers in a column called "timeout" or "error" measure something; in one called "complete" they may be
/// percents.
bool is_measure(const TextTable& table, std::size_t place) {
  return state_in_name(table.columns[place]) != RunState::finished &&
         std::all_of(table.rows.begin(), table.rows.end(), [&](const TableRow& row) {
           return is_missing_cell(row.cells[place]) || number_in_cell(row.cells[place]);
         });
}

/// Tells a column that has a state's name and no flags, where its cells differ.
void tell_unclear(const TextTable& table, std::size_t place, std::vector<std::string>& unclear) {
  const std::string& first = table.rows.front().cells[place];
  const auto odd = std::find_if(table.rows.begin(), table.rows.end(),
                                [&](const TableRow& row) { return row.cells[place] != first; });
  if (odd != table.rows.end())
    unclear.push_back(fmt::format(
        "column {} may tell which runs finished, and does not count: '{}' and '{}' ({}) are neither true and "
        "false nor exit codes; --state names a column of states",
        one_line(table.columns[place]), printable(first), printable(odd->cells[place]), table.where(*odd)));
}

/// Tells a flag that leaves runs out which the column of states calls finished.
void tell_contradiction(const TextTable& table, const StateColumn& states, const StateColumn& flag,
                        std::vector<std::string>& unclear) {
  const auto odd = std::find_if(table.rows.begin(), table.rows.end(), [&](const TableRow& row) {
    const std::optional<RunState> told = flag.read(row).state;
    return states.read(row).state == RunState::finished && told && told != RunState::finished;
  });
  if (odd != table.rows.end())
    unclear.push_back(
        fmt::format("{}: {} and {}: such runs are left out; --state names the column that counts",
                    table.where(*odd), states.read(*odd).text, flag.read(*odd).text));
}

}  // namespace

void add_state_flags(const TextTable& table, LawColumns& columns, std::string& note,
                     std::vector<std::string>& unclear) {
  for (std::size_t place = 0; place < table.columns.size(); ++place) {
    const std::string& name = table.columns[place];
    const std::optional<RunState> state = state_in_name(name);
    const bool is_taken = name == columns.diverged || name == columns.state || state == RunState::diverged ||
                          std::count(table.columns.begin(), table.columns.end(), name) > 1;
    if (is_taken || !(state || is_exit_code_name(name))) continue;
    const StateColumn column(table, name);
    if (!column.is_flag() && !column.is_exit_code()) {
      if (columns.state.empty() && !is_measure(table, place)) tell_unclear(table, place, unclear);
      continue;
    }
    columns.state_flags.push_back(name);
    note += fmt::format(", {} says which runs {}finished", one_line(name),
                        column.is_flag() && state == RunState::finished ? "" : "have not ");
    if (!columns.state.empty()) tell_contradiction(table, StateColumn(table, columns.state), column, unclear);
  }
}

}  // namespace ablate
