// The values of one cell: the experiment, the levels of its axes, and what is computed from them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plan/cells.hpp"
#include "util/text.hpp"

namespace ablate {

void CellExpander::set(const Assignment& assignment, std::int32_t axis) {
  const Field& field = *assignment.field;
  // Keys that another axis has set; of a preset also those that it would set again: beside one they win.
  std::vector<std::pair<const Field*, Value>> overlap;
  const auto note = [&](const Field& key) {
    if (axis >= 0 && owner_[key.index] >= 0 && owner_[key.index] != axis)
      overlap.emplace_back(&key, get_value(key, scratch_));
  };
  note(field);
  for (const Field* of_preset : preset_keys(field)) note(*of_preset);
  const bool was_computed = pending_[field.index] != nullptr;
  const Value* value = std::get_if<Value>(&assignment.value);
  pending_[field.index] = value ? nullptr : &assignment;
  if (value) set_value(field, scratch_, *value);
  for (const auto& [key, before] : overlap) {
    const bool computed = key == &field ? was_computed || !value : pending_[key->index] != nullptr;
    // The same value twice leaves both labels true.
    if (computed || before != get_value(*key, scratch_))
      in_cell_.push_back({owner_[key->index], axis, key, set_at_[key->index], assignment.where, 0, ""});
  }
  owner_[field.index] = axis;
  set_at_[field.index] = assignment.where;
}

void CellExpander::assign(const std::vector<Assignment>& assignments, bool presets, std::int32_t axis) {
  for (const Assignment& assignment : assignments)
    if (assignment.field->is_preset() == presets) set(assignment, axis);
}

const Value& CellExpander::value_of(const Field& field) {
  if (const Assignment* computed = pending_[field.index]) {
    const auto& bound = std::get<BoundExpression>(computed->value);
    if (evaluating_[field.index])
      throw CellError(fmt::format("'{}' is computed from itself: {}", field.key, bound.expression.text()),
                      computed->where);
    evaluating_[field.index] = 1;
    Operand result;
    try {
      result = bound.expression.evaluate([&](std::size_t i) { return operand_of(*bound.keys[i]); });
      Value value;
      if (const double* number = std::get_if<double>(&result)) {
        const bool whole = std::holds_alternative<std::int64_t>(get_value(field, scratch_));
        if (whole && (*number != std::floor(*number) || std::abs(*number) > 9e15))
          throw Error(
              fmt::format("'{}' is computed as {}; expected an integer", field.key, shortest(*number)));
        value = whole ? Value(static_cast<std::int64_t>(*number)) : Value(*number);
      } else if (const bool* truth = std::get_if<bool>(&result)) {
        value = *truth;
      } else {
        value = std::get<std::string>(result);
      }
      set_value(field, scratch_, value);
    } catch (const CellError&) {
      evaluating_[field.index] = 0;
      throw;
    } catch (const Error& error) {
      evaluating_[field.index] = 0;
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

void CellExpander::resolve(Levels& levels, const std::vector<Assignment>* extra) {
  scratch_ = sweep_.experiment;
  pending_.assign(fields().size(), nullptr);
  evaluating_.assign(fields().size(), 0);
  owner_.assign(fields().size(), -1);
  set_at_.resize(fields().size());
  in_cell_.clear();
  for (const Assignment& assignment : sweep_.computed) pending_[assignment.field->index] = &assignment;
  const auto assign_axis = [&](std::size_t a, bool presets) {
    assign(axes_[a].levels[static_cast<std::size_t>(levels[a])]->assignments, presets,
           static_cast<std::int32_t>(a));
  };
  // The order of the axes does not matter: presets of all of them first.
  for (const bool presets : {true, false})
    for (std::size_t a = 0; a < axes_.size(); ++a)
      if (!conditions_[a] && levels[a] >= 0) assign_axis(a, presets);
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    if (!conditions_[a] || levels[a] < 0) continue;
    if (!holds(*conditions_[a])) {
      levels[a] = -1;
      continue;
    }
    for (const bool presets : {true, false}) assign_axis(a, presets);
  }
  if (extra)
    for (const bool presets : {true, false}) assign(*extra, presets, -1);
  for (const Field& field : fields())
    if (pending_[field.index]) value_of(field);
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
