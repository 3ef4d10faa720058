// Which runs tell most about the best rate of a larger model, under a budget.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "law/law.hpp"

namespace ablate {

/// Names: law/names.hpp.
enum class ProposalReason {
  bracket,  ///< The scan's best rate or batch is at the edge of what was tried.
  cover,    ///< First rates of a size that nobody has swept, beginning with the largest that the budget can
            ///< sweep.
  narrow,   ///< Narrows the target's interval most for its cost.
};

/// A size that may be trained, and for how long.
struct LawCandidate {
  double params = 0;
  double tokens = 0;  ///< 0: unknown.
};

/// FLOPs of one run; tokens and batch 0: unknown.
using RunFlops = std::function<double(double params, double tokens, double batch)>;
/// 6 N D (Kaplan et al. 2020, arXiv 2001.08361, section 2.1), at 20 tokens a parameter where D is unknown.
double six_n_d(double params, double tokens, double batch);

struct ProposeOptions {
  LawTarget target;
  double budget_flops = 0;  ///< For all proposed runs together. > 0.
  RunFlops flops = six_n_d;
  std::vector<LawCandidate>
      candidates;               ///< Besides the sizes in the data; those above the target are skipped.
  std::vector<double> batches;  ///< Allowed tokens a step; empty: those in the data.
  double rate_step = 0.5;       ///< Rates stand on a grid of this many octaves around the data's own rates.
  std::size_t max_runs = 64;
};

struct ProposedRun {
  double params = 0, tokens = 0, lr = 0, batch = 0;
  double flops = 0;  ///< By ProposeOptions::flops.
  ProposalReason reason = ProposalReason::narrow;
  double log2_sd_after = 0;  ///< Of the target's rate, once this and all runs above it are made.
};

struct Proposal {
  std::vector<ProposedRun> runs;  ///< In the order in which they help most.
  double flops = 0;
  double log2_sd_before = 0, log2_sd_after = 0;  ///< Of the target's rate.
  std::string note;  ///< Why it stopped: budget, nothing left that helps, or max_runs; what would help.
};

/// Edges first (one factor of two outside what was tried), then greedily the run that takes
/// most of the target's predictive variance per cost^0.3, after three rates at the largest size
/// that half of the budget can sweep and nobody has swept. Each run is expected to lie well within the window
/// of the fit, or to close an edge: what the fit would throw away is not proposed. Works on a refused fit
/// too: then only edges are bracketed, or sweeps of fewer than three rates completed. Throws Error for a
/// target or budget that is not positive and finite.
Proposal propose_runs(const LawFit& fit, const ProposeOptions& options);

}  // namespace ablate
