#include "views/claims_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "store/results.hpp"
#include "util/text.hpp"
#include "views/choice_notes.hpp"
#include "views/effects_view.hpp"
#include "views/law_report.hpp"
#include "views/sweep_observations.hpp"
#include "views/test_json.hpp"

namespace ablate {

namespace {

/// No run has the score: nothing can be said, and the claim waits.
Evidence waiting() { return {.why = "no run has this score yet"}; }

/// A claim whose axis the runs do not show, as while only one level has run, is undecided, not an error.
Evidence weigh_or_say(const Claim& claim, const Observations& runs, const SweepRecord& sweep) {
  try {
    require_comparable(runs, sweep);
    return weigh(claim, runs);
  } catch (const Error& error) {
    return {.why = error.what()};
  }
}

std::string difference_text(const Evidence& evidence) {
  if (!std::isfinite(evidence.estimate)) return "";
  if (!std::isfinite(evidence.low)) return fmt::format("{:+.3g}", evidence.estimate);
  return fmt::format("{:+.3g} [{:+.3g}, {:+.3g}]", evidence.estimate, evidence.low, evidence.high);
}

std::string seeds_text(const SeedsNeeded& seeds) {
  const auto count = [](const std::optional<std::int64_t>& n) {
    return n ? with_commas(*n) : "over " + with_commas(kMostSeeds);
  };
  return fmt::format("{} seeds ({} to {})", count(seeds.likely), count(seeds.low), count(seeds.high));
}

/// What has to be known beside a verdict.
std::vector<std::string> remarks(const JudgedClaim& one) {
  const Evidence& evidence = one.verdict.evidence;
  std::vector<std::string> words;
  if (!evidence.why.empty()) words.push_back(evidence.why);
  const ClaimKind kind = one.record.claim.kind;
  const bool of_many =
      kind == ClaimKind::no_difference || kind == ClaimKind::rises || kind == ClaimKind::falls;
  if (of_many && std::isfinite(evidence.estimate))
    words.push_back(fmt::format("the difference is {}, the {}", evidence.of,
                                kind == ClaimKind::no_difference ? "widest pair" : "least sure step"));
  if (one.verdict.verdict == ClaimState::undecided && evidence.seeds_needed)
    words.push_back(fmt::format("were the difference what it looks like, {} would decide it",
                                seeds_text(*evidence.seeds_needed)));
  words.insert(words.end(), evidence.warnings.begin(), evidence.warnings.end());
  if (one.runs_with_score < one.runs)
    words.push_back(fmt::format("{} of {} runs have the score", one.runs_with_score, one.runs));
  if (one.record.after_results) words.push_back("added when results were there already");
  return words;
}

}  // namespace

std::int64_t ClaimReport::count(ClaimState verdict) const {
  return std::count_if(claims.begin(), claims.end(),
                       [&](const JudgedClaim& one) { return one.verdict.verdict == verdict; });
}

ClaimReport claims_of(Database& database, const SweepRecord& sweep) {
  ClaimReport report{.notes = observation_notes(database, sweep)};
  std::vector<Evidence> evidence;
  std::map<std::string, Observations> by_score;
  const std::vector<std::string> known = known_values(database, sweep.id);
  for (ClaimRecord& record : load_claims(database, sweep.id)) {
    if (record.withdrawn_at) {
      report.withdrawn.push_back(std::move(record));
      continue;
    }
    const std::string& score = record.claim.score;
    JudgedClaim one{.record = record};
    const auto [runs, is_new] = by_score.try_emplace(score);
    if (is_new && std::find(known.begin(), known.end(), score) != known.end())
      runs->second = load_observations(database, sweep, {score}).front();
    one.runs = std::count_if(runs->second.runs.begin(), runs->second.runs.end(),
                             [](const Observation& run) { return !run.left_out; });
    one.runs_with_score = std::count_if(runs->second.runs.begin(), runs->second.runs.end(),
                                        [](const Observation& run) { return run.end == RunEnd::finished; });
    evidence.push_back(one.runs_with_score == 0 ? waiting()
                                                : weigh_or_say(record.claim, runs->second, sweep));
    report.claims.push_back(std::move(one));
  }
  std::vector<ClaimVerdict> verdicts = judge(std::move(evidence));
  for (std::size_t i = 0; i < verdicts.size(); ++i) report.claims[i].verdict = std::move(verdicts[i]);
  return report;
}

Table claims_table(const ClaimReport& report, const SweepRecord& sweep) {
  Table table{.title = fmt::format("Claims of sweep {}", sweep.name),
              .columns = {{"#", Align::right},
                          {"verdict"},
                          {"claim", Align::left, true},
                          {"difference [95 %]", Align::right},
                          {"p (Holm)", Align::right}},
              .rows = {},
              .notes = {}};
  for (std::size_t i = 0; i < report.claims.size(); ++i) {
    const JudgedClaim& one = report.claims[i];
    const std::string& name = one.record.claim.name;
    table.rows.push_back({TableCell::integer(static_cast<std::int64_t>(i + 1)),
                          {std::string(to_name(one.verdict.verdict))},
                          {name.empty() ? claim_words(one.record.claim) : name},
                          {difference_text(one.verdict.evidence)},
                          {p_text(one.verdict.p_holm)}});
    if (!name.empty()) table.notes.push_back(fmt::format("{}: {}", i + 1, claim_words(one.record.claim)));
    if (const auto words = remarks(one); !words.empty())
      table.notes.push_back(fmt::format("{}: {}", i + 1, join(words, "; ")));
  }
  if (!report.claims.empty())
    table.notes.push_back(
        fmt::format("verdicts at 5 % after Holm's correction over {}; undecided is an answer: "
                    "the runs show neither the claim nor its opposite",
                    count_of(std::ssize(report.claims), "claim")));
  if (!report.withdrawn.empty())
    table.notes.push_back(fmt::format("{} withdrawn from the sweep's file since", report.withdrawn.size()));
  table.notes.insert(table.notes.end(), report.notes.begin(), report.notes.end());
  return table;
}

Json claims_json(const ClaimReport& report) {
  Json json = {{"claims", Json::array()}, {"withdrawn", Json::array()}, {"notes", report.notes}};
  for (const JudgedClaim& one : report.claims) {
    const Evidence& evidence = one.verdict.evidence;
    json["claims"].push_back({{"claim", claim_json(one.record.claim)},
                              {"name", one.record.claim.name},
                              {"source", one.record.claim.source},
                              {"words", claim_words(one.record.claim)},
                              {"first_seen", one.record.first_seen},
                              {"after_results", one.record.after_results},
                              {"verdict", to_name(one.verdict.verdict)},
                              {"p_supported", p_json(evidence.p_supported)},
                              {"p_refuted", p_json(evidence.p_refuted)},
                              {"p_holm", p_json(one.verdict.p_holm)},
                              {"estimate", number_json(evidence.estimate)},
                              {"low", number_json(evidence.low)},
                              {"high", number_json(evidence.high)},
                              {"of", evidence.of},
                              {"estimator", evidence.estimator},
                              {"remarks", remarks(one)},
                              {"runs", one.runs},
                              {"runs_with_score", one.runs_with_score}});
  }
  for (const ClaimRecord& record : report.withdrawn)
    json["withdrawn"].push_back({{"claim", claim_json(record.claim)},
                                 {"name", record.claim.name},
                                 {"first_seen", record.first_seen},
                                 {"withdrawn_at", *record.withdrawn_at}});
  return json;
}

}  // namespace ablate
