#include "views/cell_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

std::optional<std::int64_t> parse_cell_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

const PlanAxis& find_axis(const SweepRecord& sweep, const std::string& name) {
  std::vector<std::string> known;
  for (const PlanAxis& axis : sweep.axes) {
    if (axis.name == name) return axis;
    known.push_back(axis.name);
  }
  throw Error(
      fmt::format("sweep '{}' has no axis '{}'{}", sweep.name, printable(name), suggestion(name, known)));
}

/// Where the level that begins at `from` ends: before the next ",AXIS=", as a level may have commas.
std::size_t end_of_level(const std::string& text, std::size_t from, const SweepRecord& sweep) {
  for (std::size_t comma = text.find(',', from); comma != text.npos; comma = text.find(',', comma + 1)) {
    const std::size_t equals = text.find('=', comma);
    if (equals == text.npos) return text.size();
    const std::string name(trim_unseen(std::string_view(text).substr(comma + 1, equals - comma - 1)));
    // A misspelt axis has no comma in it, either, and looks like one.
    if (std::any_of(sweep.axes.begin(), sweep.axes.end(),
                    [&](const PlanAxis& axis) { return axis.name == name; }) ||
        name.find_first_of(", []{}'\"") == name.npos)
      return comma;
  }
  return text.size();
}

/// "connector.kind=mlp,connector.tokens=64" by axis.
std::map<std::string, std::string> parse_levels(const SweepRecord& sweep, const std::string& text) {
  std::map<std::string, std::string> levels;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t equals = text.find('=', at);
    if (equals == text.npos)
      throw Error(
          fmt::format("'{}' is no level of an axis; expected AXIS=LEVEL", printable(text.substr(at))));
    const std::string name(trim_unseen(std::string_view(text).substr(at, equals - at)));
    const PlanAxis& axis = find_axis(sweep, name);
    const std::size_t end = end_of_level(text, equals + 1, sweep);
    const std::string level(trim_unseen(std::string_view(text).substr(equals + 1, end - equals - 1)));
    std::vector<std::string> known = axis.levels;
    known.push_back("-");  // The axis does not apply.
    if (std::find(known.begin(), known.end(), level) == known.end())
      throw Error(fmt::format("axis '{}' of sweep '{}' has no level '{}'{}", axis.name, sweep.name,
                              printable(level), suggestion(level, axis.levels)));
    if (!levels.emplace(name, level).second)
      throw Error(fmt::format("'{}' has axis '{}' twice; expected it once", printable(text), name));
    at = end + 1;
  }
  return levels;
}

std::string level_of(const ChosenCell& cell, const std::string& axis) {
  for (const auto& level : cell.levels)
    if (level.first == axis) return level.second;
  return "-";
}

/// All that have the levels: one or more.
std::vector<ChosenCell> cells_with_levels(const std::vector<ChosenCell>& cells, const SweepRecord& sweep,
                                          const std::string& text) {
  std::vector<ChosenCell> fitting = cells;
  for (const auto& wanted : parse_levels(sweep, text))
    std::erase_if(fitting,
                  [&](const ChosenCell& cell) { return level_of(cell, wanted.first) != wanted.second; });
  if (fitting.empty())
    throw Error(fmt::format("sweep '{}' has no cell with '{}'; `ablate table {}` shows those that it has",
                            sweep.name, printable(text), sweep.name));
  return fitting;
}

