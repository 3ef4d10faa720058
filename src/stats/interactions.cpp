#include <algorithm>
#include <cmath>

#include "stats/contrasts.hpp"
#include "stats/estimators.hpp"

namespace ablate {

namespace {

/// Of the model by which interactions are tested: above two factors only where every cell has every seed.
std::size_t order_of(const UnitTable& design) {
  const std::size_t columns = design.treatment_columns();
  const bool seeds_crossed = design.crossed && design.blocks_are_seeds;
  const bool full = seeds_crossed || (design.block.empty() && design.replicated);
  return std::max<std::size_t>(
      2, full ? estimable_order(design, true, true) : std::min<std::size_t>(columns, 2));
}

}  // namespace

std::vector<Interaction> interactions_of(const Designs& designs) {
  const Observations& sweep = designs.sweep();
  std::vector<Interaction> found;
  for (std::size_t a = 0; a < sweep.factors.size(); ++a)
    for (std::size_t b = a + 1; b < sweep.factors.size(); ++b) {
      if (sweep.factors[a].continuous() || sweep.factors[b].continuous()) continue;
      const std::shared_ptr<const UnitTable> design = designs.of({a, b});
      if (!design || design->focus_columns[0] == design->focus_columns[1]) continue;
      Term term = design->focus_columns;
      std::sort(term.begin(), term.end());
      if (design->units.sizes[term[0]] < 2 || design->units.sizes[term[1]] < 2) continue;
      const std::size_t order = order_of(*design);
      if (is_too_large(*design, order, true)) continue;
      const std::shared_ptr<const CellFit> fit = CellFit::of(*design, order, true);
      const TermSquares squares = fit->squares(term);
      Interaction interaction{.a = a, .b = b, .ss = squares.ss};
      interaction.test =
          f_test(squares.ss, static_cast<double>(squares.df), fit->error_ms(), fit->error_df());
      found.push_back(interaction);
    }
  return found;
}

}  // namespace ablate
