#include "views/compare_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "report/wrap.hpp"
#include "util/text.hpp"
#include "views/number_text.hpp"

namespace ablate {

namespace {

/// A content by its path and the first digits of its hash, which recipe_differences() puts before it.
std::string content_text(const std::string& text) {
  const bool is_content =
      text.size() > 33 && text[32] == ' ' && text.find_first_not_of("0123456789abcdef") == 32;
  return is_content ? fmt::format("{} ({})", shown_path(text.substr(33)), text.substr(0, 8)) : text;
}

std::string value_text(const std::optional<Json>& value) {
  if (!value) return "-";
  if (value->is_string()) return one_line(content_text(value->get<std::string>()));
  Json shown = *value;
  if (shown.is_array())
    for (Json& item : shown)
      if (item.is_string()) item = content_text(item.get<std::string>());
  return one_line(shown.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string cell_line(const char* letter, const ChosenCell& cell) {
  return wrap(fmt::format("{} is cell {}: {}", letter, cell.number, one_line(cell.name())), 2) + "\n";
}

TableCell value_cell(double value, int digits, std::string (*text)(double, int)) {
  if (!std::isfinite(value)) return TableCell::null();
  return TableCell::number(value, text(value, digits));
}

std::vector<TableCell> score_row(const ScoreDifference& score) {
  const double half = (score.high - score.low) / 2;
  const int digits = digits_for(std::isfinite(half) ? half : std::abs(score.difference));
  std::string interval = "-";
  if (std::isfinite(half))
    interval = signed_bound(score.low, digits) + " to " + signed_bound(score.high, digits);
  std::string estimator = "-";
  if (score.estimator == ComparedBy::by_runs) estimator = "nothing";
  if (score.estimator == ComparedBy::by_seed) estimator = "seed";
  if (score.estimator == ComparedBy::by_questions) estimator = "question";
  return {{score.score},
          value_cell(score.a, digits, with_digits),
          value_cell(score.b, digits, with_digits),
          value_cell(score.difference, digits, signed_number),
          {interval},
          {estimator},
          score.estimator == ComparedBy::by_runs ? TableCell::null()
                                                 : TableCell::integer(std::ssize(score.seeds)),
          score.examples > 0 ? TableCell::integer(score.examples) : TableCell::null()};
}

/// Notes that hold for several scores, each once with their names.
class ScoreNotes {
 public:
  void add(const std::string& note, const std::string& score) { scores_[note].push_back(score); }
  std::vector<std::string> lines(std::size_t of_scores) const {
    std::vector<std::string> lines;
    for (const auto& entry : scores_)
      lines.push_back(entry.second.size() == of_scores && of_scores > 1
                          ? entry.first
                          : join(entry.second, ", ") + ": " + entry.first);
    return lines;
  }

 private:
  std::map<std::string, std::vector<std::string>> scores_;
};

void add_score_notes(const ScoreDifference& score, ScoreNotes& notes) {
  if (score.estimator == ComparedBy::none)
    return notes.add("no seed under which both cells have a number", score.score);
  if (score.estimator == ComparedBy::by_runs)
    notes.add(fmt::format("no seed is shared: {} of A against {} of B, nothing paired (Welch's t)",
                          count_of(static_cast<std::int64_t>(score.runs_of_a), "run"), score.runs_of_b),
              score.score);
  if (score.seeds_left_out > 0)
    notes.add(fmt::format("without {}, under which not both cells have a number",
                          count_of(static_cast<std::int64_t>(score.seeds_left_out), "seed")),
              score.score);
  if (score.estimator == ComparedBy::by_seed && !score.why_not_by_questions.empty())
    notes.add("not compared question by question: " + score.why_not_by_questions, score.score);
  const bool one_seed = score.seeds.size() == 1;
  if (!std::isfinite(score.low))
    return notes.add(one_seed && !score.by_questions
                         ? "one seed alone has no interval; more seeds would give one"
                         : "no interval, and no test: nothing varies",
                     score.score);
  if (one_seed) return notes.add("the interval is over examples alone, for this one seed", score.score);
  if (!score.by_questions) return;
  const double seeds = score.by_questions->seed_variance, examples = score.by_questions->example_variance;
  if (seeds + examples > 0)
    notes.add(fmt::format("of the variance of B - A, seeds give {:.0f} % and examples {:.0f} %",
                          100 * seeds / (seeds + examples), 100 * examples / (seeds + examples)),
              score.score);
}

Table example_table(const ScoreDifference& score) {
  Table table{
      .title = "examples on which " + one_line(score.score) + " differs most",
      .columns = {
          {"example", Align::left, true}, {"A", Align::right}, {"B", Align::right}, {"B - A", Align::right}}};
  std::size_t most_seeds = 0;
  for (const DifferingExample& example : score.differing) {
    const QuestionDifference& outcome = example.outcome;
    const auto number = [](double value) { return TableCell::number(value, fmt::format("{:.4g}", value)); };
    table.rows.push_back({{one_line(question_name(example))},
                          number(outcome.a),
                          number(outcome.b),
                          number(outcome.b - outcome.a)});
    most_seeds = std::max(most_seeds, outcome.seeds);
  }
  if (most_seeds > 1) table.notes.push_back(fmt::format("means over {} seeds", most_seeds));
  return table;
}

Json finite_json(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json cell_json(const ChosenCell& cell) {
  Json levels = Json::object();
  for (const auto& level : cell.levels) levels[level.first] = level.second;
  return {{"cell", cell.number},
          {"label", cell.label.empty() ? Json(nullptr) : Json(cell.label)},
          {"levels", std::move(levels)}};
}

Json example_json(const DifferingExample& example) {
  const QuestionDifference& outcome = example.outcome;
  return {{"question", fmt::format("{:016x}", outcome.question)},
          {"name", example.name.empty() ? Json(nullptr) : Json(example.name)},
          {"a", outcome.a},
          {"b", outcome.b},
          {"difference", outcome.b - outcome.a},
          {"seeds", outcome.seeds}};
}

Json score_json(const ScoreDifference& score) {
  Json json = {
      {"score", score.score},
      {"estimator", to_name(score.estimator)},
      {"reason", score.why_not_by_questions.empty() ? Json(nullptr) : Json(score.why_not_by_questions)},
      {"a", finite_json(score.a)},
      {"b", finite_json(score.b)},
      {"difference", finite_json(score.difference)},
      {"standard_error", finite_json(score.standard_error)},
      {"low", finite_json(score.low)},
      {"high", finite_json(score.high)},
      {"seeds", score.seeds},
      {"runs_a", score.runs_of_a},
      {"runs_b", score.runs_of_b},
      {"seeds_left_out", score.seeds_left_out},
      {"examples", score.examples > 0 ? Json(score.examples) : Json(nullptr)},
      {"same_questions", nullptr},
      {"seed_variance", nullptr},
      {"example_variance", nullptr},
      {"differing", Json::array()}};
  if (score.by_questions) {
    json["same_questions"] = score.by_questions->same_questions;
    json["seed_variance"] = finite_json(score.by_questions->seed_variance);
    json["example_variance"] = finite_json(score.by_questions->example_variance);
  }
  for (const DifferingExample& example : score.differing) json["differing"].push_back(example_json(example));
  return json;
}

}  // namespace

Table recipe_table(const CellComparison& comparison) {
  Table table;
  if (!comparison.recipe.empty())
    table.columns = {
        {"key", Align::left, true}, {"A", Align::left, true}, {"B", Align::left, true}, {"stages"}};
  for (const RecipeDifference& difference : comparison.recipe)
    table.rows.push_back({{difference.key},
                          {value_text(difference.a)},
                          {value_text(difference.b)},
                          {join(difference.stages, ", ")}});
  table.notes.push_back(comparison.imported ? "an imported sweep has no recipes: only levels are known"
                        : comparison.recipe.empty()
                            ? "their recipes do not differ"
                            : "what differs in their recipes; -: a stage has no such key");
  return table;
}

Table score_table(const CellComparison& comparison) {
  Table table{.columns = {{"score", Align::left, true},
                          {"A", Align::right},
                          {"B", Align::right},
                          {"B - A", Align::right},
                          {"95 % interval", Align::right},
                          {"paired by"},
                          {"seeds", Align::right},
                          {"examples", Align::right}}};
  ScoreNotes notes;
  bool by_seed = false, by_questions = false;
  for (const ScoreDifference& score : comparison.scores) {
    table.rows.push_back(score_row(score));
    const auto fresh = std::find_if(comparison.fresh.begin(), comparison.fresh.end(),
                                    [&](const ScoreDifference& one) { return one.score == score.score; });
    if (fresh != comparison.fresh.end()) {
      table.rows.push_back(score_row(*fresh));
      table.rows.back().front().text += " (fresh seeds)";
    }
    add_score_notes(score, notes);
    by_seed = by_seed || score.estimator == ComparedBy::by_seed;
    by_questions = by_questions || score.estimator == ComparedBy::by_questions;
  }
  if (by_questions)
    table.notes.push_back(
        "paired by question: the same questions under the same seeds; the interval covers other seeds (t "
        "over "
        "seeds) and other examples");
  if (by_seed) table.notes.push_back("paired by seed: one difference for each seed, t over seeds");
  for (const std::string& line : notes.lines(comparison.scores.size())) table.notes.push_back(line);
  for (const std::string& note : comparison.notes) table.notes.push_back(note);
  if (!comparison.fresh.empty())
    table.notes.push_back(
        "fresh seeds: those alone that chose neither cell, which do not flatter; other rows are under all "
        "that both cells have");
  if (comparison.scores.empty())
    table.notes.push_back(
        fmt::format("no scores yet; `ablate status {}` shows how far the sweep is", comparison.sweep));
  return table;
}

std::string comparison_heading(const CellComparison& comparison) {
  return cell_line("A", comparison.a) + cell_line("B", comparison.b);
}

std::vector<Table> comparison_tables(const CellComparison& comparison) {
  std::vector<Table> tables = {recipe_table(comparison), score_table(comparison)};
  for (const ScoreDifference& score : comparison.scores)
    if (!score.differing.empty()) tables.push_back(example_table(score));
  return tables;
}

Json comparison_json(const CellComparison& comparison) {
  Json recipe = Json::array(), scores = Json::array();
  for (const RecipeDifference& difference : comparison.recipe)
    recipe.push_back({{"key", difference.key},
                      {"stages", difference.stages},
                      {"a", difference.a.value_or(nullptr)},
                      {"b", difference.b.value_or(nullptr)}});
  for (const ScoreDifference& score : comparison.scores) scores.push_back(score_json(score));
  Json fresh = Json::array();
  for (const ScoreDifference& score : comparison.fresh) fresh.push_back(score_json(score));
  return {{"sweep", comparison.sweep},   {"a", cell_json(comparison.a)}, {"b", cell_json(comparison.b)},
          {"recipe", std::move(recipe)}, {"scores", std::move(scores)},  {"fresh_seeds", std::move(fresh)},
          {"notes", comparison.notes}};
}

}  // namespace ablate
