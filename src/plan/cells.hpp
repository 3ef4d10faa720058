// A sweep's axes become cells: designs, conditional axes, rules, extra cells; each with its resolved
// experiment.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/sweep.hpp"
#include "plan/plan.hpp"

namespace ablate {

/// A cell could not be resolved: a computed value is out of range, an expression divides by zero. Carries the
/// place.
struct CellError : Error {
  CellError(const std::string& message, const Location& place) : Error(message), where(place) {}
  Location where;
};

/// An axis of the whole sweep; blocks of a union that vary the same axis share it.
struct SweepAxis {
  std::string name;
  std::vector<const Level*> levels;
  Location where;
  std::optional<SampleRange> range = {};  ///< As in PlanAxis.
};

/// A value as an experiment holds it: an integer may stand for a number. Throws Error for none of the key.
Value as_held(const Field& field, const Value& value);

/// Expands a sweep once.
class CellExpander {
 public:
  explicit CellExpander(const Sweep& sweep);

  /// Calls `visit` for each cell that is left, in order, with its resolved experiment. Cells in which two
  /// axes give one key two values have no true labels: they are left out, and conflicts() names them. Throws
  /// Error when there are more combinations than kMaxCells, CellError when one cannot be resolved.
  void expand(const std::function<void(const Cell&, const Experiment&)>& visit);

  /// One for each two axes and key; complete after expand().
  std::vector<Diagnostic> conflicts() const;

  const std::vector<SweepAxis>& axes() const { return axes_; }
  /// How the number of cells came about; complete after expand().
  const std::vector<CountLine>& account() const { return account_; }
  /// "connector.kind = mlp, connector.tokens = 64"
  std::string describe(const Cell& cell) const;

 private:
  using Levels = std::vector<std::int32_t>;

  std::size_t axis_index(const Axis& axis);
  std::int32_t add_level(std::size_t axis, const Level* level);
  std::int32_t baseline_level(std::size_t axis, const Axis& source);
  /// Throws CellError where a level of a file has the label of one that was made, for an experiment, and
  /// other values.
  void refuse_label(std::size_t axis, const Level& made, const Experiment& experiment,
                    const std::vector<Assignment>& computed, const std::string& what) const;
  /// Whether the cell that is resolved has all that is assigned, written down or computed from its values.
  bool has(const std::vector<Assignment>& assignments);
  /// Of an axis that the cell does not vary; not where its condition has no result: 1 / 0.
  bool applies(std::size_t axis);
  /// The level whose values the cell that is resolved has; -1: none, or the axis does not apply.
  std::int32_t level_of_cell(std::size_t axis);
  /// What the experiment as it is has of the keys of an axis.
  std::vector<Assignment> as_it_is(std::size_t axis) const;
  std::int32_t level_of_include(std::size_t axis);
  std::vector<Levels> expand_block(const Block& block);
  std::vector<Levels> sample_block(const Block& block, const std::vector<std::size_t>& indices);
  std::vector<Levels> vary_one_at_a_time(const Block& block, const std::vector<std::size_t>& indices);
  std::vector<Levels> cross(const Block& block, const std::vector<std::size_t>& indices,
                            const std::vector<Levels>& choices);
  std::vector<Levels> combine_blocks();
  /// Fills scratch_ from the cell's levels; an axis whose condition does not hold is set to -1.
  /// The order of the axes and of the keys of a level does not matter: a preset leaves the keys that are set
  /// beside it, and a condition is evaluated when all that it depends on is known.
  void resolve(Levels& levels, const std::vector<Assignment>* extra);
  void resolve_in_sweep(Levels& levels);
  /// The assignments belong to a level of axis number `axis`, or to none (-1).
  void assign(const std::vector<Assignment>& assignments, std::int32_t axis);
  void set(const Assignment& assignment, std::int32_t axis);
  /// Writes a value into scratch_; of a preset all keys but those that are set beside it.
  void store(const Field& field, const Value& value);
  void settle(const Field& field);
  void decide(std::size_t axis, const Field* key);
  [[noreturn]] void refuse_circle(std::size_t axis, const Field& key) const;
  const Level& level_of(std::size_t axis) const {
    return *axes_[axis].levels[static_cast<std::size_t>((*levels_)[axis])];
  }
  void add_conflicts(const Cell& cell);
  const Value& value_of(const Field& field);
  Value compute(const Field& field, const BoundExpression& bound);
  Operand operand_of(const Field& field);
  bool holds(const BoundExpression& condition);
  void count(std::string text, std::int64_t total);

  const Sweep& sweep_;
  std::vector<SweepAxis> axes_;
  std::vector<const BoundExpression*> conditions_;  ///< Of each axis; null: always applies.
  std::deque<Level> made_levels_;  ///< Sample points and baselines: levels that no file wrote down.
  std::vector<CountLine> account_;
  std::vector<std::size_t> block_ends_;            ///< Of the cells of a union's blocks; empty for a product.
  std::vector<std::vector<Assignment>> as_it_is_;  ///< For each axis.

  /// Two axes that set one key in a cell, the one whose value is in force last.
  struct Conflict {
    std::int32_t first, second;
    const Field* field;
    Location first_at, second_at;
    std::int64_t cells = 0;
    std::string example;
  };
  std::vector<Conflict> in_cell_, found_;

  enum class AxisState : char { decided, undecided, deciding };
  Levels* levels_ = nullptr;       ///< Of the cell that is being resolved.
  std::vector<AxisState> states_;  ///< Whether each conditional axis applies to it.
  std::size_t num_undecided_ = 0;
  /// The axes that are being decided, each because of a key that the condition of the one before depends on.
  std::vector<std::pair<std::size_t, const Field*>> deciding_;

  Experiment scratch_;
  std::vector<char> beside_preset_;  ///< As in Sweep, with the keys that levels set.
  std::vector<std::int32_t> owner_;  ///< The axis that set a key of scratch_, by Field::index; -1: none.
  std::vector<Location> set_at_;     ///< Where.
  std::vector<const Assignment*>
      pending_;  ///< Computed values of scratch_ still to be evaluated, by Field::index.
  std::vector<char> evaluating_;
  Value value_;
};

/// Most combinations of levels that are looked at.
constexpr std::size_t kMaxCells = 5'000'000;

}  // namespace ablate
