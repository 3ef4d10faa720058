// The recipes in use, to stand beside our own: MM1's, Step Law's, quadratics, a fixed slope, published laws.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "law/runs.hpp"

namespace ablate {

/// Names as reports spell them: law/names.hpp.
enum class LawMethod {
  bowl_joint,        ///< Ours, rate and batch together.
  bowl_fixed_batch,  ///< Ours, one batch size.
  optima_table,      ///< Ours, from a table of optima: the regression alone.
  mm1,               ///< Best run of each scan, least squares on ln N; batch likewise (McKinzie et al. 2024).
  step_law,     ///< Best run of each scan, least squares on ln N and ln D; batch on ln D (Li et al. 2025).
  quadratic,    ///< A parabola through the five rates around the best of each scan, then a line in ln N.
  fixed_slope,  ///< lr ~ N^-0.5 through the mean of those parabolas' optima.
  published,    ///< Somebody's constants.
};

/// value = exp(constant + params_exponent ln N + tokens_exponent ln D), natural logarithms, raw N and D.
struct LawLine {
  double constant = 0, params_exponent = 0, tokens_exponent = 0;
  double at(double params, double tokens) const;
};

/// A recipe fitted to runs.
struct BaselineLaw {
  LawMethod method = LawMethod::mm1;
  LawLine lr;
  std::optional<LawLine> batch;
};

/// The run with the lowest loss of each scan. `joint`: a scan is (N, D), else (N, D, batch).
std::vector<LawOptimum> lowest_runs(std::span<const LawRun> runs, bool joint);

/// The vertex of the least-squares parabola through the five rates around the best (for each batch of a
/// joint scan the lowest loss at a rate counts); kept within one grid step of the range; the best run itself
/// where the parabola has no minimum or there are fewer than three rates.
std::vector<LawOptimum> parabola_optima(std::span<const LawRun> runs, bool joint);

/// All recipes that these runs can feed: those that need two sizes are left out when there is one, and Step
/// Law's when ln N and ln D are not independent.
std::vector<BaselineLaw> fit_baselines(std::span<const LawRun> runs, bool joint);
/// The same from a table of optima (no parabolas).
std::vector<BaselineLaw> fit_baselines(std::span<const LawOptimum> optima);

/// Ordinary least squares of ln(value) on ln N (and ln D). Nothing when that is not determined.
std::optional<LawLine> line_through(std::span<const LawOptimum> optima, double LawOptimum::*value,
                                    bool use_params, bool use_tokens);

/// What a published law says; nothing where it says nothing.
struct PublishedValue {
  std::optional<double> lr;
  std::optional<double> batch;  ///< Tokens a step.
};

struct PublishedLaw {
  std::string name;
  std::string source;   ///< arXiv number.
  std::string formula;  ///< As printed by its authors, with the meaning of the letters.
  std::string refusal;  ///< Why it is not applied; empty: it is.
  PublishedValue (*at)(double params, double tokens) = nullptr;  ///< Null when refused.
};
/// All that we know of, also those that we refuse to apply because their units are ambiguous.
std::span<const PublishedLaw> published_laws();

}  // namespace ablate
