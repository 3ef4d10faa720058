// The law as numbers in words, tables and figures: what the terminal's report and the page have in common.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "law/law.hpp"
#include "law/loss_law.hpp"
#include "law/names.hpp"
#include "report/figure.hpp"
#include "report/table.hpp"

namespace ablate {

/// "1.5e-3 to 2.1e-3"; an end that is open is left out: "above 1.5e-3".
std::string rate_range(double low, double high);
/// A fraction of the loss as a percentage: "0.04 %"; "not bounded" where it is infinite.
std::string percent_text(double fraction);
/// Octaves as a factor: "x1.19".
std::string factor_text(double octaves);

/// The best rate of one size and token count, measured or given in a table.
struct LawPoint {
  double params = 0, tokens = 0, batch = 0, lr = 0;
  double low = 0, high = 0;  ///< 95 %; 0 or infinity where it is open.
  double se = 0;             ///< Octaves.
  LawEdge edge = LawEdge::none;
  const ScanOptimum* scan = nullptr;  ///< Null: from a table.
};
std::vector<LawPoint> law_points(const LawFit& fit);
/// How many values a member takes among the points.
std::size_t count_distinct(const std::vector<LawPoint>& points, double LawPoint::*value);

/// The law as a formula about the middle of the data: "1.87e-3 x (N / 300M)^-0.598 x (D / 20.0G)^0.224".
std::string law_formula(const LawRegression& law, const std::string& unit_value);
std::string line_formula(const LawLine& line, const std::string& value);

/// What was read: "1,746 runs, 4 sizes from 215M to 537M, ..."
std::string describe_runs(const LawFit& fit);
/// Where the weight decay comes from: "as most runs had it".
std::string decay_words(const LawDecay& decay);
/// Findings by kind, long rows of one kind shortened.
std::vector<std::string> finding_lines(const std::vector<LawFinding>& findings, bool all);

Table exponent_table(const LawFit& fit);
/// `wide`: also the flat bands.
Table scan_table(const LawFit& fit, bool wide);
Table method_table(const LawFit& fit);
/// How reports for people call a method: "MM1's recipe"; a published law by its name.
std::string method_title(LawMethod method, const std::string& name);

/// Best rate over size with the law, its bands and MM1's lines. `plain`: what a terminal can show.
Figure law_figure(const LawFit& fit, bool plain);
/// Best batch over tokens; without points unless the fit is joint and the tokens are known.
Figure batch_figure(const LawFit& fit);
/// Loss over rate, one figure for each size.
std::vector<Figure> bowl_figures(const LawFit& fit);
Figure residual_figure(const LawFit& fit);

}  // namespace ablate
