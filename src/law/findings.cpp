#include "law/findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <tuple>

#include "law/seed_effects.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr double kHighRatio = 1.2;
/// A bowl is hardly ever so much steeper above its lowest run than below: a parabola is where its lowest
/// point is nearly half a grid step off.
constexpr double kSteeperAbove = 10;
constexpr double kLeastLoss = 0.01;        // Nats a token; no language model comes near.
constexpr double kImplausibleRatio = 0.1;  // Of the median loss.

auto order_of(const LawRun& run) {
  const double decay = std::isnan(run.weight_decay) ? -1 : run.weight_decay;
  const double loss = std::isfinite(run.loss) ? run.loss : std::numeric_limits<double>::infinity();
  return std::tuple(run.params, run.tokens, run.batch, run.lr, decay, run.schedule, loss, run.weight);
}

bool same_settings(const LawRun& a, const LawRun& b) {
  const bool same_decay =
      a.weight_decay == b.weight_decay || (std::isnan(a.weight_decay) && std::isnan(b.weight_decay));
  return a.params == b.params && a.tokens == b.tokens && a.batch == b.batch && a.lr == b.lr && same_decay &&
         a.schedule == b.schedule && a.diverged == b.diverged;
}

/// Numbers that a 32-bit one stands for as well become the smallest of them.
void join_equal(std::vector<LawRun>& runs, double LawRun::*axis) {
  constexpr double kSame = 1e-6;
  std::vector<LawRun*> sorted;
  for (LawRun& run : runs)
    if (!std::isnan(run.*axis)) sorted.push_back(&run);
  std::sort(sorted.begin(), sorted.end(),
            [axis](const LawRun* a, const LawRun* b) { return a->*axis < b->*axis; });
  double first = 0;
  for (LawRun* run : sorted)
    if (run->*axis <= first * (1 + kSame))
      run->*axis = first;
    else
      first = run->*axis;
}

/// The largest power of ten, from 1 to 1e-6, that all losses are multiples of; 0: none.
double step_of(const std::vector<LawRun>& runs) {
  for (double per_one = 1; per_one <= 1e6; per_one *= 10) {
    const auto is_multiple = [per_one](const LawRun& run) {
      const double count = run.loss * per_one;
      return run.diverged || !std::isfinite(run.loss) || std::abs(count - std::round(count)) < 1e-9 * count;
    };
    if (std::all_of(runs.begin(), runs.end(), is_multiple)) return 1 / per_one;
  }
  return 0;
}

/// Says how far a loss may be from what it was before it was written: evenly up to half a step.
void take_rounding(std::vector<LawRun>& runs, std::vector<LawFinding>& findings) {
  constexpr double kTellable = 5e-4;  // Half of what runs of public searches differ by.
  const double step = step_of(runs);
  double largest = 0;
  for (LawRun& run : runs) {
    if (run.diverged || !std::isfinite(run.loss) || run.loss <= 0) continue;
    run.rounding = step / run.loss / std::sqrt(12.0);
    largest = std::max(largest, run.rounding);
  }
  if (largest > kTellable)
    findings.push_back(
        {FindingKind::rounded_losses, false,
         fmt::format("all losses are multiples of {}, which hides {:.2g} % of them (s.d.): this "
                     "counts as noise; with more digits best rates would be surer",
                     shortest(step), 100 * largest)});
}

/// Runs that failed below the best rate of their scan, and how many diverged, or lose much, above it.
struct Divergence {
  std::size_t marked = 0, high = 0;
  std::vector<LawRun> contradictions;
};

/// The run with the lowest loss of a scan, of several the one with the highest rate; null: none has one.
const LawRun* best_of(std::span<const LawRun> scan) {
  const LawRun* best = nullptr;
  for (const LawRun& run : scan)
    if (!run.diverged && std::isfinite(run.loss) && (best == nullptr || run.loss <= best->loss)) best = &run;
  return best;
}