ChosenCell choose_by_levels(const std::vector<ChosenCell>& cells, const SweepRecord& sweep,
                            const std::string& text) {
  const std::vector<ChosenCell> fitting = cells_with_levels(cells, sweep, text);
  if (fitting.size() == 1) return fitting.front();
  std::vector<std::string> numbers;
  for (const ChosenCell& cell : fitting) numbers.push_back(std::to_string(cell.number));
  constexpr std::size_t kShown = 8;
  const std::string more = numbers.size() > kShown ? ", ..." : "";
  numbers.resize(std::min(numbers.size(), kShown));
  std::vector<std::string> undecided;
  for (const PlanAxis& axis : sweep.axes)
    if (std::any_of(fitting.begin(), fitting.end(), [&](const ChosenCell& cell) {
          return level_of(cell, axis.name) != level_of(fitting.front(), axis.name);
        }))
      undecided.push_back(axis.name);
  throw Error(fmt::format("'{}' fits {} of sweep '{}': {}{}; expected one: its number, or its level of {}",
                          printable(text), count_of(std::ssize(fitting), "cell"), sweep.name,
                          join(numbers, ", "), more,
                          undecided.empty() ? "no axis" : join(undecided, " and ")));
}

}  // namespace

std::string ChosenCell::name() const {
  if (!label.empty()) return label;
  std::vector<std::string> texts;
  for (const auto& level : levels) texts.push_back(level.first + " = " + level.second);
  return texts.empty() ? "the only cell" : join(texts, ", ");
}

std::vector<ChosenCell> cells_of(const std::vector<RunRecord>& runs, const SweepRecord& sweep) {
  std::map<std::int64_t, ChosenCell> cells;
  for (const RunRecord& run : runs) {
    ChosenCell& cell = cells[run.cell];
    if (!cell.levels.empty() || !cell.label.empty()) continue;
    cell.number = run.cell;
    cell.label = run.label;
    for (const PlanAxis& axis : sweep.axes)
      if (const auto level = run.levels.find(axis.name); level != run.levels.end())
        cell.levels.emplace_back(axis.name, level->second.label);
  }
  std::vector<ChosenCell> all;
  for (auto& entry : cells) all.push_back(std::move(entry.second));
  return all;
}

std::vector<ChosenCell> cells_of(const Plan& plan) {
  std::vector<ChosenCell> all;
  for (const Cell& planned : plan.cells) {
    ChosenCell& cell = all.emplace_back(ChosenCell{std::ssize(all), planned.label, {}});
    for (std::size_t axis = 0; axis < planned.levels.size(); ++axis)
      if (planned.levels[axis] >= 0)
        cell.levels.emplace_back(plan.axes[axis].name,
                                 plan.axes[axis].levels[static_cast<std::size_t>(planned.levels[axis])]);
  }
  return all;
}

CellName name_of(const RunRecord& run) {
  CellName name{run.label, {}};
  for (const auto& level : run.levels) name.levels.emplace(level.first, level.second.label);
  return name;
}

ChosenCell choose_cell(const std::vector<ChosenCell>& cells, const SweepRecord& sweep,
                       const std::string& text) {
  std::vector<std::string> labels;
  for (const ChosenCell& cell : cells) {
    if (!text.empty() && cell.label == text) return cell;
    if (!cell.label.empty()) labels.push_back(cell.label);
  }
  if (const auto number = parse_cell_number(text)) {
    for (const ChosenCell& cell : cells)
      if (cell.number == *number) return cell;
    throw Error(fmt::format("sweep '{}' has no cell {}; expected 0 to {}", sweep.name, *number,
                            cells.empty() ? 0 : cells.back().number));
  }
  if (text.find('=') != text.npos) return choose_by_levels(cells, sweep, text);
  const auto near = nearest(text, labels);
  throw Error(fmt::format(
      "sweep '{}' has no cell '{}'; {}", sweep.name, printable(text),
      near ? "did you mean '" + *near + "'?"
           : "expected its number, its label, or levels that it alone has: AXIS=LEVEL,AXIS=LEVEL"));
}

std::vector<ChosenCell> choose_cells(const std::vector<ChosenCell>& cells, const SweepRecord& sweep,
                                     const std::string& text) {
  const bool is_label =
      std::any_of(cells.begin(), cells.end(), [&](const ChosenCell& cell) { return cell.label == text; });
  if (!is_label && text.find('=') != text.npos) return cells_with_levels(cells, sweep, text);
  return {choose_cell(cells, sweep, text)};
}

}  // namespace ablate
