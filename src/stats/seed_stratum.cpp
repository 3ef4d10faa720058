#include "stats/seed_stratum.hpp"

#include <algorithm>

namespace ablate {

SeedStratum seed_stratum(const CodedRuns& runs, std::vector<Term> terms, std::size_t seed, const Term& term) {
  for (Term margin : terms_up_to(term, term.size())) {
    margin.push_back(seed);
    if (std::find(terms.begin(), terms.end(), margin) == terms.end()) terms.push_back(std::move(margin));
  }
  Term with_seed = term;
  with_seed.push_back(seed);
  SeedStratum found;
  constexpr std::size_t kLargest = 400;
  if (parameter_count(runs, terms) > kLargest) return found;
  const LinearModel model(runs, terms);
  const TermSquares squares = model.type2(with_seed);
  found.df = static_cast<double>(squares.df);
  if (squares.df == 0 || model.is_rounding(squares.ss)) return found;
  found.ms = squares.ss / found.df;
  found.test = f_test(squares.ss, found.df, model.error_ms(), static_cast<double>(model.error_df()));
  return found;
}

}  // namespace ablate
