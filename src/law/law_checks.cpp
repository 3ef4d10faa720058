#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "law/bowl_scans.hpp"
#include "law/law_core.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

std::string scan_name(const ScanOptimum& scan) {
  std::string name = human_amount(scan.params);
  if (scan.tokens > 0) name += fmt::format(" x {} tokens", human_amount(scan.tokens));
  return scan.batch > 0 ? name + fmt::format(" at batch {}", human_amount(scan.batch)) : name;
}

/// "a, b and 3 more".
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  const std::vector<std::string> first(names.begin(), names.begin() + std::min(names.size(), kShown));
  const std::string more =
      names.size() > kShown ? fmt::format(" and {} more", names.size() - kShown) : std::string();
  return join(first, ", ") + more;
}

/// Why no scan is left, and whether several token counts or batches are the reason.
std::string no_scan_words(const LawFit& fit) {
  const bool diverged =
      std::any_of(fit.runs.begin(), fit.runs.end(), [](const LawRun& run) { return run.diverged; });
  const std::string did_not = diverged ? " that did not diverge" : "";
  struct Tried {
    std::set<double> rates, tokens, batches;
  };
  std::map<double, Tried> sizes;
  for (const LawRun& run : fit.runs) {
    if (run.diverged) continue;
    Tried& tried = sizes[run.params];
    tried.rates.insert(run.lr), tried.tokens.insert(run.tokens), tried.batches.insert(run.batch);
  }
  for (const auto& [params, tried] : sizes) {
    if (tried.rates.size() < 3) continue;
    std::string over = count_of(std::ssize(tried.tokens), "token count");
    if (tried.tokens.size() > 1)
      over += fmt::format(", from {} to {} tokens", with_commas(std::llround(*tried.tokens.begin())),
                          with_commas(std::llround(*tried.tokens.rbegin())));
    if (!fit.joint && tried.batches.size() > 1)
      over += fmt::format("{} {} batches", tried.tokens.size() > 1 ? ", and" : " and", tried.batches.size());
    return fmt::format(
        "no size has losses at three learning rates{} of one token count{}: {} has {} rates at {}", did_not,
        fit.joint ? "" : " and batch", human_amount(params), tried.rates.size(), over);
  }
  return "no size has losses at three learning rates" + did_not;
}

void check_scans_left_out(const LawFit& fit, std::vector<LawFinding>& findings) {
  const std::vector<ScanRuns> scans = group_scans(fit.runs, fit.joint);
  const auto flat = static_cast<std::size_t>(std::count_if(
      scans.begin(), scans.end(), [&](const ScanRuns& scan) { return is_flat(fit.runs, scan); }));
  const std::size_t all = scans.size(), used = fit.bowls.scans.size();
  if (flat > 0)
    findings.push_back({FindingKind::flat_scan, flat == all,
                        fmt::format("in {} of {} scans all losses are equal, which says nothing of the rate, "
                                    "and they are left out: were they written with too few digits?",
                                    flat, all)});
  if (used == 0 && flat < all)
    findings.push_back({FindingKind::no_scan_with_rates, true, no_scan_words(fit)});
  else if (used + flat < all)
    findings.push_back({FindingKind::few_rates, false,
                        fmt::format("{} of {} scans have fewer than three rates near their best and are left "
                                    "out",
                                    all - used - flat, all)});
}

void check_edges(const LawFit& fit, std::vector<LawFinding>& findings) {
  struct Side {
    const char* what;
    ScanAxis ScanOptimum::*axis;
    LawEdge edge;
  };
  for (const auto& [what, axis, edge] : {Side{"highest rate", &ScanOptimum::lr, LawEdge::high},
                                         Side{"lowest rate", &ScanOptimum::lr, LawEdge::low},
                                         Side{"largest batch", &ScanOptimum::batch_axis, LawEdge::high},
                                         Side{"smallest batch", &ScanOptimum::batch_axis, LawEdge::low}}) {
    std::vector<std::string> names;
    for (const ScanOptimum& scan : fit.bowls.scans)
      if ((scan.*axis).edge == edge) names.push_back(scan_name(scan));
    if (names.empty()) continue;
    const bool rates = axis == &ScanOptimum::lr;
    if (rates && names.size() == fit.bowls.scans.size()) {
      findings.push_back(
          {FindingKind::one_sided_rates, true,
           fmt::format("in every scan the best rate is at the {} tried: try {} ones (`ablate law "
                       "propose` lists some)",
                       what, edge == LawEdge::high ? "higher" : "lower")});
      continue;
    }
    findings.push_back({FindingKind::edge_optimum, false,
                        fmt::format("the best is at or beyond the {} tried in {} of {} scans ({}): these "
                                    "count for little until more is tried",
                                    what, names.size(), fit.bowls.scans.size(), some_of(names))});
  }
}

