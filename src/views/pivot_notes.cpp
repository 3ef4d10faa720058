#include "views/pivot_notes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
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
  bool over_seeds = false, over_examples = false, without = false;  ///< Spreads of these kinds are there.
  bool of_one = false, of_several = false;  ///< Seeds of numbers whose spread is not over seeds.
  bool incomplete = false;                  ///< Numbers over fewer seeds than planned.
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
      content.incomplete = content.incomplete || cell.missing() > 0;
      const Source source = source_of(cell, spread);
      content.over_seeds = content.over_seeds || source == Source::seeds;
      content.without = content.without || source == Source::none;
      if (source != Source::seeds) (n == 1 ? content.of_one : content.of_several) = true;
      if (source != Source::examples) continue;
      content.over_examples = true;
      content.least_examples = std::min(content.least_examples, cell.examples.n);
      content.most_examples = std::max(content.most_examples, cell.examples.n);
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
  const std::string seeds = content.most_planned == 1 ? "one seed"
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
    notes.push_back(
        fmt::format("mean over {}{}", seeds,
                    spread == Spread::none || content.most_seeds == 0 ? "" : ": no spread is known"));
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

std::vector<std::string> means_notes(const Pivot& pivot, const PivotMeans& means) {
  std::vector<std::string> notes;
  if (means.over == Over::own) {
    if (!pivot.averaged.empty())
      notes.push_back(fmt::format("each row is over its own cells: rows may differ by {}, too",
                                  join(pivot.averaged, ", ")));
    add_row_notes(means.rows_left_out, notes);
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
      cells.push_back(join(words, ", "));
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

/// Where the numbers of one value are over different numbers of examples: so the rows differ by their
/// questions, too. Else nothing.
std::string questions_note(const Pivot& pivot, std::size_t value) {
  std::int64_t least = std::numeric_limits<std::int64_t>::max(), most = 0;
  for (const PivotGroup& group : pivot.groups) {
    const PivotCell& cell = group.values[value];
    if (cell.summary.n == 0 || cell.examples.n == 0) continue;
    least = std::min(least, cell.examples.n);
    most = std::max(most, cell.most_examples);
  }
  if (least >= most) return "";
  return fmt::format(
      "n differs: {} to {} examples, so the rows were not asked the same questions; questions that do not "
      "fit "
      "or lack examples are left out of some rows",
      with_commas(least), with_commas(most));
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
  add_spread_notes(content, layout.spread, notes);
  const bool alike = std::all_of(pivot.means.begin(), pivot.means.end(),
                                 [&](const PivotMeans& means) { return means == pivot.means.front(); });
  for (std::size_t v = 0; v < pivot.means.size(); ++v) {
    if (alike && v > 0) break;
    for (std::string& note : means_notes(pivot, pivot.means[v]))
      notes.push_back(alike ? std::move(note) : fmt::format("{}: {}", layout.values[v], note));
  }
  for (std::size_t v = 0; v < layout.values.size(); ++v)
    if (const std::string note = questions_note(pivot, v); !note.empty())
      notes.push_back(layout.values.size() == 1 ? note : fmt::format("{}: {}", layout.values[v], note));
  if (content.incomplete) {
    const bool own = pivot.means.front().over == Over::own;
    notes.push_back(fmt::format("(2/3): 2 of 3 seeds are in the mean{}",
                                !own                     ? "; --over own: all that each row has"
                                : pivot.averaged.empty() ? "; --over common: those that all rows have"
                                                         : ""));
  }
  return notes;
}

}  // namespace ablate
