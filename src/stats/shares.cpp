#include "stats/shares.hpp"

#include <algorithm>
#include <boost/math/distributions/fisher_f.hpp>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "stats/branches.hpp"
#include "stats/seed_stratum.hpp"

namespace ablate {
namespace {

/// Larger models take longer than they tell.
constexpr std::size_t kMostShareParameters = 400;

std::size_t distinct_levels(const CodedRuns& runs, std::size_t column) {
  std::set<std::int32_t> found;
  for (std::size_t run = 0; run < runs.runs(); ++run) found.insert(runs.level(run, column));
  return found.size();
}

/// Fills in what follows of the sum of squares of a term and its error.
void judge(Share& share, const Shares& all, double level) {
  share.eta2 = share.ss / all.total_ss;
  if (!(share.error_ms > 0) || !(share.df > 0) || !std::isfinite(share.ss)) return;
  const auto n = static_cast<double>(all.runs);
  const double unbiased = share.ss - share.df * share.error_ms;
  share.f = share.ss / share.df / share.error_ms;
  share.p =
      boost::math::cdf(boost::math::complement(boost::math::fisher_f(share.df, share.error_df), share.f));
  share.omega2 = unbiased / (all.total_ss + share.error_ms);
  share.epsilon2 = unbiased / all.total_ss;
  share.partial = share.ss / (share.ss + share.error_ms * share.error_df);
  const Limits lambda = noncentrality_limits(share.f, share.df, share.error_df, level);
  share.partial_limits = {lambda.low / (lambda.low + n), lambda.high / (lambda.high + n)};
  // N times the variance within seeds, of which one mean for each seed took a part.
  const double within = all.within_ss + static_cast<double>(all.num_seeds) * all.error_ms;
  if (!(within > 0)) return;
  share.within = unbiased / within;
  const double others = std::max(within - unbiased, 0.0);
  share.within_limits = {share.error_ms * lambda.low / (share.error_ms * lambda.low + others),
                         share.error_ms * lambda.high / (share.error_ms * lambda.high + others)};
}

/// Runs of a branch, coded by the levels that occur; the last column is the seed where `blocks`.
struct CodedBranch {
  std::vector<std::size_t> factors;
  CodedRuns runs;
  bool blocks = false;
};

/// Whether seeds are blocks: each run has one, and several runs share them.
bool shares_seeds(const Observations& observations, const std::vector<std::size_t>& runs) {
  std::map<std::uint64_t, std::size_t> count;
  for (const std::size_t run : runs) {
    const auto& seed = observations.runs[run].seed;
    if (!seed) return false;
    ++count[*seed];
  }
  return count.size() > 1 && count.size() < runs.size();
}

CodedBranch code_branch(const Observations& observations, const Branch& branch) {
  CodedBranch coded;
  std::vector<std::map<double, std::int32_t>> levels;
  for (const std::size_t factor : branch.factors) {
    if (observations.factors[factor].continuous()) continue;
    std::map<double, std::int32_t> found;
    for (const std::size_t run : branch.runs) found.emplace(observations.runs[run].at[factor], 0);
    if (found.size() < 2) continue;
    std::int32_t next = 0;
    for (auto& entry : found) entry.second = next++;
    coded.factors.push_back(factor);
    coded.runs.sizes.push_back(found.size());
    levels.push_back(std::move(found));
  }
  coded.blocks = shares_seeds(observations, branch.runs);
  std::map<std::uint64_t, std::int32_t> seeds;
  std::vector<std::int32_t> row;
  for (const std::size_t run : branch.runs) {
    row.clear();
    for (std::size_t i = 0; i < coded.factors.size(); ++i)
      row.push_back(levels[i].at(observations.runs[run].at[coded.factors[i]]));
    if (coded.blocks) {
      const auto next = static_cast<std::int32_t>(seeds.size());
      row.push_back(seeds.emplace(*observations.runs[run].seed, next).first->second);
    }
    coded.runs.add(row, observations.runs[run].score);
  }
  if (coded.blocks) coded.runs.sizes.push_back(seeds.size());
  return coded;
}

/// The terms of the highest order that the runs can tell and that leaves an error.
std::vector<Term> tellable_terms(const CodedBranch& coded) {
  std::vector<std::size_t> columns(coded.factors.size());
  std::iota(columns.begin(), columns.end(), 0);
  for (std::size_t order = std::min<std::size_t>(3, columns.size()); order > 1; --order) {
    const std::vector<Term> terms = terms_up_to(columns, order);
    std::vector<Term> all = terms;
    if (coded.blocks) all.push_back({columns.size()});
    const std::size_t parameters = parameter_count(coded.runs, all);
    if (parameters > kMostShareParameters || parameters >= coded.runs.runs()) continue;
    const LinearModel model(coded.runs, all);
    if (model.rank() == model.parameters() && model.error_df() > 0) return terms;
  }
  return terms_up_to(columns, 1);
}

/// Whether every cell of the grid ran equally often under every seed.
bool is_crossed(const CodedRuns& runs) {
  std::map<std::vector<std::int32_t>, std::size_t> count;
  for (std::size_t run = 0; run < runs.runs(); ++run) {
    const auto first = runs.levels.begin() + static_cast<std::ptrdiff_t>(run * runs.columns());
    ++count[std::vector<std::int32_t>(first, first + static_cast<std::ptrdiff_t>(runs.columns()))];
  }
  const auto cells =
      std::accumulate(runs.sizes.begin(), runs.sizes.end(), std::size_t{1}, std::multiplies<>());
  return count.size() == cells && std::all_of(count.begin(), count.end(), [&](const auto& cell) {
           return cell.second == count.begin()->second;
         });
}

/// Term x seed for main effects and pairs, the residual for the rest: where every cell ran under three seeds
/// or more
/// (`crossed`), and elsewhere for those terms of which the runs say that they differ between seeds.
std::vector<TermError> errors_of(const CodedRuns& runs, const std::vector<Term>& terms, bool crossed) {
  const std::size_t seed = runs.columns() - 1;
  std::vector<Term> all = terms;
  all.push_back({seed});
  const LinearModel whole(runs, all);
  std::vector<TermError> errors;
  for (const Term& term : terms) {
    errors.push_back({whole.error_ms(), static_cast<double>(whole.error_df())});
    if (term.size() > 2) continue;
    std::vector<Term> others = all;
    if (crossed) {  // All terms are orthogonal.
      others = terms_up_to(term, term.size());
      others.push_back({seed});
    }
    const SeedStratum stratum = seed_stratum(runs, others, seed, term);
    const bool differs = stratum.test.p && *stratum.test.p < kPooledAbove;
    if (stratum.df > 0 && (crossed || differs)) errors.back() = {stratum.ms, stratum.df};
  }
  return errors;
}

}  // namespace

Shares shares_of(const CodedRuns& runs, const std::vector<Term>& terms, std::optional<std::size_t> block,
                 SquaresType type, std::span<const TermError> errors, double level) {
  std::vector<Term> all = terms;
  if (block) all.insert(all.begin(), Term{*block});
  const LinearModel model(runs, all);
  Shares result;
  result.runs = runs.runs();
  result.num_seeds = block ? distinct_levels(runs, *block) : 1;
  result.total_ss = model.total_ss();
  result.within_ss = block ? LinearModel(runs, {{*block}}).error_ss() : model.total_ss();
  result.seeds = 1 - result.within_ss / result.total_ss;
  result.error_ss = model.error_ss();
  result.error_df = static_cast<double>(model.error_df());
  result.error_ms = model.error_ms();
  double told = 0, explained_ss = 0;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const TermSquares squares = type == SquaresType::two ? model.type2(terms[i]) : model.type3(terms[i]);
    Share share;
    share.term = terms[i];
    share.ss = squares.ss;
    share.df = static_cast<double>(squares.df);
    share.error_ms = errors.empty() ? result.error_ms : errors[i].ms;
    share.error_df = errors.empty() ? result.error_df : errors[i].df;
    judge(share, result, level);
    told += share.within;
    explained_ss += share.ss;
    result.shares.push_back(share);
  }
  const double within = result.within_ss + static_cast<double>(result.num_seeds) * result.error_ms;
  result.overlap = (result.within_ss - explained_ss - result.error_ss) / within;
  result.unexplained = 1 - told - result.overlap;
  return result;
}

