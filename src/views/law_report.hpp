// Reports of a fitted law: for the terminal, as a page, as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "law/law.hpp"
#include "law/loss_law.hpp"
#include "program/law_input.hpp"
#include "report/terminal.hpp"
#include "util/json.hpp"

namespace ablate {

/// Everything that a report is about.
struct LawReport {
  std::string name;                ///< Of the input.
  std::vector<std::string> notes;  ///< Of the input.
  LawFit fit;
};

/// Throws Error with the findings when the fit was refused.
std::string law_text(const LawReport& report, const Terminal& terminal);
/// One HTML page that needs no other file.
std::string law_page(const LawReport& report);
Json law_json(const LawReport& report);

/// "losses-fall-to-zero: message" in lines of at most the terminal's width.
std::string findings_text(const std::vector<LawFinding>& findings, const Terminal& terminal);
Json findings_json(const std::vector<LawFinding>& findings);
/// A number, or null for what JSON has no number for.
Json number_json(double value);

/// The loss law L(N, D); `budgets`: FLOPs whose best N and D are asked for.
struct LossLawReport {
  std::string name;
  std::vector<std::string> notes;
  LossLawFit fit;
  std::vector<ComputeOptimum> optima;
};
std::string loss_law_text(const LossLawReport& report);
Json loss_law_json(const LossLawReport& report);

}  // namespace ablate
