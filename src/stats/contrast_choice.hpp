// Which estimator a design calls for, and why.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "stats/contrasts.hpp"
#include "stats/design.hpp"

namespace ablate {

struct Choice {
  Estimator estimator = Estimator::model;
  std::size_t order = 1;           ///< Of interactions in a least-squares model.
  std::vector<std::string> notes;  ///< Why, in sentences.
};

/// `options.estimator` where it is given: throws Error where the design does not allow it. Else:
/// seeds shared by cells: three or more in every cell strata; two, or one factor alone, blocks; holes blocks
/// with the interactions that can be estimated. No shared seeds: model, or Welch for one factor of unlike
/// spread (Levene p < 0.05). One run a cell: the highest interactions as error, Lenth's where those leave
/// fewer than three degrees of freedom and all factors have two levels; main effects alone where cells are
/// missing.
Choice choose_estimator(const UnitTable& design, const ContrastOptions& options, bool one_at_a_time);

}  // namespace ablate
