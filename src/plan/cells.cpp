#include "plan/cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/sobol.hpp>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "config/names.hpp"
#include "util/random.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

struct LevelsHash {
  std::size_t operator()(const std::vector<std::int32_t>& levels) const {
    return hash128({reinterpret_cast<const char*>(levels.data()), levels.size() * sizeof(levels[0])}).low;
  }
};

/// Keeps the first of equal cells.
void remove_repeats(std::vector<std::vector<std::int32_t>>& cells) {
  std::unordered_set<std::vector<std::int32_t>, LevelsHash> seen;
  std::erase_if(cells, [&](const auto& cell) { return !seen.insert(cell).second; });
}

/// To four significant digits: a sampled rate is 0.02143, in tables and in TOML.
double round_to_4_digits(double value) { return std::stod(fmt::format("{:.4g}", value)); }

/// The point `u` in [0, 1) of a range, as a value of its key.
Value range_value(const SampleRange& range, double u) {
  Experiment defaults;
  const bool whole = std::holds_alternative<std::int64_t>(get_value(*range.field, defaults));
  if (range.scale == Scale::log) {
    const double value = std::exp(std::log(range.low) + u * (std::log(range.high) - std::log(range.low)));
    return whole ? Value(static_cast<std::int64_t>(std::llround(value)))
                 : Value(std::clamp(round_to_4_digits(value), range.low, range.high));
  }
  // Integers: each from low to high has the same share of [0, 1).
  if (whole)
    return Value(static_cast<std::int64_t>(range.low + std::floor(u * (range.high - range.low + 1))));
  return Value(
      std::clamp(round_to_4_digits(range.low + u * (range.high - range.low)), range.low, range.high));
}

/// "1 axis", "3 axes"
std::string axes_words(const Block& block) {
  return block.axes.size() == 1 ? "1 axis" : fmt::format("{} axes", block.axes.size());
}

/// Coordinates in [0, 1) of `points` points in `dimensions` dimensions.
std::vector<std::vector<double>> sample_points(const Block& block, std::size_t dimensions) {
  const auto points = static_cast<std::size_t>(block.samples);
  std::vector<std::vector<double>> result(points, std::vector<double>(dimensions));
  const RandomStream random(block.sample_seed, "sample design");
  if (block.sampler == Sampler::random) {
    for (std::size_t i = 0; i < points; ++i)
      for (std::size_t d = 0; d < dimensions; ++d) result[i][d] = random.uniform(i, d);
    return result;
  }
  // A Sobol sequence, shifted by a random vector modulo 1 so that seeds differ (Cranley and Patterson 1976).
  boost::random::sobol sequence(std::max<std::size_t>(dimensions, 1));
  constexpr double kRange = 18446744073709551616.0;  // 2^64
  for (std::size_t i = 0; i < points; ++i)
    for (std::size_t d = 0; d < std::max<std::size_t>(dimensions, 1); ++d) {
      const double u = static_cast<double>(sequence()) / kRange + (d < dimensions ? random.uniform(0, d) : 0);
      if (d < dimensions) result[i][d] = std::min(u - std::floor(u), std::nextafter(1.0, 0.0));
    }
  return result;
}

const Assignment* find_assignment(const std::vector<Assignment>& assignments, const Field& field) {
  const auto found = std::find_if(assignments.begin(), assignments.end(),
                                  [&](const Assignment& assignment) { return assignment.field == &field; });
  return found == assignments.end() ? nullptr : &*found;
}

const std::string& expression_text(const Assignment& computed) {
  return std::get<BoundExpression>(computed.value).expression.text();
}

/// Whether an experiment has all that a level sets; of a key that is still `computed`, the same expression.
bool has_values(const Experiment& experiment, const std::vector<Assignment>& computed, const Level& level) {
  return std::all_of(level.assignments.begin(), level.assignments.end(), [&](const Assignment& assignment) {
    const Value* value = std::get_if<Value>(&assignment.value);
    if (const Assignment* own = find_assignment(computed, *assignment.field))
      return !value && expression_text(*own) == expression_text(assignment);
    return value && as_held(*assignment.field, *value) == get_value(*assignment.field, experiment);
  });
}

