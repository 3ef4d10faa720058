#include "views/test_json.hpp"

#include "views/law_report.hpp"

namespace ablate {

Json p_json(const std::optional<double>& p) { return p ? Json(*p) : Json(); }

Json limits_json(const Limits& limits) {
  return {{"low", number_json(limits.low)}, {"high", number_json(limits.high)}};
}

Json test_json(const TTest& test) {
  return {{"estimate", number_json(test.estimate)},
          {"se", number_json(test.se)},
          {"df", number_json(test.df)},
          {"t", number_json(test.t)},
          {"low", number_json(test.low)},
          {"high", number_json(test.high)},
          {"p", p_json(test.p)}};
}

Json f_json(const FTest& test) {
  return {{"f", number_json(test.f)}, {"df1", test.df1}, {"df2", test.df2}, {"p", p_json(test.p)}};
}

}  // namespace ablate
