#include "views/pivot_notes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "util/text.hpp"

namespace ablate {

namespace {

const char* spread_words(Spread spread) {
  switch (spread) {
    case Spread::sd:
      return "mean ± standard deviation";
    case Spread::se:
      return "mean ± standard error";
    case Spread::ci95:
      return "mean ± half of the 95 % confidence interval (Student's t)";
    case Spread::range:
      return "mean [smallest, largest]";
    case Spread::none:
      break;
  }
  return "mean";
}

/// What the numbers of a table are like.
struct Content {
  std::int64_t most_planned = 0, most_seeds = 0;
  std::int64_t least_planned = std::numeric_limits<std::int64_t>::max(), least_seeds = least_planned;
  bool over_seeds = false, over_examples = false, without = false;  ///< Spreads of these kinds are there.
  bool of_one = false, of_several = false;  ///< Seeds of numbers whose spread is not over seeds.
  /// The first number over fewer seeds than planned, of those over what all rows have where there are any.
  const PivotCell* incomplete = nullptr;
  std::int64_t least_examples = std::numeric_limits<std::int64_t>::max(),
               most_examples = 0;  ///< Of those whose spread is over examples; 0: not known.
};

Content content_of(const Pivot& pivot, Spread spread) {
  Content content;
  for (const PivotGroup& group : pivot.groups)
    for (const PivotCell& cell : group.values) {
      const auto n = static_cast<std::int64_t>(cell.summary.n);
      content.most_planned = std::max(content.most_planned, cell.planned);
      content.most_seeds = std::max(content.most_seeds, n);
      if (n == 0) continue;
      content.least_planned = std::min(content.least_planned, cell.planned);
      content.least_seeds = std::min(content.least_seeds, n);
      if (cell.missing() > 0 &&
          (!content.incomplete || (content.incomplete->over == Over::own && cell.over == Over::common)))
        content.incomplete = &cell;
      const Source source = source_of(cell, spread);
      content.over_seeds = content.over_seeds || source == Source::seeds;
      content.without = content.without || source == Source::none;
      if (source != Source::seeds) (n == 1 ? content.of_one : content.of_several) = true;
      if (source != Source::examples) continue;
      content.over_examples = true;
      content.least_examples = std::min(content.least_examples, cell.examples.n);
      content.most_examples = std::max(content.most_examples, cell.most_examples);
    }
  return content;
}

/// "the 40 examples", "the 20 to 40 examples"
std::string examples_words(const Content& content) {
  if (content.least_examples == 0) return "examples";
  if (content.least_examples == content.most_examples)
    return fmt::format("the {} examples", with_commas(content.most_examples));
  return fmt::format("the {} to {} examples", with_commas(content.least_examples),
                     with_commas(content.most_examples));
}

void add_spread_notes(const Content& content, Spread spread, std::vector<std::string>& notes) {
  if (content.most_planned == 0) return;
  const std::int64_t n = content.most_seeds > 0 ? content.most_seeds : content.most_planned;
  const bool varies = content.most_seeds > 0 && content.least_planned < content.most_planned &&
                      content.least_seeds < content.most_seeds;
  const std::string seeds = content.most_planned == 1 ? "one seed"
                            : varies ? fmt::format("{} to {} seeds", content.least_seeds, content.most_seeds)
                            : n == content.most_planned
                                ? fmt::format("{} seeds", n)
                                : fmt::format("{} of {} seeds", n, content.most_planned);
  const std::string examples = "±: standard error over " + examples_words(content);
  if (content.over_seeds) {
    notes.push_back(fmt::format("{} over {}", spread_words(spread), seeds));
    const char* why = !content.of_one       ? "seeds show no spread"
                      : !content.of_several ? "one seed"
                                            : "one seed, or seeds show no spread";
    if (content.over_examples) notes.push_back(fmt::format("{}: {}; {}", kExamplesMark, why, examples));
    if (content.without) notes.push_back(fmt::format("without ±: {}, and none is known over examples", why));
  } else if (content.over_examples) {
    notes.push_back(content.most_planned == 1 ? fmt::format("one seed; {}", examples)
                    : n == 1                  ? seeds
                                              : fmt::format("mean over {}, which show no spread", seeds));
    if (content.most_planned > 1) notes.push_back(examples);
    if (content.without) notes.emplace_back("without ±: none is known over examples either");
  } else if (content.most_planned == 1) {
    notes.emplace_back(spread == Spread::none ? "one seed" : "one seed: no spread");
  } else {
    notes.push_back(fmt::format("mean over {}{}", seeds,
                                spread == Spread::none || content.most_seeds == 0 ? ""
                                : content.of_several                              ? ", which show no spread"
                                                                                  : ": no spread is known"));
  }
  if (content.over_examples && content.most_planned > 1)
    notes.emplace_back("examples are the same under every seed: their error does not shrink with seeds");
}

/// "kind (2 levels), tokens (3 levels)", with the number of cells where it is not the product.
std::string axes_words(const Pivot& pivot, const Selection& selection) {
  std::vector<std::string> words;
  std::size_t product = 1;
  for (std::size_t i = 0; i < pivot.averaged.size(); ++i) {
    std::set<AxisLevel> levels;
    for (const Setting& setting : selection.settings)
      if (setting[i]) levels.insert(*setting[i]);
    words.push_back(levels.size() == 1 ? fmt::format("{} = {}", pivot.averaged[i], levels.begin()->label)
                                       : fmt::format("{} ({} levels)", pivot.averaged[i], levels.size()));
    product *= levels.size();
  }
  return join(words, ", ") +
         (product == selection.settings.size() ? "" : fmt::format(": {} cells", selection.settings.size()));
}

std::string list_words(const std::vector<std::string>& items) {
  constexpr std::size_t kShown = 4;
  std::vector<std::string> shown(items.begin(),
                                 items.begin() + static_cast<std::ptrdiff_t>(std::min(items.size(), kShown)));
  if (items.size() > kShown) shown.push_back(fmt::format("{} more", items.size() - kShown));
  return join(shown, "; ");
}

/// "tokens = 4; tokens = 8 (kind = mlp: failed); mix = a (kind = mlp: no such cell)"
std::string left_out_words(const std::vector<PivotLeftOut>& items) {
  std::vector<std::string> groups;
  for (auto begin = items.begin(); begin != items.end();) {
    const auto end =
        std::find_if(begin, items.end(), [&](const auto& item) { return item.why != begin->why; });
    std::vector<std::string> alike;
    for (auto item = begin; item != end; ++item) alike.push_back(item->what);
    groups.push_back(fmt::format("{} ({})", list_words(alike), begin->why));
    begin = end;
  }
  return list_words(groups);
}

/// What rows over their own cells lack: a note for each of the first ones.
void add_row_notes(const std::vector<PivotRowLeftOut>& rows, std::vector<std::string>& notes) {
  constexpr std::size_t kShown = 3;
  const std::size_t shown = rows.size() > kShown + 1 ? kShown : rows.size();
  for (std::size_t i = 0; i < shown; ++i)
    notes.push_back(fmt::format("left out of {}: {}", rows[i].row, left_out_words(rows[i].items)));
  if (rows.size() > shown)
    notes.push_back(
        fmt::format("{} more rows lack something: --format csv has the cells and seeds of each mean",
                    rows.size() - shown));
}

/// Whether rows lack seeds of others by plan, not by failure, and share some.
bool rows_differ_in_seeds(const Pivot& pivot) {
  std::map<std::size_t, const PivotCell*> first;
  bool differ = false;
  for (const PivotGroup& group : pivot.groups)
    for (std::size_t v = 0; v < group.values.size(); ++v) {
      const PivotCell& cell = group.values[v];
      if (cell.summary.n == 0 || cell.missing() > 0) continue;
      const PivotCell& other = *first.emplace(v, &cell).first->second;
      const bool shared = std::any_of(cell.seeds.begin(), cell.seeds.end(), [&](std::uint64_t seed) {
        return std::binary_search(other.seeds.begin(), other.seeds.end(), seed);
      });
      differ |= shared && cell.seeds != other.seeds;
    }
  return differ;
}

std::vector<std::string> means_notes(const Pivot& pivot, const PivotMeans& means) {
  std::vector<std::string> notes;
  if (means.over == Over::own) {
    if (!pivot.averaged.empty())
      notes.push_back(fmt::format("each row is over its own cells: rows may differ by {}, too",
                                  join(pivot.averaged, ", ")));
    add_row_notes(means.rows_left_out, notes);
    if (rows_differ_in_seeds(pivot))
      notes.emplace_back(
          "rows are over different seeds, which may be part of their differences; --over common takes "
          "those that all have");
    return notes;
  }
  if (means.nothing_common) {
    notes.emplace_back("the rows have no seed in common: each is over its own");
    return notes;
  }
  if (means.selection.empty()) {  // [[include]] cells may have a number.
    add_row_notes(means.rows_left_out, notes);
    return notes;
  }
  if (!pivot.averaged.empty()) {
    std::vector<std::string> cells;
    for (const Setting& setting : means.selection.settings) {
      std::vector<std::string> words;
      for (std::size_t i = 0; i < setting.size(); ++i)
        if (setting[i]) words.push_back(pivot.averaged[i] + " = " + setting[i]->label);
      cells.push_back(words.empty() ? "no level of " + join(pivot.averaged, ", ") : join(words, ", "));
    }
    notes.push_back(means.cells_left_out.empty() && cells.size() > 1
                        ? "averaged, within each seed, over " + axes_words(pivot, means.selection)
                        : "averaged, within each seed, over what all rows have: " + list_words(cells));
  }
  for (const auto* left_out : {&means.cells_left_out, &means.seeds_left_out})
    if (!left_out->empty()) notes.push_back("left out: " + left_out_words(*left_out));
  std::vector<std::string> apart;
  if (means.some_apart)
    apart.emplace_back("no cell in common with the other rows, as an axis does not apply");
  if (means.some_labelled) apart.emplace_back("an [[include]] cell, which stands alone beside averages");
  if (!apart.empty()) notes.push_back(fmt::format("{}: {}", kApartMark, join(apart, ", or ")));
  add_row_notes(means.rows_left_out, notes);
  return notes;
}

/// Numbers of examples.
struct Range {
  std::int64_t least = std::numeric_limits<std::int64_t>::max(), most = 0;
  void add(std::int64_t n) {
    least = std::min(least, n);
    most = std::max(most, n);
  }
  bool varies() const { return least < most; }
  auto operator<=>(const Range&) const = default;
};

/// What is known of the n of some numbers.
struct Questions {
  Range n;
  std::map<std::size_t, Range> by_settings;
  void add(const PivotCell& cell) {
    for (const ExampleError& run : cell.of_runs) {
      n.add(run.n);
      by_settings[run.settings].add(run.n);
    }
  }
  /// Whether evaluations with the same keys and data differ in n.
  bool are_left_out() const {
    return std::any_of(by_settings.begin(), by_settings.end(),
                       [](const auto& entry) { return entry.second.varies(); });
  }
};

/// Whether two means are over evaluations of the same n, cell by cell where they are over the same ones.
bool same_n(const PivotCell& a, const PivotCell& b) {
  if (a.over == Over::common && b.over == Over::common)
    return std::equal(a.of_runs.begin(), a.of_runs.end(), b.of_runs.begin(), b.of_runs.end(),
                      [](const ExampleError& x, const ExampleError& y) { return x.n == y.n; });
  return a.examples.n == b.examples.n && a.most_examples == b.most_examples;
}

/// "5 to 12", "12"
std::string range_words(const Range& n) {
  return n.varies() ? fmt::format("{} to {}", with_commas(n.least), with_commas(n.most))
                    : with_commas(n.most);
}

std::string questions_words(const char* where, const Questions& questions) {
  return fmt::format("n differs between {}, {} examples, {}", where, range_words(questions.n),
                     questions.are_left_out()
                         ? "so they were not asked the same questions: those that do not fit or lack "
                           "examples are left out"
                         : "as they are evaluated with other settings or data");
}

/// Where n differs among the numbers of one value: between the rows of a column, else within their means, and
/// between columns. Else nothing.
std::string questions_note(const Pivot& pivot, const PivotLayout& layout, std::size_t value) {
  std::map<std::vector<RunLevel>, std::vector<const PivotCell*>> columns;
  for (const PivotGroup& group : pivot.groups)
    if (const PivotCell& cell = group.values[value]; cell.summary.n > 0 && cell.examples.n > 0)
      columns[{group.levels.begin() + static_cast<std::ptrdiff_t>(layout.rows.size()), group.levels.end()}]
          .push_back(&cell);
  Questions all, rows;
  std::set<Range> of_columns;
  bool within = false, all_common = true;
  for (const auto& [levels, cells] : columns) {
    Questions questions;
    bool alike = true;
    for (const PivotCell* cell : cells) {
      questions.add(*cell);
      all.add(*cell);
      within = within || cell->examples.n < cell->most_examples;
      all_common = all_common && cell->over == Over::common;
      alike = alike && same_n(*cell, *cells.front());
    }
    of_columns.insert(questions.n);
    if (!alike)
      for (const PivotCell* cell : cells) rows.add(*cell);
  }
  if (rows.n.varies()) return questions_words("rows", rows);
  if (of_columns.size() > 1) return questions_words("columns", all);
  if (!within) return "";
  return fmt::format("n differs within each mean, {} examples{}", range_words(all.n),
                     all_common ? ", and in the same way in all rows" : "");
}

/// "vqa/0-shot, vqa-chance/0-shot over 7; vqa/2-shot over 1": where the values of a table, which stand in
/// columns beside one another, are over different numbers of examples. Else nothing.
std::string values_note(const Pivot& pivot, const PivotLayout& layout) {
  std::vector<std::pair<Range, std::vector<std::string>>>
      values_of;  // Of each range, the first values first.
  for (std::size_t v = 0; v < layout.values.size(); ++v) {
    Questions questions;
    for (const PivotGroup& group : pivot.groups)
      if (const PivotCell& cell = group.values[v]; cell.summary.n > 0 && cell.examples.n > 0)
        questions.add(cell);
    if (questions.n.most == 0) continue;
    const auto same = [&](const auto& entry) { return entry.first == questions.n; };
    auto found = std::find_if(values_of.begin(), values_of.end(), same);
    if (found == values_of.end()) found = values_of.insert(found, {questions.n, {}});
    found->second.push_back(layout.values[v]);
  }
  if (values_of.size() < 2) return "";
  std::vector<std::string> words;
  for (const auto& [n, values] : values_of)
    words.push_back(fmt::format("{} over {}", join(values, ", "), range_words(n)));
  return "n differs between scores, so they are not over the same examples: " + join(words, "; ");
}

/// A note for all values that share it, which it names where there are others.
void add_questions_notes(const Pivot& pivot, const PivotLayout& layout, std::vector<std::string>& notes) {
  std::vector<std::pair<std::string, std::vector<std::string>>> values_of;  // Of each note.
  for (std::size_t v = 0; v < layout.values.size(); ++v) {
    const std::string note = questions_note(pivot, layout, v);
    if (note.empty()) continue;
    const auto same = [&](const auto& entry) { return entry.first == note; };
    auto found = std::find_if(values_of.begin(), values_of.end(), same);
    if (found == values_of.end()) found = values_of.insert(found, {note, {}});
    found->second.push_back(layout.values[v]);
  }
  for (const auto& [note, values] : values_of)
    notes.push_back(values.size() == layout.values.size() ? note
                                                          : fmt::format("{}: {}", join(values, ", "), note));
}

}  // namespace

bool mixes_sources(const Pivot& pivot, Spread spread) {
  const Content content = content_of(pivot, spread);
  return content.over_seeds && content.over_examples;
}

bool stands_apart(const Pivot& pivot, const PivotGroup& group, std::size_t value) {
  return !pivot.means[value].selection.empty() && group.values[value].over == Over::own;
}

std::vector<std::string> pivot_notes(const Pivot& pivot, const PivotLayout& layout) {
  const Content content = content_of(pivot, layout.spread);
  std::vector<std::string> notes;
  if (layout.of_cell_means)
    notes.emplace_back(
        "each run has a seed of its own: means over cells, of the means of their runs, without a spread; "
        "`ablate effects` "
        "has intervals");
  else
    add_spread_notes(content, layout.spread, notes);
  const bool alike = std::all_of(pivot.means.begin(), pivot.means.end(),
                                 [&](const PivotMeans& means) { return means == pivot.means.front(); });
  for (std::size_t v = 0; v < pivot.means.size(); ++v) {
    if (alike && v > 0) break;
    for (std::string& note : means_notes(pivot, pivot.means[v]))
      notes.push_back(alike ? std::move(note) : fmt::format("{}: {}", layout.values[v], note));
  }
  if (std::string note = values_note(pivot, layout); !note.empty()) notes.push_back(std::move(note));
  add_questions_notes(pivot, layout, notes);
  if (content.incomplete) {
    const bool own = pivot.means.front().over == Over::own;
    const std::size_t n = content.incomplete->summary.n;
    notes.push_back(fmt::format("({0}/{1}): {0} of {1} seeds {2} in the mean{3}", n,
                                content.incomplete->planned, n == 1 ? "is" : "are",
                                content.incomplete->over == Over::common ? "; --over own: those of each row"
                                : own && pivot.averaged.empty() ? "; --over common: those that all rows have"
                                                                : ""));
  }
  return notes;
}

}  // namespace ablate
