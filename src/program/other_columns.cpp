#include "program/other_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "law/run_state.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

/// Where size, token count, batch, rate and loss of a row are.
struct Places {
  std::optional<std::size_t> params, tokens, batch, lr, loss;

  Places(const TextTable& table, const LawColumns& columns) {
    const auto find = [&](const std::string& name) {
      return name.empty() ? std::nullopt : std::optional(table.column(name));
    };
    params = find(columns.params), tokens = find(columns.tokens), batch = find(columns.batch);
    lr = find(columns.lr), loss = find(columns.loss);
  }
  static std::string text(const TableRow& row, std::optional<std::size_t> place) {
    return place ? row.cells[*place] : std::string();
  }
  std::vector<std::string> scan(const TableRow& row) const {
    return {text(row, params), text(row, tokens), text(row, batch)};
  }
};

/// The rates of each value of a column at one size, token count and batch.
using LevelRates = std::map<std::string, std::set<std::string>>;

/// Several values with several rates each, some of which two share: what an axis of a search looks like.
bool crosses_rates(const LevelRates& levels) {
  std::map<std::string, std::size_t> shared;
  std::size_t common = 0;
  for (const auto& [level, rates] : levels)
    for (const std::string& rate : rates) common += ++shared[rate] == 2;
  return common > 1;
}
/// Whether two values have several rates each: no name of a run, and no measurement.
bool divides_rates(const LevelRates& levels) {
  return std::count_if(levels.begin(), levels.end(), [](const auto& one) { return one.second.size() > 1; }) >
         1;
}

/// A note on a column with few values, several of which have several rates; empty: it is no such column.
std::string recurring_note(const TextTable& table, std::size_t place, const Places& places) {
  constexpr std::size_t kMostLevels = 12;
  std::set<std::string> levels;
  std::map<std::vector<std::string>, LevelRates> scans;
  for (const TableRow& row : table.rows) {
    const std::string level = row.cells[place].empty() ? "(empty)" : row.cells[place];
    levels.insert(level);
    if (levels.size() > kMostLevels) return {};
    scans[places.scan(row)][level].insert(Places::text(row, places.lr));
  }
  bool divided = false, crossed = false;
  for (const auto& [scan, rates] : scans) {
    if (!divides_rates(rates)) continue;
    divided = true;
    crossed = crossed || crosses_rates(rates);
  }
  if (!divided) return {};
  const std::string column = one_line(table.columns[place]);
  return fmt::format(
      "column {} ({}) differs between runs of one size, token count{}: if it is a setting, "
      "these are different experiments{}; --where {}=VALUE leaves one",
      column, one_line(join(std::vector<std::string>(levels.begin(), levels.end()), ", ")),
      crossed ? ", batch and rate" : " and batch, at other rates",
      crossed ? "" : " whose losses are taken for the rate's", column);
}

/// Rate (or loss) and the column's number of the runs of one scan.
using Points = std::vector<std::pair<double, double>>;

/// Whether y is affine in x, but for the digits with which both were written. False where x does not tell.
bool is_affine(const Points& points, double (*of_x)(double), double (*of_y)(double)) {
  constexpr double kRounding = 2e-3;  // Of the range: three digits.
  const auto [low, high] = std::minmax_element(points.begin(), points.end());
  const double x0 = of_x(low->first), x1 = of_x(high->first);
  const double y0 = of_y(low->second), y1 = of_y(high->second);
  if (!(x1 > x0) || !std::isfinite(y0) || !std::isfinite(y1)) return false;
  return std::all_of(points.begin(), points.end(), [&](const auto& point) {
    const double line = y0 + (y1 - y0) * (of_x(point.first) - x0) / (x1 - x0);
    return std::abs(of_y(point.second) - line) <= kRounding * std::abs(y1 - y0);
  });
}

/// Whether a column follows from another one, in all scans in the same way. Two points are a line of their
/// own: some scan has to have three.
bool follows(const TextTable& table, std::size_t place, std::optional<std::size_t> other,
             const Places& places) {
  std::map<std::vector<std::string>, Points> scans;
  for (const TableRow& row : table.rows) {
    const auto x = number_in_cell(Places::text(row, other)), y = number_in_cell(row.cells[place]);
    if (x && y && std::isfinite(*x) && std::isfinite(*y)) scans[places.scan(row)].emplace_back(*x, *y);
  }
  std::erase_if(scans, [](const auto& scan) {
    std::set<double> apart;
    for (const auto& point : scan.second) apart.insert(point.first);
    return apart.size() < 3;
  });
  const auto itself = [](double x) { return x; };
  const auto log = [](double x) { return std::log(x); };
  const auto all = [&](double (*of_x)(double), double (*of_y)(double)) {
    return std::all_of(scans.begin(), scans.end(),
                       [&](const auto& scan) { return is_affine(scan.second, of_x, of_y); });
  };
  return !scans.empty() && (all(itself, itself) || all(log, itself) || all(log, log) || all(itself, log));
}

