// Examples that two cells answer differently, with what they show and ask, from the data that were evaluated.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "store/sweeps.hpp"
#include "views/cell_comparison.hpp"

namespace ablate {

/// So many of one score are shown at most.
inline constexpr std::size_t kMostShownExamples = 12;

struct ShownExample {
  std::string name;     ///< Of the record, or the question's number where no names were kept.
  std::string html;     ///< A fragment: what data and names say cannot become markup.
  double a = 0, b = 0;  ///< What the cells scored: means over seeds.
};

struct ShownExamples {
  std::string score;
  std::vector<ShownExample> examples;
  std::string why_not;  ///< Why the records themselves are not shown; empty: they are.
};

/// Of each score of which `comparison` has differing examples, the first `most` and kMostShownExamples, in
/// its order. Records are read from the sources that cell A was evaluated on, where these still hold what
/// they held then, pictures with at most 224 pixels on the longer side. Where a name stands for several
/// records of the sources, none of them is shown. A tar is searched through its first 100,000 records.
std::vector<ShownExamples> show_examples(Database& database, const SweepRecord& sweep,
                                         const CellComparison& comparison, std::size_t most);

/// CSS of the fragments.
std::string example_style();

}  // namespace ablate
