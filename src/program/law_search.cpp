#include "program/law_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/toml_document.hpp"
#include "law/names.hpp"
#include "program/planning.hpp"
#include "program/search_space.hpp"
#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

/// Whether a round promises anything: a bracket, a new size, or an interval that is narrower by more than a
/// hundredth.
bool is_worth_it(const Proposal& proposal) {
  constexpr double kWorthwhile = 0.99;
  return proposal.log2_sd_after < kWorthwhile * proposal.log2_sd_before ||
         std::any_of(proposal.runs.begin(), proposal.runs.end(),
                     [](const ProposedRun& run) { return run.reason != ProposalReason::narrow; });
}

/// Whether a run of the sweep would start, or go on with, any job.
bool has_work(const PlannedSweep& planned, bool leave_stopped) {
  JobStates states = planned.states;
  if (leave_stopped)
    std::replace(states.begin(), states.end(), std::optional(JobState::stopped_early),
                 std::optional(JobState::cancelled));
  const std::vector<bool> blocked = find_blocked(planned.plan, states);
  for (std::size_t i = 0; i < states.size(); ++i) {
    const JobState state = states[i].value_or(JobState::waiting);
    if (!blocked[i] && state != JobState::finished && state != JobState::failed &&
        state != JobState::cancelled)
      return true;
  }
  return false;
}

/// "153k" of "for N = 3M, D = 153k: 11 runs"; empty where it does not say.
std::string find_amount(const std::string& heading, const std::string& name) {
  const std::size_t place = heading.rfind(name + " = ");
  if (place == std::string::npos) return "";
  const std::size_t begin = place + name.size() + 3;
  return heading.substr(begin, heading.find_first_of(" ,:", begin) - begin);
}

/// The target that the first line of a round's file names, where it is another.
std::string find_other_target(const std::filesystem::path& file, const LawTarget& target) {
  const std::string text = read_file(file, kMaxTomlBytes), heading = text.substr(0, text.find('\n'));
  if (!heading.starts_with('#')) return "";
  std::vector<std::string> named;
  bool differs = false;
  for (const char* name : {"N", "D"}) {
    const std::string theirs = find_amount(heading, name), ours = find_amount(target_text(target), name);
    if (theirs.empty()) continue;
    named.push_back(fmt::format("{} = {}", name, theirs));
    differs = differs || (!ours.empty() && theirs != ours);
  }
  return differs ? join(named, ", ") : "";
}

}  // namespace

std::string target_text(const LawTarget& target) {
  return "N = " + amount_text(target.params) + (target.tokens ? ", D = " + amount_text(*target.tokens) : "");
}

double LawStanding::factor() const { return std::sqrt(prediction->lr.p95.high / prediction->lr.p95.low); }

LawStanding find_standing(Database& database, const LawSearch& search,
                          const std::vector<std::string>& sweeps) {
  LawStanding standing;
  LawInput input = read_sweeps(database, sweeps, search.stage, search.loss, search.where);
  // When a round has ended, what was not evaluated waits for something that failed.
  standing.failed = input.tally.failed + input.tally.evaluation_failed + input.tally.not_evaluated;
  standing.cancelled = input.tally.cancelled + input.tally.evaluation_cancelled;
  standing.sweep_flops =
      read_sweeps(database, {sweeps.front()}, search.stage, search.loss, search.where).flops;
  standing.spent = input.flops - standing.sweep_flops;
  standing.target = search.target;
  settle_batch(search.batch_unit, std::nullopt, input, standing.target);
  standing.fit = fit_input(input, search.options);
  if (!standing.fit.refused()) standing.prediction = predict(standing.fit, standing.target);
  return standing;
}

bool is_good_enough(const LawSearch& search, const LawStanding& standing) {
  if (!standing.prediction) return false;
  return (search.interval && standing.factor() <= *search.interval) ||
         (search.regret && standing.prediction->expected_regret <= *search.regret);
}

void refuse_gaps(const LawStanding& standing, const std::string& sweep) {
  std::vector<std::string> gaps, states;
  const auto add = [&](std::size_t count, const char* what, const char* state) {
    if (count == 0) return;
    gaps.push_back(count_of(static_cast<std::int64_t>(count), "job") + " of the search " + what);
    states.push_back(state);
  };
  add(standing.failed, "failed without diverging", "failed");
  add(standing.cancelled,
      standing.cancelled == 1 ? "was cancelled by `ablate cancel`" : "were cancelled by `ablate cancel`",
      "cancelled");
  if (gaps.empty()) return;
  throw Error(
      fmt::format("{}; `ablate jobs {} --state {}` shows them; after `ablate retry --sweep {}` the "
                  "same command goes on",
                  join(gaps, ", "), sweep, join(states, ","), sweep));
}

RoundOnDisk read_round(Database& database, const LawSearch& search, const LawStanding& standing,
                       const std::vector<std::string>& sweeps, const std::filesystem::path& file,
                       bool leave_stopped) {
  const PlannedSweep planned = plan_sweep(load_sweep(file), &database, {});
  if (!has_work(planned, leave_stopped)) return {.is_done = true};
  require_data(planned);
  const double flops = flops_with(database, sweeps, planned.plan, search.stage, search.loss, search.where);
  return {.spent = flops - standing.sweep_flops, .target = find_other_target(file, search.target)};
}

Proposal write_round(const LawSearch& search, const LawStanding& standing,
                     const std::filesystem::path& file) {
  const SearchSpace space(load_sweep(search.sweep), search.stage, search.where);
  ProposeOptions asked;
  asked.target = standing.target;
  asked.budget_flops = search.budget - standing.spent;
  asked.candidates = space.candidates(search.target.params);
  asked.flops = [&](double params, double tokens, double batch) {
    return space.flops(params, tokens, batch);
  };
  asked.max_runs = search.runs_a_round;
  Proposal proposal = propose_runs(standing.fit, asked);
  if (proposal.runs.empty()) return proposal;
  if (!is_worth_it(proposal)) {
    proposal.runs.clear();
    proposal.note =
        "more runs of these sizes would hardly narrow the interval; a size nearer to the target would";
    return proposal;
  }
  const std::string heading = fmt::format("A round of `ablate law run {}` for {}: {} runs, {:.3g} FLOPs",
                                          search.sweep.filename().string(), target_text(search.target),
                                          proposal.runs.size(), proposal.flops);
  write_file(file, space.sweep_text(proposal, file, {heading}));
  return proposal;
}

}  // namespace ablate