/// Tells the high losses of a diverged run from those of a bowl on a coarse grid.
class BowlTest {
 public:
  /// `scan` is sorted by rate; `best` is its lowest run, null where no run has a loss.
  BowlTest(std::span<const LawRun> scan, const LawRun* best) : best_(best) {
    for (const LawRun& run : scan) {
      if (!has_loss(run)) continue;
      if (run.lr >= best->lr) above_.push_back(run.lr), rises_.push_back(rise(run));
      if (run.lr < best->lr && run.lr > below_) below_ = run.lr, curvature_below_ = curvature(run);
      if (run.lr == below_) curvature_below_ = std::min(curvature_below_, curvature(run));
    }
    for (std::size_t i = rises_.size(); i-- > 1;) rises_[i - 1] = std::min(rises_[i - 1], rises_[i]);
  }
  /// Whether a run with a loss above the best rate may be part of a bowl: losses rise below the best rate,
  /// too, and neither fall again nor differ much at its own rate.
  bool may_be_of_bowl(const LawRun& run) const {
    const auto own = std::lower_bound(above_.begin(), above_.end(), run.lr) - above_.begin();
    return run.lr > best_->lr && rise(run) <= kSteeperAbove * rises_[static_cast<std::size_t>(own)] &&
           curvature(run) <= kSteeperAbove * curvature_below_;
  }

 private:
  static bool has_loss(const LawRun& run) { return !run.diverged && std::isfinite(run.loss); }
  double rise(const LawRun& run) const { return std::log(run.loss / best_->loss); }
  double curvature(const LawRun& run) const { return rise(run) / std::pow(std::log2(run.lr / best_->lr), 2); }

  const LawRun* best_;
  std::vector<double> above_, rises_;       ///< Rates from the best one on; the least rise from there on.
  double below_ = 0, curvature_below_ = 0;  ///< The next rate below, and the least that its losses bend.
};

/// Marks what diverged at one size, token count and batch, and takes out what cannot have: training becomes
/// unstable as the rate rises, so a higher loss below the best rate is a run that has learnt less, and a
/// failure there is no matter of the rate.
void mark_scan(std::span<const LawRun> given, std::vector<LawRun>& kept, Divergence& found) {
  const std::vector<LawRun> scan = without_usual_seed_effects(given);
  const LawRun* best = best_of(scan);
  const BowlTest bowl(scan, best);
  for (std::size_t i = 0; i < scan.size(); ++i) {
    const LawRun& run = scan[i];
    const bool no_number = run.diverged || !std::isfinite(run.loss);
    if (no_number && best != nullptr && run.lr < best->lr) {
      found.contradictions.push_back(given[i]);
      continue;
    }
    const bool high = !no_number && run.loss > kHighRatio * best->loss && run.lr >= best->lr;
    kept.push_back(given[i]);
    kept.back().diverged = no_number || (high && !bowl.may_be_of_bowl(run));
    found.marked += kept.back().diverged;
    found.high += high && !kept.back().diverged;
  }
}

bool same_model(const LawRun& a, const LawRun& b) { return a.params == b.params && a.tokens == b.tokens; }
bool same_scan(const LawRun& a, const LawRun& b) { return same_model(a, b) && a.batch == b.batch; }

/// Calls `look` with all sorted runs that are the `same` as one another.
template <typename Look>
void for_each(std::vector<LawRun>& runs, bool same(const LawRun&, const LawRun&), Look look) {
  for (std::size_t first = 0, last = 0; first < runs.size(); first = last) {
    while (last < runs.size() && same(runs[first], runs[last])) ++last;
    look(std::span(runs).subspan(first, last - first));
  }
}

Divergence mark_diverged(std::vector<LawRun>& runs) {
  Divergence found;
  std::vector<LawRun> kept;
  for_each(runs, same_scan, [&](std::span<const LawRun> scan) { mark_scan(scan, kept, found); });
  runs = std::move(kept);
  return found;
}

void tell_divergence(const Divergence& found, std::size_t runs, std::vector<LawFinding>& findings) {
  if (found.marked > 0)
    findings.push_back({FindingKind::diverged_runs, false,
                        fmt::format("{} of {} runs diverged (no number, or at the best rate or above a loss "
                                    "above {} x the lowest at "
                                    "their size, tokens and batch, while losses below it hardly rise): they "
                                    "bound the rate from above "
                                    "and are not fitted",
                                    found.marked, runs, kHighRatio)});
  if (found.high > 0)
    findings.push_back(
        {FindingKind::high_losses, false,
         fmt::format(
             "{} of {} runs have a loss above {} x the lowest at a rate above the best one, and are not "
             "taken for diverged, since losses bend a tenth as much or more just below it: if they diverged, "
             "a "
             "column `diverged` should say so",
             found.high, runs, kHighRatio)});
  if (found.contradictions.empty()) return;
  std::vector<std::string> places;
  for (const LawRun& run : found.contradictions) places.push_back(run.where);
  if (places.size() > 3) places.resize(3), places.push_back("...");
  findings.push_back(
      {FindingKind::failed_below_best, false,
       fmt::format("{} of {} runs failed or are called diverged at a rate below the best one of their size, "
                   "tokens and batch ({}): their rate was not too high, so they are left out; look why they "
                   "failed",
                   found.contradictions.size(), runs, join(places, ", "))});
}

