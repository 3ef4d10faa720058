#include "program/import_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "law/run_state.hpp"
#include "law/runs.hpp"
#include "program/law_columns.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr const char* kNone = "none";
const std::string kOptunaPrefix = "params_";

/// Last words of names that are called like a score, and of those of which less is better.
constexpr std::string_view kScoreWords[] = {
    "score",     "accuracy", "acc", "value", "f1",     "bleu", "rouge", "cider", "meteor", "recall",
    "precision", "auc",      "map", "miou",  "reward", "em",   "loss",  "nll",   "ppl",    "perplexity",
    "error",     "err",      "wer", "cer",   "mse",    "rmse", "mae",   "fid"};
constexpr std::string_view kLowerWords[] = {
    "loss", "nll", "ppl", "perplexity", "error", "err", "wer",  "cer", "mse",   "rmse",    "mae",
    "fid",  "kid", "ece", "bpb",        "bpc",   "eer", "xent", "ce",  "brier", "entropy", "kl"};
/// Of these words, with "rate" after them, less is better, too: "error_rate".
constexpr std::string_view kLowerRates[] = {"error",     "err",  "failure", "hallucination",
                                            "rejection", "miss", "dropout"};
/// Names of columns that neither vary on purpose nor judge a run, and last words of such names.
constexpr std::string_view kBookkeeping[] = {"source",
                                             "sources",
                                             "note",
                                             "notes",
                                             "comment",
                                             "comments",
                                             "description",
                                             "url",
                                             "link",
                                             "user",
                                             "username",
                                             "host",
                                             "hostname",
                                             "tags",
                                             "created",
                                             "updated",
                                             "created_at",
                                             "updated_at",
                                             "sweep",
                                             "group",
                                             "job_type",
                                             "project",
                                             "entity",
                                             "cell",
                                             "label",
                                             "path",
                                             "file",
                                             "commit",
                                             "git",
                                             "_wandb",
                                             "name",
                                             "datetime_start",
                                             "datetime_complete",
                                             "_timestamp",
                                             "timestamp",
                                             "epoch",
                                             "_step",
                                             "global_step",
                                             "trainer/global_step",
                                             "_runtime",
                                             "id",
                                             "run_id",
                                             "state",
                                             "gpu type",
                                             "agent",
                                             "run_name",
                                             "unnamed: 0"};
constexpr std::string_view kBookkeepingPrefixes[] = {
    "tags.",   "rank_test_", "std_test_", "std_train_", "split0_",     "split1_",
    "split2_", "split3_",    "split4_",   "split5_",    "split6_",     "split7_",
    "split8_", "split9_",    "mean_fit_", "std_fit_",   "mean_score_", "std_score_"};
/// Names of settings, which are no scores however much they look like some.
constexpr std::string_view kSettings[] = {
    "lr",       "learning_rate", "learning rate", "rate",   "wd",           "weight_decay", "decay",
    "momentum", "dropout",       "batch_size",    "batch",  "bs",           "width",        "depth",
    "layers",   "hidden",        "temperature",   "warmup", "warmup_steps", "steps",        "epochs",
    "beta1",    "beta2",         "alpha",         "gamma",  "eps",          "epsilon",      "patience",
    "heads",    "dim",           "size",          "shots",  "tokens",       "params",       "resolution"};
constexpr std::string_view kMeasured[] = {"flops",   "flop",  "gflop",   "gflops",   "tflops", "seconds",
                                          "minutes", "hours", "runtime", "duration", "time",   "date"};

