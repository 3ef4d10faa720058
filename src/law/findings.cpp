#include "law/findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr double kDivergedRatio = 1.2;
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

/// Marks runs whose loss is no number or far above the lowest at their size, tokens and batch.
std::size_t mark_diverged(std::vector<LawRun>& runs) {
  std::size_t count = 0;
  for (auto first = runs.begin(); first != runs.end();) {
    const auto other = [&](const LawRun& run) {
      return run.params != first->params || run.tokens != first->tokens || run.batch != first->batch;
    };
    const auto last = std::find_if(first, runs.end(), other);
    double lowest = std::numeric_limits<double>::infinity();
    for (auto run = first; run != last; ++run)
      if (!run->diverged && std::isfinite(run->loss)) lowest = std::min(lowest, run->loss);
    for (auto run = first; run != last; ++run) {
      run->diverged = run->diverged || !(run->loss <= kDivergedRatio * lowest);
      count += run->diverged;
    }
    first = last;
  }
  return count;
}

/// Repeats become one run with their mean loss and summed weight.
std::size_t merge_repeats(std::vector<LawRun>& runs) {
  const std::size_t before = runs.size();
  std::vector<LawRun> merged;
  for (LawRun& run : runs) {
    if (merged.empty() || !same_settings(merged.back(), run)) {
      merged.push_back(std::move(run));
      continue;
    }
    LawRun& kept = merged.back();
    const double apart = std::log(run.loss / kept.loss);
    if (std::isfinite(apart) && apart != 0) {  // Equal losses are one run listed twice.
      kept.repeat_squares += apart * apart * kept.weight * run.weight / (kept.weight + run.weight);
      ++kept.repeats;
    }
    kept.loss = (kept.loss * kept.weight + run.loss * run.weight) / (kept.weight + run.weight);
    kept.weight += run.weight;
  }
  runs = std::move(merged);
  return before - runs.size();
}

void check_losses(const std::vector<LawRun>& runs, std::vector<LawFinding>& findings) {
  std::vector<double> losses;
  const LawRun* lowest = nullptr;
  std::size_t tiny = 0;
  for (const LawRun& run : runs) {
    if (!std::isfinite(run.loss)) continue;
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
  std::stable_sort(runs.begin(), runs.end(),
                   [](const LawRun& a, const LawRun& b) { return order_of(a) < order_of(b); });
  check_losses(runs, clean.findings);
  const std::size_t diverged = mark_diverged(runs);
  if (diverged > 0)
    clean.findings.push_back(
        {FindingKind::diverged_runs, false,
         fmt::format("{} of {} runs diverged (loss above {} x the lowest at their size, tokens and batch, or "
                     "no number): they bound the rate from above and are not fitted",
                     diverged, runs.size(), kDivergedRatio)});
  if (const std::size_t merged = merge_repeats(runs); merged > 0)
    clean.findings.push_back({FindingKind::duplicates, false,
                              fmt::format("{} repeats of settings were merged into their means, which count "
                                          "with their number",
                                          merged)});
  check_units(runs, clean.findings);
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
