#include <algorithm>
#include <cmath>
#include <numeric>

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

/// Of a crossed design: means of each cell of two columns under each seed, over equally weighted settings of
/// the others, freed of what seed, either column and any two of the three explain: what is left is
/// interaction x seed. Else by least squares.
FTest test_by_seed(const UnitTable& design, std::size_t order, const Term& term, const TermSquares& squares) {
  constexpr std::size_t kSeedsForError = 3;
  if (design.block.empty() || !design.blocks_are_seeds || design.seeds < kSeedsForError) return {};
  if (!design.crossed) {
    std::vector<std::size_t> columns(design.treatment_columns());
    std::iota(columns.begin(), columns.end(), std::size_t{0});
    std::vector<Term> terms = terms_up_to(columns, order);
    terms.push_back({columns.size()});
    const SeedStratum stratum = seed_stratum(design.with_block(), terms, columns.size(), term);
    return f_test(squares.ss, static_cast<double>(squares.df), stratum.ms, stratum.df);
  }
  const std::size_t wide[3] = {design.seeds, design.units.sizes[term[0]], design.units.sizes[term[1]]};
  const std::size_t combinations = wide[0] * wide[1] * wide[2];
  const double per_mean =
      static_cast<double>(design.units.runs()) / static_cast<double>(combinations);  // Equal: crossed.
  std::vector<double> left(combinations, 0);
  const auto place = [&](std::size_t s, std::size_t i, std::size_t j) {
    return (s * wide[1] + i) * wide[2] + j;
  };
  for (std::size_t unit = 0; unit < design.units.runs(); ++unit)
    left[place(static_cast<std::size_t>(design.seed[unit]),
               static_cast<std::size_t>(design.units.level(unit, term[0])),
               static_cast<std::size_t>(design.units.level(unit, term[1])))] +=
        design.units.y[unit] / per_mean;
  const double scale = scale_of(left);
  // Sweeping out the means along each of the three in turn leaves the highest interaction alone.
  for (int axis = 0; axis < 3; ++axis) {
    const std::size_t step = axis == 0 ? wide[1] * wide[2] : axis == 1 ? wide[2] : 1;
    for (std::size_t first = 0; first < combinations; ++first) {
      if (first / step % wide[axis] != 0) continue;
      double mean = 0;
      for (std::size_t k = 0; k < wide[axis]; ++k)
        mean += left[first + k * step] / static_cast<double>(wide[axis]);
      for (std::size_t k = 0; k < wide[axis]; ++k) left[first + k * step] -= mean;
    }
  }
  double ss = 0;
  for (const double one : left) ss += one * one;
  const double df = static_cast<double>(squares.df) * static_cast<double>(design.seeds - 1);
  const bool spread = ss > static_cast<double>(combinations) * std::pow(1e-10 * scale, 2);
  return f_test(squares.ss, static_cast<double>(squares.df), spread ? per_mean * ss / df : 0, df);
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
      interaction.by_seed = test_by_seed(*design, order, term, squares);
      found.push_back(interaction);
    }
  return found;
}

}  // namespace ablate
