// Which waiting jobs can never start.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "store/states.hpp"

namespace ablate {

/// For each job the one (an index) that it is blocked by: the job without a result that it depends on,
/// directly or through other waiting jobs; the last of its parents' decides. Nothing for a job that is not
/// waiting or can still start. `state_of(i)` is a JobState; `parents_of(i)` are indices of jobs, and parents
/// stand before their children.
template <typename StateOf, typename ParentsOf>
std::vector<std::optional<std::size_t>> find_blockers(std::size_t num_jobs, const StateOf& state_of,
                                                      const ParentsOf& parents_of) {
  std::vector<std::optional<std::size_t>> blockers(num_jobs);
  for (std::size_t job = 0; job < num_jobs; ++job) {
    if (state_of(job) != JobState::waiting) continue;
    for (const std::size_t parent : parents_of(job)) {
      if (is_given_up(state_of(parent))) blockers[job] = parent;
      if (blockers[parent]) blockers[job] = blockers[parent];
    }
  }
  return blockers;
}

/// The index of the row with that id; rows rise by id.
template <typename Row>
std::optional<std::size_t> find_row(const std::vector<Row>& rows, std::int64_t id) {
  const auto found = std::lower_bound(rows.begin(), rows.end(), id,
                                      [](const Row& row, std::int64_t wanted) { return row.id < wanted; });
  if (found == rows.end() || found->id != id) return std::nullopt;
  return static_cast<std::size_t>(found - rows.begin());
}

/// The indices of a row's parents; one that is not among the rows is left out.
template <typename Row>
std::vector<std::size_t> parent_indices(const std::vector<Row>& rows, const Row& row) {
  std::vector<std::size_t> indices;
  for (const std::int64_t id : row.parents)
    if (const auto parent = find_row(rows, id)) indices.push_back(*parent);
  return indices;
}

/// The same for rows of jobs that rise by id and have `id`, `state` and `parents` (ids).
template <typename Row>
std::vector<std::optional<std::size_t>> find_blockers(const std::vector<Row>& rows) {
  return find_blockers(
      rows.size(), [&](std::size_t i) { return rows[i].state; },
      [&](std::size_t i) { return parent_indices(rows, rows[i]); });
}

}  // namespace ablate