void check_grid(const LawFit& fit, std::vector<LawFinding>& findings) {
  constexpr double kCoarse = 0.926;  // log2 of a factor of 1.9.
  std::size_t coarse = 0;
  double widest = 0;
  for (const ScanOptimum& scan : fit.bowls.scans) {
    coarse += scan.lr.step > kCoarse;
    widest = std::max(widest, scan.lr.step);
  }
  if (coarse > 0)
    findings.push_back(
        {FindingKind::coarse_grid, false,
         fmt::format("in {} of {} scans the rates are a factor of up to {:.2g} apart: the best "
                     "of the grid is off by {:.2f} octaves (s.d.) for that alone",
                     coarse, fit.bowls.scans.size(), std::exp2(widest), widest / std::sqrt(12.0))});
}

void check_convexity(const LawFit& fit, std::vector<LawFinding>& findings) {
  std::vector<std::string> names;
  for (const ScanOptimum& scan : fit.bowls.scans)
    if (!scan.convex) names.push_back(scan_name(scan));
  if (!names.empty())
    findings.push_back({FindingKind::non_convex_scan, false,
                        fmt::format("losses rise, fall and rise again beyond their noise in {}: failed runs, "
                                    "or settings that differ?",
                                    some_of(names))});
}

std::size_t count_sizes(const std::vector<LawObservation>& observations) {
  std::vector<double> sizes;
  for (const LawObservation& one : observations) sizes.push_back(one.log2_params);
  std::sort(sizes.begin(), sizes.end());
  return static_cast<std::size_t>(std::unique(sizes.begin(), sizes.end()) - sizes.begin());
}

void check_sizes(const LawCore& core, bool priors, std::vector<LawFinding>& findings) {
  const std::size_t sizes = count_sizes(core.lr_observations);
  if (sizes == 1)
    findings.push_back(
        {FindingKind::one_size, false,
         fmt::format("all scans have one size: the exponent of N is {}",
                     priors ? "what other searches found, not what these runs say" : "unknown")});
  if (sizes == 2)
    findings.push_back({FindingKind::few_sizes, false,
                        "two sizes only: the exponent of N is mostly what other searches found; a third size "
                        "would show whether it holds here"});
}

/// One exponent as the data alone have it, where they contradict its prior.
void check_exponent(std::string_view what, const LawEstimate& data, const ExponentPrior& prior, double trust,
                    std::vector<LawFinding>& findings) {
  constexpr double kContradicted = 1.0 / 3;  // The data are twice as probable without the prior as with it.
  if (trust > kContradicted) return;
  findings.push_back(
      {FindingKind::prior_conflict, false,
       fmt::format("the exponent of {} is {:.2f} +- {:.2f} in these runs and {:.2f} +- {:.2f} in other "
                   "searches: that counts with {:.0f} % only, where it has 50 % before any run. Mixtures of "
                   "experts and muP differ so; else check how N and D are counted",
                   what, data.value, data.sd, prior.mean, prior.sd, 100 * trust)});
}

void check_exponents(const std::string& of, const std::vector<LawObservation>& observations,
                     const LawRegression& law, const LawPriors& priors, std::vector<LawFinding>& findings) {
  const LawRegression data = fit_regression(observations, without_exponents(priors));
  check_exponent("N" + of + (data.tokens_free ? "" : " (with D in proportion)"), data.params_exponent,
                 exponent_prior(priors, data.tokens_free), law.params_trust, findings);
  if (data.tokens_free)
    check_exponent("D" + of, data.tokens_exponent, priors.tokens, law.tokens_trust, findings);
}

void check_priors(const LawFit& fit, const LawCore& core, std::vector<LawFinding>& findings) {
  if (!fit.options.exponent_priors || count_sizes(core.lr_observations) < 2) return;
  check_exponents("", core.lr_observations, *core.lr, lr_priors_for(fit.joint, fit.options), findings);
  if (core.batch)
    check_exponents(" in the batch's law", core.batch_observations, *core.batch,
                    batch_priors_for(fit.options), findings);
}

void check_bend(const LawFit& fit, const LawCore& core, std::vector<LawFinding>& findings) {
  const LawEstimate bend = bend_in_params(core.lr_observations, lr_priors_for(fit.joint, fit.options));
  if (std::isfinite(bend.sd) && std::abs(bend.value) > 2 * bend.sd)
    findings.push_back(
        {FindingKind::curvature, false,
         fmt::format("the law bends {} by {:.2f} +- {:.2f} per squared octave of N: a straight "
                     "line will miss far from the data",
                     bend.value > 0 ? "upward" : "downward", std::abs(bend.value), bend.sd)});
}

}  // namespace

std::vector<LawFinding> check_fit(const LawFit& fit, const LawCore& core) {
  std::vector<LawFinding> findings;
  if (fit.optima.empty()) {
    check_scans_left_out(fit, findings);
    if (!core.lr) return findings;
    check_edges(fit, findings);
    check_grid(fit, findings);
    check_convexity(fit, findings);
  }
  check_sizes(core, fit.options.exponent_priors, findings);
  check_priors(fit, core, findings);
  check_bend(fit, core, findings);
  return findings;
}

}  // namespace ablate
