// Which of two factors of a sweep matters more, with the errors that their contrasts have.
#pragma once

#include <cstddef>
#include <optional>

#include "stats/contrasts.hpp"

namespace ablate {

/// How probable it is that the level means of factor `a` vary more than those of `b`: order_probabilities()
/// of a least-squares model of the order of the first one's contrasts. Where contrasts have strata, the error
/// is the largest of the model's and of what either factor x seed amounts to: with errors of their own, draws
/// would give the noisier factor more noise, and let it win by that. Within kLeastProbability of 0 and 1 at
/// most. None without an error, or where no run has both.
std::optional<double> probability_of_order(const Designs& designs, const Contrasts& contrasts, std::size_t a,
                                           std::size_t b);

}  // namespace ablate