/// What became of repeats.
struct Merged {
  std::size_t repeats = 0;
  std::size_t models_apart = 0;  ///< Sizes and token counts whose seeds do not all compare.
};

/// Repeats of one size and token count become one run with their mean loss and summed weight. A repeat counts
/// `share` degrees of freedom.
void merge_repeats_of(std::span<LawRun> model, double share, std::vector<LawRun>& merged) {
  const std::size_t before = merged.size();
  for (LawRun& run : model) {
    if (merged.size() == before || !same_settings(merged.back(), run)) {
      merged.push_back(std::move(run));
      continue;
    }
    LawRun& kept = merged.back();
    const double apart = std::log(run.loss / kept.loss);
    if (std::isfinite(apart) && apart != 0) {  // Equal losses are one run listed twice.
      kept.repeat_squares += apart * apart * kept.weight * run.weight / (kept.weight + run.weight);
      kept.repeats += share;
    }
    kept.loss = (kept.loss * kept.weight + run.loss * run.weight) / (kept.weight + run.weight);
    kept.weight += run.weight;
  }
}

Merged merge_repeats(std::vector<LawRun>& runs) {
  Merged found{runs.size(), 0};
  std::vector<LawRun> merged;
  for_each(runs, same_model, [&](std::span<LawRun> model) {
    const SeedEffects seeds = remove_seed_effects(model);
    found.models_apart += seeds.groups > 1;
    merge_repeats_of(model, seeds.share, merged);
  });
  runs = std::move(merged);
  found.repeats -= runs.size();
  return found;
}

void tell_merged(const Merged& merged, std::vector<LawFinding>& findings) {
  if (merged.repeats > 0)
    findings.push_back({FindingKind::duplicates, false,
                        fmt::format("{} repeats of settings were merged into their means, which count "
                                    "with their number",
                                    merged.repeats)});
  if (merged.models_apart > 0)
    findings.push_back(
        {FindingKind::seeds_apart, false,
         fmt::format("of {} there are seeds without a batch and rate in common: what a seed adds to the loss "
                     "cannot be told from what a rate does, so their losses are compared as they are; run "
                     "one rate under all seeds",
                     merged.models_apart == 1
                         ? "one size and token count"
                         : fmt::format("{} sizes and token counts", merged.models_apart))});
}

void check_losses(const std::vector<LawRun>& runs, std::vector<LawFinding>& findings) {
  std::vector<double> losses;
  const LawRun* lowest = nullptr;
  std::size_t tiny = 0;
  for (const LawRun& run : runs) {
    if (run.diverged || !std::isfinite(run.loss)) continue;
    losses.push_back(run.loss);
    tiny += run.loss < kLeastLoss;
    if (lowest == nullptr || run.loss < lowest->loss) lowest = &run;
  }
  if (losses.empty()) {
    findings.push_back({FindingKind::no_runs, true, "no run has a finite loss"});
    return;
  }
  std::nth_element(losses.begin(), losses.begin() + losses.size() / 2, losses.end());
  const double median = losses[losses.size() / 2];
  if (lowest->loss >= kLeastLoss && lowest->loss >= kImplausibleRatio * median) return;
  findings.push_back(
      {FindingKind::losses_fall_to_zero, true,
       fmt::format("the loss {} at {} is no final loss of a language model (median {:.3g}{}): "
                   "leaked labels, a sum of zero tokens, or another metric?",
                   shortest(lowest->loss), lowest->where, median,
                   tiny > 1 ? fmt::format("; {} losses are below {}", tiny, kLeastLoss) : "")});
}

/// One axis looks as if it were counted in other units.
void check_axis(const std::vector<LawRun>& runs, double LawRun::*axis, double low, double high,
                std::string_view what, std::string_view hint, std::vector<LawFinding>& findings) {
  for (const LawRun& run : runs) {
    if (run.*axis == 0 || (run.*axis >= low && run.*axis <= high)) continue;
    findings.push_back(
        {FindingKind::unlike_units, false,
         fmt::format("{} {} at {} is unusual: {}", what, shortest(run.*axis), run.where, hint)});
    return;
  }
}