/// The range that holds both; none where one is missing or their scales differ.
std::optional<SampleRange> common_range(const std::optional<SampleRange>& a,
                                        const std::optional<SampleRange>& b) {
  if (!a || !b || a->scale != b->scale) return std::nullopt;
  return SampleRange{std::min(a->low, b->low), std::max(a->high, b->high), a->scale, a->field};
}

}  // namespace

CellExpander::CellExpander(const Sweep& sweep) : sweep_(sweep) {}

void CellExpander::count(std::string text, std::int64_t total) {
  const std::int64_t before = account_.empty() ? 0 : account_.back().total;
  account_.push_back({std::move(text), total - before, total});
}

std::size_t CellExpander::axis_index(const Axis& axis) {
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    if (axes_[i].name != axis.name) continue;
    axes_[i].range = common_range(axes_[i].range, axis.range);
    return i;
  }
  axes_.push_back({axis.name, {}, axis.where, axis.range});
  conditions_.push_back(axis.when ? &*axis.when : nullptr);
  return axes_.size() - 1;
}

std::int32_t CellExpander::add_level(std::size_t axis, const Level* level) {
  auto& levels = axes_[axis].levels;
  for (std::size_t i = 0; i < levels.size(); ++i)
    if (levels[i]->label == level->label) return static_cast<std::int32_t>(i);
  levels.push_back(level);
  return static_cast<std::int32_t>(levels.size() - 1);
}

/// A label that no file wrote down may be that of a level in one: where both have the same values. And it has
/// to be one.
void CellExpander::refuse_label(std::size_t axis, const Level& made, const Experiment& experiment,
                                const std::vector<Assignment>& computed, const std::string& what) const {
  if (!is_level_label(made.label))
    throw CellError(label_mistake(axes_[axis].name, made.label, what), made.where);
  for (const Block& block : sweep_.blocks)
    for (const Axis& source : block.axes) {
      if (source.name != axes_[axis].name) continue;
      for (const Level& level : source.levels) {
        if (level.label != made.label) continue;
        if (level.assignments.empty() ? made.assignments.empty() : has_values(experiment, computed, level))
          continue;
        throw CellError(fmt::format("axis '{}': the level '{}' has the label of {}, which has other values; "
                                    "expected another label",
                                    source.name, level.label, what),
                        level.where);
      }
    }
}

/// The level that the experiment has as it is: one of the axis in whatever block, or a new one that sets
/// nothing.
std::int32_t CellExpander::baseline_level(std::size_t axis, const Axis& source) {
  const bool is_new = axes_[axis].levels.empty();  // Else cells of earlier blocks hold indices into it.
  for (const Level& level : source.levels) add_level(axis, &level);
  const auto is_baseline = [&](const Level& level) {
    return has_values(sweep_.experiment, sweep_.computed, level);
  };
  for (const Level* level : axes_[axis].levels)
    if (is_baseline(*level)) return add_level(axis, level);
  for (const Block& block : sweep_.blocks)
    for (const Axis& other : block.axes)
      for (const Level& level : other.levels)
        if (other.name == source.name && is_baseline(level)) return add_level(axis, &level);
  const bool one_key = !source.levels.empty() && source.levels.front().assignments.size() == 1;
  Level baseline;
  baseline.label = "baseline";
  if (one_key) {
    const Field& field = *source.levels.front().assignments.front().field;
    const Assignment* computed = find_assignment(sweep_.computed, field);
    baseline.label = computed ? expression_text(*computed) : to_text(get_value(field, sweep_.experiment));
  }
  baseline.where = source.where;
  refuse_label(axis, baseline, sweep_.experiment, sweep_.computed, "the experiment as it is");
  made_levels_.push_back(std::move(baseline));
  auto& levels = axes_[axis].levels;
  const auto inserted = levels.insert(is_new ? levels.begin() : levels.end(), &made_levels_.back());
  return static_cast<std::int32_t>(inserted - levels.begin());
}

