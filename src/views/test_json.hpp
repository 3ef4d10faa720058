// Tests and intervals as JSON has them: null where there is none.
#pragma once

#include <optional>

#include "stats/noncentral.hpp"
#include "stats/significance.hpp"
#include "util/json.hpp"

namespace ablate {

Json p_json(const std::optional<double>& p);
Json limits_json(const Limits& limits);
Json test_json(const TTest& test);
Json f_json(const FTest& test);

}  // namespace ablate
