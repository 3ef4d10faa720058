// The values of one cell: the experiment, the levels of its axes, and what is computed from them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plan/cells.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

/// The preset that a key can come from; null: none.
const Field* preset_of(const Field& field) {
  static const std::vector<const Field*> kPresets = [] {
    std::vector<const Field*> presets(fields().size(), nullptr);
    for (const Field& preset : fields())
      for (const Field* key : preset_keys(preset)) presets[key->index] = &preset;
    return presets;
  }();
  return kPresets[field.index];
}

bool sets(const Level& level, const Field& key) {
  return std::any_of(level.assignments.begin(), level.assignments.end(),
                     [&](const Assignment& assignment) { return assignment.field == &key; });
}

}  // namespace

Value as_held(const Field& field, const Value& value) {
  thread_local Experiment trial;
  set_value(field, trial, value);
  return get_value(field, trial);
}

void CellExpander::set(const Assignment& assignment, std::int32_t axis) {
  const Field& field = *assignment.field;
  const bool meets = axis >= 0 && owner_[field.index] >= 0 && owner_[field.index] != axis;
  const bool was_computed = pending_[field.index] != nullptr;
  const Value before = meets ? get_value(field, scratch_) : Value();
  const Value* value = std::get_if<Value>(&assignment.value);
  pending_[field.index] = value ? nullptr : &assignment;
  if (value) store(field, *value);
  // The same value twice leaves both labels true.
  if (meets && (was_computed || !value || before != get_value(field, scratch_)))
    in_cell_.push_back({owner_[field.index], axis, &field, set_at_[field.index], assignment.where, 0, ""});
  owner_[field.index] = axis;
  set_at_[field.index] = assignment.where;
  beside_preset_[field.index] = 1;
}

void CellExpander::store(const Field& field, const Value& value) {
  std::vector<std::pair<const Field*, Value>> kept;
  for (const Field* key : preset_keys(field)) {
    if (beside_preset_[key->index])
      kept.emplace_back(key, get_value(*key, scratch_));
    else if (sets_shape(value))
      pending_[key->index] = nullptr;  // Computed for the shape that the preset replaces.
  }
  set_value(field, scratch_, value);
  for (const auto& [key, own] : kept) set_value(*key, scratch_, own);
}

void CellExpander::assign(const std::vector<Assignment>& assignments, std::int32_t axis) {
  for (const Assignment& assignment : assignments) set(assignment, axis);
}

Value CellExpander::compute(const Field& field, const BoundExpression& bound) {
  const Operand result = bound.expression.evaluate([&](std::size_t i) { return operand_of(*bound.keys[i]); });
  if (const bool* truth = std::get_if<bool>(&result)) return *truth;
  const double* number = std::get_if<double>(&result);
  if (!number) return std::get<std::string>(result);
  const bool whole = std::holds_alternative<std::int64_t>(get_value(field, scratch_));
  if (!whole) return *number;
  if (*number != std::floor(*number) || std::abs(*number) > 9e15)
    throw Error(fmt::format("'{}' is computed as {}; expected an integer", field.key, shortest(*number)));
  return static_cast<std::int64_t>(*number);
}

const Value& CellExpander::value_of(const Field& field) {
  settle(field);
  if (const Assignment* computed = pending_[field.index]) {
    const auto& bound = std::get<BoundExpression>(computed->value);
    if (evaluating_[field.index])
      throw CellError(fmt::format("'{}' is computed from itself: {}", field.key, bound.expression.text()),
                      computed->where);
    evaluating_[field.index] = 1;
    try {
      store(field, compute(field, bound));
    } catch (const CellError&) {
      throw;
    } catch (const Error& error) {
      throw CellError(error.what(), computed->where);
    }
    evaluating_[field.index] = 0;
    pending_[field.index] = nullptr;
  }
  value_ = get_value(field, scratch_);
  return value_;
}

Operand CellExpander::operand_of(const Field& field) {
  const Value& value = value_of(field);
  if (const auto* truth = std::get_if<bool>(&value)) return *truth;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return to_text(value);  // Lists are compared as they are written: '[45, 45, 10]'.
}

/// Whether a condition holds for scratch_.
bool CellExpander::holds(const BoundExpression& condition) {
  try {
    return condition.expression.holds([&](std::size_t i) { return operand_of(*condition.keys[i]); });
  } catch (const ExpressionError& error) {
    Location where = condition.where;  // Of the opening quote.
    where.column += 1 + static_cast<std::uint32_t>(error.position);
    throw CellError(error.what(), where);
  }
}

/// Decides on the axes that can still change a key, and evaluates a preset that it comes from.
void CellExpander::settle(const Field& field) {
  const auto decide_where_set = [&](const Field& key) {
    for (std::size_t a = 0; a < axes_.size() && num_undecided_ > 0; ++a)
      if (states_[a] != AxisState::decided && sets(level_of(a), key)) decide(a, &field);
  };
  decide_where_set(field);
  const Field* preset = preset_of(field);
  if (!preset || beside_preset_[field.index]) return;
  decide_where_set(*preset);
  if (pending_[preset->index]) value_of(*preset);
}