std::vector<CellExpander::Levels> CellExpander::sample_block(const Block& block,
                                                             const std::vector<std::size_t>& indices) {
  const auto points = sample_points(block, block.axes.size());
  std::vector<Levels> cells(points.size(), Levels(axes_.size(), -1));
  Experiment point = sweep_.experiment;
  for (std::size_t a = 0; a < block.axes.size(); ++a) {
    const Axis& axis = block.axes[a];
    auto& levels = axes_[indices[a]].levels;
    const auto earlier = static_cast<std::int32_t>(levels.size());  // Those of other blocks.
    std::unordered_map<std::string, std::int32_t> by_label;
    for (std::int32_t i = 0; i < earlier; ++i)
      by_label.emplace(levels[static_cast<std::size_t>(i)]->label, i);
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (axis.range) {
        const Value value = range_value(*axis.range, points[i][a]);
        const auto [known, is_new] =
            by_label.emplace(to_text(value), static_cast<std::int32_t>(levels.size()));
        cells[i][indices[a]] = known->second;
        if (!is_new && known->second >= earlier) continue;
        Level made{known->first, {{axis.range->field, value, axis.where}}, axis.where};
        set_value(*axis.range->field, point, value);
        refuse_label(indices[a], made, point, {}, "a point of the sample");
        if (!is_new) continue;
        made_levels_.push_back(std::move(made));
        levels.push_back(&made_levels_.back());
      } else {
        const auto choice = static_cast<std::size_t>(points[i][a] * static_cast<double>(axis.levels.size()));
        cells[i][indices[a]] = add_level(indices[a], &axis.levels[choice]);
      }
    }
  }
  remove_repeats(cells);
  return cells;
}

std::vector<CellExpander::Levels> CellExpander::vary_one_at_a_time(const Block& block,
                                                                   const std::vector<std::size_t>& indices) {
  Levels baseline(axes_.size(), -1);
  for (std::size_t a = 0; a < indices.size(); ++a)
    baseline[indices[a]] = baseline_level(indices[a], block.axes[a]);
  std::vector<Levels> cells = {baseline};
  for (std::size_t a = 0; a < indices.size(); ++a) {
    for (const Level& level : block.axes[a].levels) {
      Levels changed = baseline;
      changed[indices[a]] = add_level(indices[a], &level);
      if (changed != baseline) cells.push_back(changed);
    }
  }
  count(fmt::format("the baseline and {} changes of one axis", cells.size() - 1),
        static_cast<std::int64_t>(cells.size()));
  return cells;
}

/// All combinations of the axes' choices, the last axis fastest.
std::vector<CellExpander::Levels> CellExpander::cross(const Block& block,
                                                      const std::vector<std::size_t>& indices,
                                                      const std::vector<Levels>& choices) {
  std::size_t product = 1;
  std::vector<std::string> factors;
  for (const Levels& levels : choices) {
    product = product > kMaxCells ? product : product * levels.size();
    factors.push_back(std::to_string(levels.size()));
  }
  if (product > kMaxCells)
    throw CellError(fmt::format("{} combinations of levels or more; expected at most {}",
                                with_commas(static_cast<std::int64_t>(product)), with_commas(kMaxCells)),
                    block.where);
  std::vector<Levels> cells;
  cells.reserve(product);
  for (std::size_t i = 0; i < product; ++i) {
    Levels& cell = cells.emplace_back(axes_.size(), -1);
    std::size_t rest = i;
    for (std::size_t a = indices.size(); a-- > 0; rest /= choices[a].size())
      cell[indices[a]] = choices[a][rest % choices[a].size()];
  }
  count(fmt::format("{} levels of {}", join(factors, " x "), axes_words(block)),
        static_cast<std::int64_t>(product));
  return cells;
}

