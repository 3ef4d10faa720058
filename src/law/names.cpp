#include "law/names.hpp"

#include <fmt/format.h>

#include <cmath>

#include "util/text.hpp"

namespace ablate {

template <>
std::span<const Named<FindingKind>> names_of<FindingKind>() {
  using enum FindingKind;
  static constexpr Named<FindingKind> table[] = {
      {"no-runs", no_runs},
      {"losses-fall-to-zero", losses_fall_to_zero},
      {"one-sided-rates", one_sided_rates},
      {"no-scan-with-rates", no_scan_with_rates},
      {"flat-scan", flat_scan},
      {"unlike-units", unlike_units},
      {"mixed-schedules", mixed_schedules},
      {"mixed-weight-decay", mixed_weight_decay},
      {"mixed-batches", mixed_batches},
      {"unknown-tokens", unknown_tokens},
      {"diverged-runs", diverged_runs},
      {"high-losses", high_losses},
      {"failed-below-best", failed_below_best},
      {"rounded-losses", rounded_losses},
      {"passed-over-column", passed_over_column},
      {"unclear-states", unclear_states},
      {"varying-column", varying_column},
      {"repeated-names", repeated_names},
      {"duplicates", duplicates},
      {"seeds-apart", seeds_apart},
      {"few-rates", few_rates},
      {"edge-optimum", edge_optimum},
      {"coarse-grid", coarse_grid},
      {"non-convex-scan", non_convex_scan},
      {"one-size", one_size},
      {"few-sizes", few_sizes},
      {"dominant-size", dominant_size},
      {"prior-conflict", prior_conflict},
      {"curvature", curvature},
      {"baseline-better", baseline_better},
      {"extrapolation", extrapolation},
      {"off-ridge", off_ridge},
      {"own-batch", own_batch},
      {"split-beliefs", split_beliefs},
      {"assumed-tokens", assumed_tokens},
  };
  return table;
}

template <>
std::span<const Named<LawMethod>> names_of<LawMethod>() {
  using enum LawMethod;
  static constexpr Named<LawMethod> table[] = {
      {"bowl-joint", bowl_joint},     {"bowl-fixed-batch", bowl_fixed_batch},
      {"optima-table", optima_table}, {"mm1", mm1},
      {"step-law", step_law},         {"quadratic", quadratic},
      {"fixed-slope", fixed_slope},   {"published", published},
  };
  return table;
}

template <>
std::span<const Named<BatchMode>> names_of<BatchMode>() {
  using enum BatchMode;
  static constexpr Named<BatchMode> table[] = {{"automatic", automatic}, {"tuned", tuned}, {"fixed", fixed}};
  return table;
}

template <>
std::span<const Named<ProposalReason>> names_of<ProposalReason>() {
  using enum ProposalReason;
  static constexpr Named<ProposalReason> table[] = {
      {"bracket", bracket}, {"cover", cover}, {"narrow", narrow}};
  return table;
}

template <>
std::span<const Named<LawEdge>> names_of<LawEdge>() {
  using enum LawEdge;
  static constexpr Named<LawEdge> table[] = {{"none", none}, {"low", low}, {"high", high}};
  return table;
}

template <>
std::span<const Named<DecaySource>> names_of<DecaySource>() {
  using enum DecaySource;
  static constexpr Named<DecaySource> table[] = {
      {"lambda", lambda}, {"per-step", per_step}, {"mixed", mixed}, {"unknown", unknown}};
  return table;
}

std::string rate_text(double rate) {
  if (!(rate > 0) || !std::isfinite(rate)) return "?";
  int power = static_cast<int>(std::floor(std::log10(rate)));
  double digits = rate / std::pow(10.0, power);
  if (digits >= 9.995) digits /= 10, ++power;
  return fmt::format("{:.2f}e{}", digits, power);
}

std::string amount_text(double amount) { return amount > 0 ? human_amount(amount) : "?"; }

}  // namespace ablate