/// Whether a column counts the rows, by ones or in other steps.
bool numbers_rows(const std::vector<double>& values) {
  for (std::size_t i = 2; i < values.size(); ++i)
    if (values[i] - values[i - 1] != values[1] - values[0]) return false;
  return values.size() > 2;
}

/// A finding on a column of numbers that vary within scans; empty: it is no such column.
std::string varying_words(const TextTable& table, std::size_t place, const Places& places) {
  std::vector<double> values;
  std::map<std::vector<std::string>, std::set<double>> scans;
  for (const TableRow& row : table.rows) {
    if (is_missing_cell(row.cells[place])) continue;
    const std::optional<double> value = number_in_cell(row.cells[place]);
    if (!value) return {};
    if (!std::isfinite(*value)) continue;
    values.push_back(*value);
    scans[places.scan(row)].insert(*value);
  }
  const bool varies =
      std::any_of(scans.begin(), scans.end(), [](const auto& scan) { return scan.second.size() > 1; });
  if (!varies || numbers_rows(values) || follows(table, place, places.lr, places) ||
      follows(table, place, places.loss, places))
    return {};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return fmt::format(
      "column {} ({:.4g} to {:.4g}) varies among runs of one size, token count and batch: if it is a "
      "setting, "
      "what it does to the loss is taken for the rate's, or for noise; the law is right only where all runs "
      "of "
      "a scan have it the same",
      one_line(table.columns[place]), *low, *high);
}

}  // namespace

bool is_outcome_name(const std::string& column) {
  static const std::set<std::string, std::less<>> kOutcomes = {
      "loss", "losses", "nll", "ppl", "perplexity", "bpb", "bpc", "bits", "entropy", "acc", "accuracy",
      "score", "scores", "f1", "em", "bleu", "rouge", "cider", "meteor", "recall", "precision", "auc", "mse",
      "rmse", "mae", "err", "error", "errors", "metric", "metrics", "reward", "mmlu", "hellaswag", "arc",
      "piqa", "winogrande", "lambada", "gsm8k", "humaneval", "boolq", "triviaqa", "vqa", "vqav2", "okvqa",
      "textvqa", "coco", "val", "valid", "validation", "eval", "evaluation", "test", "dev", "heldout",
      "gradnorm", "gnorm", "stderr", "sem",
      // When, how fast and at what cost.
      "time", "times", "timestamp", "walltime", "runtime", "duration", "elapsed", "s", "sec", "secs",
      "second", "seconds", "minutes", "hours", "hour", "days", "date", "created", "updated", "started",
      "ended", "throughput", "speed", "tps", "mfu", "hfu", "flops", "tflops", "memory", "mem", "vram",
      "power", "energy", "cost", "usd",
      // Names of runs and machines.
      "id", "idx", "index", "pid", "uuid", "host", "node", "port"};
  /// Beside one of those: a setting that is about it.
  static const std::set<std::string, std::less<>> kSettings = {
      "weight",    "coef", "coeff",    "coefficient", "scale",     "factor", "lambda",
      "smoothing", "clip", "clipping", "dropout",     "embedding", "embed"};
  const std::vector<std::string> words = split(plain_name(column), '_');
  const auto any = [&](const auto& known) {
    return std::any_of(words.begin(), words.end(),
                       [&](const std::string& word) { return known.contains(word); });
  };
  const auto has = [&](std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  if (any(kSettings)) return false;
  return any(kOutcomes) || (has("norm") && (has("grad") || has("gradient") || has("param")) && !has("max"));
}

void tell_other_columns(const TextTable& table, const LawColumns& columns, std::vector<std::string>& notes,
                        std::vector<LawFinding>& findings) {
  std::set<std::string> known(columns.state_flags.begin(), columns.state_flags.end());
  known.insert(columns.seq_len);
  for (const ColumnSpec& spec : column_specs()) known.insert(columns.*spec.name);
  const Places places(table, columns);
  for (std::size_t place = 0; place < table.columns.size(); ++place) {
    const std::string& column = table.columns[place];
    if (known.contains(column)) continue;
    const std::string note = recurring_note(table, place, places);
    if (!note.empty()) {
      notes.push_back(note);
      continue;
    }
    if (column.empty() || has_usual_name(column) || is_outcome_name(column) || state_in_name(column) ||
        is_exit_code_name(column))
      continue;
    const std::string words = varying_words(table, place, places);
    if (!words.empty()) findings.push_back({FindingKind::varying_column, false, words});
  }
}

}  // namespace ablate