std::vector<CellExpander::Levels> CellExpander::expand_block(const Block& block) {
  std::vector<std::size_t> indices;
  for (const Axis& axis : block.axes) indices.push_back(axis_index(axis));
  std::vector<Levels> cells;
  if (block.axes.empty()) {
    cells.emplace_back(axes_.size(), -1);
    count("the experiment as it is", 1);
    return cells;
  }
  if (block.design == Design::sample) {
    cells = sample_block(block, indices);
    const auto left = static_cast<std::int64_t>(cells.size());
    count(fmt::format("{} {} points over {}{}", block.samples, to_name(block.sampler), axes_words(block),
                      left == block.samples ? "" : fmt::format(", {} of them repeats", block.samples - left)),
          left);
    return cells;
  }
  if (block.design == Design::one_at_a_time) return vary_one_at_a_time(block, indices);

  std::vector<Levels> choices(indices.size());
  for (std::size_t a = 0; a < indices.size(); ++a)
    for (const Level& level : block.axes[a].levels) choices[a].push_back(add_level(indices[a], &level));
  if (block.design == Design::zip) {
    for (std::size_t i = 0; i < choices.front().size(); ++i) {
      Levels& cell = cells.emplace_back(axes_.size(), -1);
      for (std::size_t a = 0; a < indices.size(); ++a) cell[indices[a]] = choices[a][i];
    }
    count(fmt::format("{} axes in step", indices.size()), static_cast<std::int64_t>(cells.size()));
    return cells;
  }
  return cross(block, indices, choices);
}

std::vector<CellExpander::Levels> CellExpander::combine_blocks() {
  std::vector<Levels> all;
  std::vector<CountLine> lines;
  for (std::size_t b = 0; b < sweep_.blocks.size(); ++b) {
    account_.clear();
    std::vector<Levels> cells = expand_block(sweep_.blocks[b]);
    const std::string text = sweep_.blocks.size() == 1
                                 ? account_.back().text
                                 : fmt::format("block {}: {}", b + 1, account_.back().text);
    if (b == 0) {
      all = std::move(cells);
    } else if (sweep_.combine == Combine::unite) {
      std::move(cells.begin(), cells.end(), std::back_inserter(all));
    } else {
      if (all.size() * cells.size() > kMaxCells)
        throw CellError(fmt::format("{} combinations of blocks; expected at most {}",
                                    with_commas(static_cast<std::int64_t>(all.size() * cells.size())),
                                    with_commas(kMaxCells)),
                        sweep_.blocks[b].where);
      std::vector<Levels> product;
      product.reserve(all.size() * cells.size());
      for (const Levels& left : all) {
        for (const Levels& right : cells) {
          Levels& cell = product.emplace_back(right);
          for (std::size_t a = 0; a < left.size(); ++a) cell[a] = left[a] >= 0 ? left[a] : right[a];
        }
      }
      all = std::move(product);
    }
    if (sweep_.combine == Combine::unite) block_ends_.push_back(all.size());
    const std::int64_t before = lines.empty() ? 0 : lines.back().total;
    lines.push_back(
        {text, static_cast<std::int64_t>(all.size()) - before, static_cast<std::int64_t>(all.size())});
  }
  account_ = std::move(lines);
  for (Levels& cell : all) cell.resize(axes_.size(), -1);
  return all;
}

std::vector<Assignment> CellExpander::as_it_is(std::size_t axis) const {
  std::vector<Assignment> own;
  for (const Level* level : axes_[axis].levels)
    for (const Assignment& assignment : level->assignments) {
      const Field& field = *assignment.field;
      if (find_assignment(own, field)) continue;
      const Assignment* computed = find_assignment(sweep_.computed, field);
      own.push_back(computed ? *computed : Assignment{&field, get_value(field, sweep_.experiment), {}});
    }
  return own;
}

/// Resolves a cell of one block. On the axes of the other blocks it has the levels that its values are.
void CellExpander::resolve_in_sweep(Levels& levels) {
  const Levels own = levels;
  resolve(levels, nullptr);
  if (block_ends_.size() < 2) return;
  for (std::size_t a = 0; a < axes_.size(); ++a)
    if (own[a] < 0) levels[a] = level_of_cell(a);
}