template <std::size_t N>
bool is_one_of(const std::string_view (&words)[N], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

std::string last_word(std::string_view name) {
  const std::size_t at = name.find_last_of(" -/._");
  return lower_case(name.substr(at == std::string_view::npos ? 0 : at + 1));
}

/// Whether less of a score is better, by its name: "val_loss", "error_rate", "bits-per-byte".
bool reads_as_lower(std::string_view name) {
  const std::string last = last_word(name);
  if (is_one_of(kLowerWords, last) || lower_case(name).find("bits-per-byte") != std::string::npos)
    return true;
  return last == "rate" && name.size() > last.size() &&
         is_one_of(kLowerRates, last_word(name.substr(0, name.size() - last.size() - 1)));
}

/// Whether a column has seeds, by its name: "random_state", "trainer.seed", "rng_seed", "seed_everything".
bool reads_as_seed(std::string_view name) {
  const std::string plain = plain_name(name);
  return plain == "random_state" || plain == "rng" || plain == "seed" || plain.ends_with("_random_state") ||
         plain.ends_with("_seed") || plain.starts_with("seed_");
}

/// A setting's name, or one that ends in it: "optimizer.lr", "train/weight_decay".
bool reads_as_setting(std::string_view name) {
  if (last_word(name) == "rate" && reads_as_lower(name)) return false;
  return is_one_of(kSettings, last_word(name)) || is_one_of(kSettings, lower_case(name)) ||
         plain_name(name).ends_with("learning_rate");
}

/// What is in a column.
struct ColumnFacts {
  ColumnLevels levels;
  std::size_t values = 0;  ///< Rows that have one.
  bool numbers = false;    ///< All of them are, without a unit, and one at least is finite.
  bool fractions = false;
};

ColumnFacts look_at(const TextTable& table, std::size_t column) {
  ColumnFacts facts{.levels = read_levels(table, column)};
  bool finite = false, words = false;
  for (const TableRow& row : table.rows) {
    const std::string& cell = row.cells[column];
    if (is_missing_cell(cell)) continue;
    ++facts.values;
    const auto number = plain_number_in_cell(cell);
    words = words || !number;
    if (!number || !std::isfinite(*number)) continue;
    finite = true;
    facts.fractions = facts.fractions || *number != std::floor(*number);
  }
  facts.numbers = finite && !words;
  return facts;
}

bool says_the_same(const ColumnLevels& a, const ColumnLevels& b) {
  std::set<std::pair<int, int>> pairs;
  for (std::size_t row = 0; row < a.of_row.size(); ++row) pairs.emplace(a.of_row[row], b.of_row[row]);
  const std::set<int> first(a.of_row.begin(), a.of_row.end()), second(b.of_row.begin(), b.of_row.end());
  return pairs.size() == first.size() && pairs.size() == second.size();
}

class Chooser {
 public:
  Chooser(const ImportRequest& request, const TextTable& table)
      : request_(request), table_(table), purpose_(table.columns.size()) {}

  ImportChoice choose() {
    take_named();
    take_usual();
    for (std::size_t i = 0; i < table_.columns.size(); ++i) facts_.push_back(look_at(table_, i));
    if (choice_.scores.empty()) guess_scores();
    if (choice_.axes.empty()) guess_axes();
    choose_directions();
    for (std::size_t i = 0; i < table_.columns.size(); ++i)
      if (purpose_[i].empty() && !table_.columns[i].empty()) choice_.not_read.push_back(i);
    return std::move(choice_);
  }

 private:
  /// A column for one purpose. Throws Error where it has another one.
  std::size_t take(const std::string& name, const char* purpose) {
    const std::string prefixed = kOptunaPrefix + name;
    const auto has = [&](const std::string& one) {
      return std::find(table_.columns.begin(), table_.columns.end(), one) != table_.columns.end();
    };
    const std::size_t column = table_.column(!has(name) && has(prefixed) ? prefixed : name);
    if (!purpose_[column].empty())
      throw Error(fmt::format("{}: the column '{}' is named for {} and {}; expected one purpose", table_.name,
                              one_line(name), purpose_[column], purpose));
    purpose_[column] = purpose;
    return column;
  }

  void take_named() {
    for (const std::string& name : request_.axes) choice_.axes.push_back(take(name, "--axis"));
    for (const std::string& name : request_.scores) add_score(take(name, "--score"));
    if (!request_.seed.empty() && request_.seed != kNone) choice_.seed = take(request_.seed, "--seed");
    if (!request_.cost.empty()) choice_.cost = take(request_.cost, "--cost");
    if (!request_.state.empty() && request_.state != kNone) choice_.state = take(request_.state, "--state");
  }

  void add_score(std::size_t column) {
    ScoreColumn score{.column = column};
    const auto find = [&](const char* ending) -> std::optional<std::size_t> {
      const std::string name = table_.columns[column] + ending;
      const auto found = std::find(table_.columns.begin(), table_.columns.end(), name);
      if (found == table_.columns.end()) return std::nullopt;
      const auto place = static_cast<std::size_t>(found - table_.columns.begin());
      if (!purpose_[place].empty()) return std::nullopt;
      purpose_[place] = "a score's error";
      return place;
    };
    score.n = find("_n");
    score.standard_error = find("_se");
    if (score.n)
      choice_.guesses.push_back(fmt::format("{} is how many examples {} is over, by its name",
                                            one_line(table_.columns[*score.n]),
                                            one_line(table_.columns[column])));
    if (score.standard_error)
      choice_.guesses.push_back(fmt::format("{} is the standard error of {}, by its name",
                                            one_line(table_.columns[*score.standard_error]),
                                            one_line(table_.columns[column])));
    choice_.scores.push_back(score);
  }

  /// A column by its usual names, unless it was named for something else.
  std::optional<std::size_t> find_usual(const std::vector<std::vector<std::string>>& known) const {
    const std::string name = find_known_column(known, table_);
    if (name.empty()) return std::nullopt;
    const std::size_t column = table_.column(name);
    return purpose_[column].empty() ? std::optional(column) : std::nullopt;
  }
  static const std::vector<std::vector<std::string>>& known_as(const char* option) {
    const auto specs = column_specs();
    return std::find_if(specs.begin(), specs.end(),
                        [&](const ColumnSpec& spec) { return std::string_view(spec.option) == option; })
        ->known;
  }

  void take_usual() {
    const auto all = [&](std::size_t column, auto knows) {
      return std::all_of(table_.rows.begin(), table_.rows.end(), [&](const TableRow& row) {
        return is_missing_cell(row.cells[column]) || knows(trim_unseen(row.cells[column]));
      });
    };
    if (request_.state.empty())
      if (const auto column = find_usual(known_as("--state"));
          column && all(*column, [](std::string_view word) { return parse_run_state(word).has_value(); }))
        guess(choice_.state = column, "state", "the state of a run");
    if (const auto column = find_usual(known_as("--diverged"));
        column && all(*column, [](std::string_view word) { return parse_flag(word).has_value(); }))
      guess(choice_.diverged = column, "diverged", "whether a run diverged");
    if (request_.seed.empty())
      if (const auto column = find_seed())
        guess(choice_.seed = column, "seed", "the seed, whose runs are a block");
    if (const auto column = find_usual(known_as("--key"))) {
      choice_.key = column;
      purpose_[*column] = "key";
    }
    for (std::size_t i = 0; i < table_.columns.size(); ++i)
      if (table_.columns[i].ends_with("_n") || table_.columns[i].ends_with("_se"))
        if (const std::string of = table_.columns[i].substr(0, table_.columns[i].rfind('_'));
            std::find(table_.columns.begin(), table_.columns.end(), of) != table_.columns.end())
          companions_.insert(i);
  }

  /// "seed" goes before other names, and they before "block". Throws Error where several others vary.
  std::optional<std::size_t> find_seed() const {
    if (const auto column = find_usual({{"seed"}, {"random_seed"}, {"params_seed", "config_seed"}}))
      return column;
    std::vector<std::size_t> found, varied;
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (!purpose_[i].empty() || !reads_as_seed(table_.columns[i]) || !has_whole_numbers(i)) continue;
      found.push_back(i);
      if (read_levels(table_, i).labels.size() > 1) varied.push_back(i);
    }
    if (varied.size() > 1)
      throw Error(
          fmt::format("{}: several columns are called like a seed: {}; expected --seed with one of them, and "
                      "--axis with another that was varied on purpose",
                      table_.name, names(varied)));
    if (!varied.empty()) return varied.front();
    return found.empty() ? find_usual({{"block"}}) : std::optional(found.front());
  }
  bool has_whole_numbers(std::size_t column) const {
    bool any = false;
    for (const TableRow& row : table_.rows) {
      if (is_missing_cell(row.cells[column])) continue;
      const auto number = plain_number_in_cell(row.cells[column]);
      if (!number || *number != std::floor(*number)) return false;
      any = true;
    }
    return any;
  }

  void guess(const std::optional<std::size_t>& column, const char* purpose, const char* meaning) {
    purpose_[*column] = purpose;
    choice_.guesses.push_back(
        fmt::format("{} is {}, by its name", one_line(table_.columns[*column]), meaning));
  }

  static bool is_bookkeeping(const std::string& name) {
    // MLflow's tags; what scikit-learn's search has besides mean_test_score.
    const bool prefixed =
        std::any_of(std::begin(kBookkeepingPrefixes), std::end(kBookkeepingPrefixes),
                    [&](std::string_view prefix) { return lower_case(name).starts_with(prefix); });
    return prefixed || is_one_of(kBookkeeping, lower_case(name)) || is_one_of(kMeasured, last_word(name));
  }
  /// Whether a column may be an axis or a score that nobody named.
  bool is_free(std::size_t column) const {
    const std::string& name = table_.columns[column];
    return purpose_[column].empty() && !name.empty() && companions_.count(column) == 0 &&
           !is_bookkeeping(name) && !name.starts_with("user_attrs_") && !name.starts_with("system_attrs_");
  }
  std::string names(const std::vector<std::size_t>& columns) const {
    std::vector<std::string> parts;
    for (const std::size_t column : columns) parts.push_back(one_line(table_.columns[column]));
    return join(parts, ", ");
  }
  [[noreturn]] void fail(const char* what, const char* option) const {
    throw Error(fmt::format("{}: no column is known to be {}; name it with {}; there are: {}", table_.name,
                            what, option, one_line(join(table_.columns, ", "))));
  }

  static bool hardly_repeats(const ColumnFacts& facts) {
    const std::size_t distinct = facts.levels.labels.size();
    return distinct * 5 > facts.values * 4 || (facts.fractions && distinct * 2 > facts.values);
  }

  void guess_scores() {
    std::vector<std::size_t> numbers, found;
    for (std::size_t i = 0; i < table_.columns.size(); ++i)
      if (is_free(i) && facts_[i].numbers && !table_.columns[i].starts_with(kOptunaPrefix))
        numbers.push_back(i);
    const char* why = "it is called like a score";
    for (const std::size_t i : numbers)
      if (is_one_of(kScoreWords, last_word(table_.columns[i])) || table_.columns[i].starts_with("values_"))
        found.push_back(i);
    if (found.empty()) {
      std::vector<std::size_t> others;  // Numbers that may as well be scores.
      for (const std::size_t i : numbers) {
        if (reads_as_setting(table_.columns[i])) continue;
        if (facts_[i].fractions && hardly_repeats(facts_[i]))
          found.push_back(i);
        else if (hardly_repeats(facts_[i]))
          others.push_back(i);
      }
      why = "numbers with fractions that hardly repeat";
      if (!others.empty() || found.empty() || (found.size() > 1 && has_repeats())) refuse_to_guess(numbers);
    }
    // What is called like a score may be a setting: noise in labels, a largest value.
    const auto is_other = [&](std::size_t i) {
      return std::find(found.begin(), found.end(), i) == found.end() && facts_[i].fractions &&
             hardly_repeats(facts_[i]) && !reads_as_setting(table_.columns[i]);
    };
    if (std::none_of(found.begin(), found.end(), [&](std::size_t i) { return hardly_repeats(facts_[i]); }) &&
        std::any_of(numbers.begin(), numbers.end(), is_other))
      refuse_to_guess(numbers);
    for (const std::size_t column : found) {
      purpose_[column] = "score";
      add_score(column);
    }
    choice_.guesses.push_back(
        fmt::format("{} {} ({})", names(found), found.size() == 1 ? "is the score" : "are the scores", why));
  }

  /// Throws Error: which columns may be the score, and what speaks for and against each.
  [[noreturn]] void refuse_to_guess(const std::vector<std::size_t>& numbers) const {
    if (numbers.empty()) fail("a score", "--score");
    std::vector<std::string> parts;
    for (const std::size_t i : numbers) {
      const ColumnFacts& facts = facts_[i];
      parts.push_back(fmt::format("{} ({}, {} in {}{})", one_line(table_.columns[i]),
                                  facts.fractions ? "fractions" : "whole numbers",
                                  count_of(std::ssize(facts.levels.labels), "value"),
                                  count_of(static_cast<std::int64_t>(facts.values), "row"),
                                  reads_as_setting(table_.columns[i]) ? ", called like a setting" : ""));
    }
    throw Error(fmt::format("{}: it is not clear which column is the score; name it with --score: {}",
                            table_.name, join(parts, ", ")));
  }

  /// Whether several runs have the same levels and no seed says why: then what hardly repeats may be a
  /// sampled axis as well.
  bool has_repeats() const {
    std::vector<std::size_t> axes = choice_.axes;
    for (std::size_t i = 0; request_.axes.empty() && i < table_.columns.size(); ++i)
      if (may_be_axis(i)) axes.push_back(i);
    std::set<std::vector<int>> cells;
    for (std::size_t row = 0; row < table_.rows.size(); ++row) {
      std::vector<int> cell;
      for (const std::size_t axis : axes) cell.push_back(facts_[axis].levels.of_row[row]);
      cells.insert(std::move(cell));
    }
    return !choice_.seed && cells.size() < table_.rows.size();
  }

  bool may_be_axis(std::size_t column) const {
    if (!is_free(column)) return false;
    const ColumnFacts& facts = facts_[column];
    const std::size_t levels = facts.levels.labels.size();
    return levels > 1 && levels * 2 <= table_.rows.size() + 1;
  }

  void guess_axes() {
    bool optuna = false;  // But for the seed, which may be one of its parameters.
    for (std::size_t i = 0; i < table_.columns.size(); ++i)
      optuna = optuna || (is_free(i) && table_.columns[i].starts_with(kOptunaPrefix));
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (optuna ? !(is_free(i) && table_.columns[i].starts_with(kOptunaPrefix)) : !may_be_axis(i)) continue;
      const auto same = std::find_if(choice_.axes.begin(), choice_.axes.end(), [&](std::size_t axis) {
        return !optuna && says_the_same(facts_[axis].levels, facts_[i].levels);
      });
      if (same != choice_.axes.end()) {
        choice_.guesses.push_back(fmt::format("{} is no axis: it says what {} says",
                                              one_line(table_.columns[i]), one_line(table_.columns[*same])));
        repeated_.insert(i);
        continue;
      }
      choice_.axes.push_back(i);
    }
    if (choice_.axes.empty()) fail("an axis, since none has values that repeat", "--axis");
    for (const std::size_t column : choice_.axes) purpose_[column] = "axis";
    std::vector<std::size_t> unread, bookkeeping;
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      const bool varies = facts_[i].levels.labels.size() > 1;
      if (!purpose_[i].empty() || !varies || repeated_.count(i) > 0) continue;
      if (is_bookkeeping(table_.columns[i]))
        bookkeeping.push_back(i);
      else if (facts_[i].numbers && companions_.count(i) == 0 && !table_.columns[i].empty())
        unread.push_back(i);
    }
    if (!unread.empty())
      choice_.guesses.push_back(
          fmt::format("{} {} not read: --score takes a column as a score, --axis as an axis that was sampled",
                      names(unread), unread.size() == 1 ? "is" : "are"));
    if (!bookkeeping.empty())
      choice_.guesses.push_back(fmt::format("{} {}: what a tracker keeps of each run, by {}",
                                            names(bookkeeping),
                                            bookkeeping.size() == 1 ? "is no axis" : "are no axes",
                                            bookkeeping.size() == 1 ? "its name" : "their names"));
    choice_.guesses.push_back(fmt::format("{} {} ({})", names(choice_.axes),
                                          choice_.axes.size() == 1 ? "is the axis" : "are the axes",
                                          optuna ? "Optuna's parameters" : "values that repeat"));
  }

  void choose_directions() {
    if (request_.lower_is_better.size() == 1 && request_.lower_is_better.front() == kNone) return;
    for (const std::string& name : request_.lower_is_better) {
      const std::size_t column = table_.column(name);
      const auto score = std::find_if(choice_.scores.begin(), choice_.scores.end(),
                                      [&](const ScoreColumn& one) { return one.column == column; });
      if (score == choice_.scores.end())
        throw Error(fmt::format("{}: --lower-is-better names '{}', which is no score; expected one of: {}",
                                table_.name, one_line(name), names(score_columns())));
      score->lower_is_better = true;
    }
    if (!request_.lower_is_better.empty()) return;
    std::vector<std::size_t> lower, higher;
    for (ScoreColumn& score : choice_.scores)
      if (reads_as_lower(table_.columns[score.column])) {
        score.lower_is_better = true;
        lower.push_back(score.column);
      } else {
        higher.push_back(score.column);
      }
    if (!higher.empty())
      choice_.guesses.push_back(
          fmt::format("higher is better of {} (--lower-is-better says otherwise)", names(higher)));
    if (!lower.empty())
      choice_.guesses.push_back(fmt::format("lower is better of {}, by {}", names(lower),
                                            lower.size() == 1 ? "its name" : "their names"));
  }
  std::vector<std::size_t> score_columns() const {
    std::vector<std::size_t> columns;
    for (const ScoreColumn& score : choice_.scores) columns.push_back(score.column);
    return columns;
  }

  const ImportRequest& request_;
  const TextTable& table_;
  std::vector<std::string> purpose_;  ///< Of each column; empty: none yet.
  std::vector<ColumnFacts> facts_;
  std::set<std::size_t> repeated_;    ///< Columns that say what an axis says.
  std::set<std::size_t> companions_;  ///< Columns NAME_n and NAME_se of a column NAME.
  ImportChoice choice_;
};