void check_units(const std::vector<LawRun>& runs, std::vector<LawFinding>& findings) {
  check_axis(runs, &LawRun::params, 1000, 1e14, "model size",
             "parameters without embeddings are expected, not millions or billions", findings);
  check_axis(runs, &LawRun::tokens, 10000, 1e15, "token count",
             "tokens are expected, not millions or billions", findings);
  check_axis(runs, &LawRun::batch, 128, 1e9, "batch size",
             "tokens a step are expected, not sequences or millions", findings);
  check_axis(runs, &LawRun::lr, 1e-8, 1, "learning rate",
             "the peak rate itself is expected, not its logarithm", findings);
  for (const LawRun& run : runs)
    if (run.batch > run.tokens && run.tokens > 0) {
      findings.push_back({FindingKind::unlike_units, false,
                          fmt::format("the batch of {} tokens at {} is larger than the whole run of {}",
                                      human_amount(run.batch), run.where, human_amount(run.tokens))});
      break;
    }
  for (std::size_t i = 1; i < runs.size(); ++i)
    if (runs[i].params != runs[i - 1].params && runs[i].params < 1.05 * runs[i - 1].params) {
      findings.push_back(
          {FindingKind::unlike_units, false,
           fmt::format("the sizes {} and {} differ by less than 5 %: are embeddings counted in "
                       "one of them?",
                       shortest(runs[i - 1].params), shortest(runs[i].params))});
      break;
    }
}

/// Whole steps of another batch make another token count of what was meant as one.
void check_token_counts(const std::vector<LawRun>& runs, std::vector<LawFinding>& findings) {
  constexpr double kNear = 1.02;
  for (std::size_t i = 1; i < runs.size(); ++i) {
    const LawRun &before = runs[i - 1], &run = runs[i];
    if (run.params != before.params || run.tokens == before.tokens || run.tokens > kNear * before.tokens)
      continue;
    findings.push_back(
        {FindingKind::unlike_units, false,
         fmt::format("the token counts {} and {} of size {} differ by less than 2 %, and count "
                     "as two: were they meant as one?",
                     shortest(before.tokens), shortest(run.tokens), human_amount(run.params))});
    return;
  }
}

void check_mixtures(const std::vector<LawRun>& runs, std::vector<LawFinding>& findings) {
  std::set<std::string> schedules;
  std::set<std::string> decays;
  for (const LawRun& run : runs) {
    schedules.insert(run.schedule.empty() ? "(not given)" : run.schedule);
    decays.insert(std::isnan(run.weight_decay) ? "(not given)" : shortest(run.weight_decay));
  }
  const auto listed = [](const std::set<std::string>& values) {
    std::vector<std::string> shown(values.begin(), values.end());
    if (shown.size() > 6) shown.resize(6), shown.push_back("...");
    return join(shown, ", ");
  };
  if (schedules.size() > 1)
    findings.push_back({FindingKind::mixed_schedules, false,
                        fmt::format("runs of {} schedules are mixed ({}): each has a best rate of its own; "
                                    "keep one",
                                    schedules.size(), listed(schedules))});
  if (decays.size() > 1)
    findings.push_back({FindingKind::mixed_weight_decay, false,
                        fmt::format("runs of {} weight decays are mixed ({}): the best rate moves with it; "
                                    "keep one, or the best for each size",
                                    decays.size(), listed(decays))});
}

}  // namespace

CleanRuns clean_runs(std::vector<LawRun> runs) {
  CleanRuns clean;
  if (runs.empty()) {
    clean.findings.push_back({FindingKind::no_runs, true, "there are no runs"});
    return clean;
  }
  for (double LawRun::*axis :
       {&LawRun::params, &LawRun::tokens, &LawRun::batch, &LawRun::lr, &LawRun::weight_decay})
    join_equal(runs, axis);
  std::stable_sort(runs.begin(), runs.end(),
                   [](const LawRun& a, const LawRun& b) { return order_of(a) < order_of(b); });
  check_losses(runs, clean.findings);
  take_rounding(runs, clean.findings);
  const std::size_t given = runs.size();
  tell_divergence(mark_diverged(runs), given, clean.findings);
  tell_merged(merge_repeats(runs), clean.findings);
  check_units(runs, clean.findings);
  check_token_counts(runs, clean.findings);
  check_mixtures(runs, clean.findings);
  if (runs.front().tokens == 0)
    clean.findings.push_back({FindingKind::unknown_tokens, false,
                              "no token counts are given: the exponent of N stands for N and D together"});
  clean.runs = std::move(runs);
  return clean;
}

void throw_if_refused(std::span<const LawFinding> findings) {
  std::vector<std::string> messages;
  for (const LawFinding& finding : findings)
    if (finding.refuses) messages.push_back(finding.message);
  if (!messages.empty()) throw Error("no law can be fitted: " + join(messages, "; "));
}

}  // namespace ablate
