// Tables for papers: a booktabs tabular with everything escaped.
#pragma once

#include <string>
#include <string_view>

#include "report/table.hpp"

namespace ablate {

/// Needs \usepackage{booktabs}; where it has check marks amssymb, too, as a comment then says.
std::string render_latex(const Table& table);

/// Any text as LaTeX text.
std::string escape_latex(std::string_view text);
/// A number with its spread, "0.812 ± 0.013" or "1e-05", as mathematics: $0.812 \pm 0.013$, $1 \times
/// 10^{-5}$.
std::string latex_number(std::string_view text);

}  // namespace ablate