/// A cell that names no level. The word "none" is a level: an encoder loss, a connector.
bool has_no_level(std::string_view cell) {
  const std::string word = lower_case(trim_unseen(cell));
  return word == "nan" || (is_missing_cell(cell) && word != kNone);
}

}  // namespace

ColumnLevels read_levels(const TextTable& table, std::size_t column) {
  ColumnLevels levels;
  std::map<std::string, int> words;
  std::map<double, int> numbers;
  for (const TableRow& row : table.rows) {
    const std::string& cell = row.cells[column];
    levels.of_row.push_back(-1);
    if (has_no_level(cell)) continue;
    const std::string word(trim_unseen(cell));
    const auto number = number_in_cell(cell);
    const int next = static_cast<int>(levels.labels.size());
    const auto found = number && std::isfinite(*number) ? numbers.try_emplace(*number, next).first->second
                                                        : words.try_emplace(word, next).first->second;
    if (found == next) levels.labels.push_back(word);
    levels.of_row.back() = found;
  }
  if (!words.empty()) return levels;
  std::vector<int> place(levels.labels.size());
  std::vector<std::string> ascending;
  for (const auto& [number, level] : numbers) {
    place[static_cast<std::size_t>(level)] = static_cast<int>(ascending.size());
    ascending.push_back(levels.labels[static_cast<std::size_t>(level)]);
  }
  levels.labels = std::move(ascending);
  for (int& level : levels.of_row)
    if (level >= 0) level = place[static_cast<std::size_t>(level)];
  return levels;
}

std::string axis_name(const TextTable& table, std::size_t column) {
  const std::string& name = table.columns[column];
  if (!name.starts_with(kOptunaPrefix) || name.size() == kOptunaPrefix.size()) return name;
  std::string bare = name.substr(kOptunaPrefix.size());
  return std::find(table.columns.begin(), table.columns.end(), bare) == table.columns.end() ? bare : name;
}

ImportChoice choose_import_columns(const ImportRequest& request, const TextTable& table) {
  return Chooser(request, table).choose();
}

}  // namespace ablate