std::vector<BranchShares> factor_shares(const Observations& observations, double level) {
  std::vector<BranchShares> results;
  for (const Branch& branch : branches_of(observations)) {
    const CodedBranch coded = code_branch(observations, branch);
    BranchShares result;
    result.factors = coded.factors;
    std::set_intersection(branch.conditional.begin(), branch.conditional.end(), coded.factors.begin(),
                          coded.factors.end(), std::back_inserter(result.conditional));
    if (!coded.factors.empty()) {
      const std::vector<Term> terms = tellable_terms(coded);
      const std::size_t seed = coded.factors.size();
      std::vector<TermError> errors;
      const bool crossed = coded.blocks && coded.runs.sizes[seed] >= 3 && is_crossed(coded.runs);
      if (coded.blocks) errors = errors_of(coded.runs, terms, crossed);
      result.shares = shares_of(coded.runs, terms, coded.blocks ? std::optional(seed) : std::nullopt,
                                SquaresType::two, errors, level);
    }
    results.push_back(std::move(result));
  }
  return results;
}

std::vector<ChangeShare> change_shares(std::span<const double> effects,
                                       std::span<const double> standard_errors) {
  double squares = 0;
  for (const double effect : effects) squares += effect * effect;
  std::vector<ChangeShare> shares;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    const double square = effects[i] * effects[i];
    shares.push_back({square / squares, square - standard_errors[i] * standard_errors[i]});
  }
  return shares;
}

}  // namespace ablate