/// Whether a conditional axis applies to the cell; if it does, its level sets its keys. `key`: on
/// whose account, null when on none.
void CellExpander::decide(std::size_t axis, const Field* key) {
  if (states_[axis] == AxisState::deciding) refuse_circle(axis, *key);
  states_[axis] = AxisState::deciding;
  deciding_.emplace_back(axis, key);
  const bool applies = holds(*conditions_[axis]);
  deciding_.pop_back();
  states_[axis] = AxisState::decided;
  --num_undecided_;
  if (applies)
    assign(level_of(axis).assignments, static_cast<std::int32_t>(axis));
  else
    (*levels_)[axis] = -1;
}

void CellExpander::refuse_circle(std::size_t axis, const Field& key) const {
  auto link =
      std::find_if(deciding_.begin(), deciding_.end(), [&](const auto& at) { return at.first == axis; });
  std::vector<std::string> links;
  for (; link != deciding_.end(); ++link) {
    const auto next = link + 1 == deciding_.end() ? std::pair(axis, &key) : *(link + 1);
    const Location& where = conditions_[link->first]->where;
    links.push_back(fmt::format("the 'when' of axis '{}' ({}:{}) depends on {}, which axis '{}' sets",
                                axes_[link->first].name, sweep_.sources->at(where.source).name, where.line,
                                next.second->key, axes_[next.first].name));
  }
  throw CellError(fmt::format("{}; expected a condition on keys that the axis itself does not change",
                              join(links, ", and ")),
                  conditions_[axis]->where);
}

void CellExpander::resolve(Levels& levels, const std::vector<Assignment>* extra) {
  scratch_ = sweep_.experiment;
  pending_.assign(fields().size(), nullptr);
  evaluating_.assign(fields().size(), 0);
  owner_.assign(fields().size(), -1);
  set_at_.resize(fields().size());
  beside_preset_ = sweep_.beside_preset;
  in_cell_.clear();
  levels_ = &levels;
  states_.assign(axes_.size(), AxisState::decided);
  deciding_.clear();
  num_undecided_ = 0;
  for (const Assignment& assignment : sweep_.computed) pending_[assignment.field->index] = &assignment;
  if (extra) assign(*extra, -1);
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    if (levels[a] < 0) continue;
    if (!conditions_[a]) {
      assign(level_of(a).assignments, static_cast<std::int32_t>(a));
    } else {
      states_[a] = AxisState::undecided;
      ++num_undecided_;
    }
  }
  for (std::size_t a = 0; a < axes_.size(); ++a)
    if (states_[a] == AxisState::undecided) decide(a, nullptr);
  for (const Field& field : fields())
    if (pending_[field.index]) value_of(field);
}

bool CellExpander::has(const std::vector<Assignment>& assignments) {
  return std::all_of(assignments.begin(), assignments.end(), [&](const Assignment& assignment) {
    const Field& field = *assignment.field;
    const auto* bound = std::get_if<BoundExpression>(&assignment.value);
    try {
      return get_value(field, scratch_) ==
             as_held(field, bound ? compute(field, *bound) : std::get<Value>(assignment.value));
    } catch (const Error&) {
      return false;  // Without a value in this cell: 1 / 0.
    }
  });
}

bool CellExpander::applies(std::size_t axis) {
  try {
    return !conditions_[axis] || holds(*conditions_[axis]);
  } catch (const CellError&) {
    return false;
  }
}

std::int32_t CellExpander::level_of_cell(std::size_t axis) {
  if (!applies(axis)) return -1;
  const auto& levels = axes_[axis].levels;
  const auto found = std::find_if(levels.begin(), levels.end(), [&](const Level* level) {
    return has(level->assignments.empty() ? as_it_is_[axis] : level->assignments);
  });
  return found == levels.end() ? -1 : static_cast<std::int32_t>(found - levels.begin());
}

void CellExpander::add_conflicts(const Cell& cell) {
  for (Conflict& conflict : in_cell_) {
    auto known = std::find_if(found_.begin(), found_.end(), [&](const Conflict& other) {
      return other.first == conflict.first && other.second == conflict.second &&
             other.field == conflict.field;
    });
    if (known == found_.end()) {
      conflict.example = describe(cell);
      known = found_.insert(found_.end(), std::move(conflict));
    }
    ++known->cells;
  }
}

std::vector<Diagnostic> CellExpander::conflicts() const {
  std::vector<Diagnostic> diagnostics;
  for (const Conflict& conflict : found_) {
    const std::string& first = axes_[static_cast<std::size_t>(conflict.first)].name;
    const std::string& second = axes_[static_cast<std::size_t>(conflict.second)].name;
    diagnostics.push_back(
        {conflict.second_at,
         fmt::format("axes '{}' ({}:{}) and '{}' both set {} in {} cell{}, first: {}; expected one axis for "
                     "a key, or "
                     "'when' conditions that exclude one another",
                     first, sweep_.sources->at(conflict.first_at.source).name, conflict.first_at.line, second,
                     conflict.field->key, with_commas(conflict.cells), conflict.cells == 1 ? "" : "s",
                     conflict.example)});
  }
  return diagnostics;
}

}  // namespace ablate