void CellExpander::expand(const std::function<void(const Cell&, const Experiment&)>& visit) {
  std::vector<Levels> all = combine_blocks();
  for (std::size_t a = 0; a < axes_.size(); ++a) as_it_is_.push_back(as_it_is(a));
  std::unordered_map<Levels, std::size_t, LevelsHash> block_of;  // The first that has the cell.
  const bool folds =
      std::any_of(conditions_.begin(), conditions_.end(), [](auto* when) { return when != nullptr; });
  const bool unites = block_ends_.size() > 1;
  std::vector<std::int64_t> excluded(sweep_.excludes.size(), 0);
  std::int64_t shared = 0, folded = 0;
  for (std::size_t cell = 0, block = 0; cell < all.size(); ++cell) {
    while (unites && cell >= block_ends_[block]) ++block;
    Levels& levels = all[cell];
    try {
      resolve_in_sweep(levels);
    } catch (const CellError&) {
      if (in_cell_.empty()) throw;
      add_conflicts({levels, ""});  // What went wrong may only follow from them.
      continue;
    }
    if (folds || unites) {
      const auto [first, is_new] = block_of.try_emplace(levels, block);
      if (!is_new) {
        ++(folds && first->second == block ? folded : shared);
        continue;
      }
    }
    std::size_t rule = 0;
    while (rule < excluded.size() && !holds(sweep_.excludes[rule].when)) ++rule;
    if (rule < excluded.size()) {
      ++excluded[rule];
    } else if (!in_cell_.empty()) {
      add_conflicts({levels, ""});
    } else {
      visit(Cell{levels, ""}, scratch_);
    }
  }
  if (shared > 0) count("cells that an earlier block has too", account_.back().total - shared);
  if (folds) count("cells that differ only on axes that do not apply", account_.back().total - folded);
  for (std::size_t i = 0; i < excluded.size(); ++i)
    count(fmt::format("exclude '{}'", sweep_.excludes[i].name), account_.back().total - excluded[i]);
  for (const IncludeCell& include : sweep_.includes) {
    Levels levels(axes_.size(), -1);
    resolve(levels, &include.assignments);
    for (std::size_t a = 0; a < axes_.size(); ++a) levels[a] = level_of_include(a);
    count(fmt::format("include '{}'", include.label), account_.back().total + 1);
    visit(Cell{levels, include.label}, scratch_);
  }
}

/// The level that scratch_ has on an axis, made where the axis varies one key and has no such level.
std::int32_t CellExpander::level_of_include(std::size_t axis) {
  const std::int32_t found = level_of_cell(axis);
  const auto& levels = axes_[axis].levels;
  const auto written =  // A baseline that was made sets nothing.
      std::find_if(levels.begin(), levels.end(),
                   [](const Level* level) { return !level->assignments.empty(); });
  if (found >= 0 || !applies(axis) || written == levels.end() || (*written)->assignments.size() != 1)
    return found;
  const Field& field = *(*written)->assignments.front().field;
  const Value value = get_value(field, scratch_);
  made_levels_.push_back({to_text(value), {{&field, value, axes_[axis].where}}, axes_[axis].where});
  refuse_label(axis, made_levels_.back(), scratch_, {}, "an [[include]] cell");
  return add_level(axis, &made_levels_.back());
}

std::string CellExpander::describe(const Cell& cell) const {
  std::vector<std::string> parts;
  if (!cell.label.empty()) parts.push_back(fmt::format("'{}'", cell.label));
  for (std::size_t a = 0; a < axes_.size(); ++a)
    if (a < cell.levels.size() && cell.levels[a] >= 0)
      parts.push_back(fmt::format("{} = {}", axes_[a].name,
                                  axes_[a].levels[static_cast<std::size_t>(cell.levels[a])]->label));
  return parts.empty() ? "the experiment as it is" : join(parts, ", ");
}

}  // namespace ablate
