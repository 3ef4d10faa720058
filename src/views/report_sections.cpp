#include "views/report_sections.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "program/job_rows.hpp"
#include "report/html.hpp"
#include "store/query.hpp"
#include "store/sweep_jobs.hpp"
#include "util/text.hpp"
#include "views/cell_choice.hpp"
#include "views/cell_comparison.hpp"
#include "views/progress_view.hpp"
#include "views/result_tables.hpp"
#include "views/shown_examples.hpp"

namespace ablate {

namespace {

std::string time_text(double seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string titled_table(const Table& table) {
  return (table.title.empty() ? "" : "<h3>" + escape_html(table.title) + "</h3>\n") + table_html(table);
}

/// Rows beyond what a page shows are counted in a note.
std::string short_table(Table table, const std::string& command) {
  if (table.rows.size() > kMostReportRows) {
    table.notes.push_back(fmt::format("the first {} of {} rows; `{}` shows all", kMostReportRows,
                                      with_commas(std::ssize(table.rows)), command));
    table.rows.resize(kMostReportRows);
  }
  return titled_table(table);
}

/// Tables of each score, which a page shows where that score is chosen.
std::string tables_by_score(const std::string& summary,
                            const std::vector<std::pair<std::string, std::vector<Table>>>& scores,
                            const std::string& command) {
  std::string html = "<details><summary>" + escape_html(summary) + "</summary>\n";
  for (const auto& [score, tables] : scores) {
    html += fmt::format("<div data-score=\"{}\">", escape_html(score));
    for (const Table& table : tables) html += short_table(table, command);
    html += "</div>\n";
  }
  return html + "</details>\n";
}

/// "a, b, c": every different text that a query gives in its first column, without empty ones.
std::string distinct_texts(Query& query) {
  std::set<std::string> texts;
  while (query.step())
    if (!query.is_null(0) && !query.view(0).empty()) texts.insert(query.text(0));
  return join(std::vector<std::string>(texts.begin(), texts.end()), ", ");
}

void add_row(Table& table, const std::string& name, const std::string& text) {
  if (!text.empty()) table.rows.push_back({{name}, {text}});
}

/// Who ran it, and where: of all attempts that have finished.
Table machine_table(Database& database, const SweepRecord& sweep) {
  Table table{.title = "What it ran on", .columns = {{"what"}, {"value"}}, .rows = {}, .notes = {}};
  const auto add = [&](const std::string& name, const char* sql) {
    Query query(database, sql, sweep.id);
    add_row(table, name, distinct_texts(query));
  };
#define ABLATE_ATTEMPTS                                                           \
  " FROM attempt a JOIN invocation i ON i.id = a.invocation_id WHERE a.job_id IN" \
  " (SELECT job_id FROM sweep_jobs WHERE sweep_id = ?) AND a.state = 'finished'"
  add("ablate", "SELECT DISTINCT i.version" ABLATE_ATTEMPTS);
  add("git revision",
      "SELECT DISTINCT i.git_revision || CASE i.git_dirty WHEN 1 THEN ' with changes' ELSE '' "
      "END" ABLATE_ATTEMPTS " AND i.git_revision <> ''");
  add("host", "SELECT DISTINCT a.host" ABLATE_ATTEMPTS);
  add("device", "SELECT DISTINCT a.device" ABLATE_ATTEMPTS);
  add("as it calls itself", "SELECT DISTINCT json_extract(a.detail, '$.device')" ABLATE_ATTEMPTS);
  add("worker's revision", "SELECT DISTINCT json_extract(a.detail, '$.versions.revision')" ABLATE_ATTEMPTS);
  add("worker's compiler", "SELECT DISTINCT json_extract(a.detail, '$.versions.compiler')" ABLATE_ATTEMPTS);
#undef ABLATE_ATTEMPTS
  return table;
}

}  // namespace

std::string figure_place(const std::string& name) {
  return fmt::format("<div data-figure=\"{}\"></div>\n", name);
}

std::string paragraph(const std::string& text, const std::string& classes) {
  return fmt::format("<p class=\"{}\">{}</p>\n", classes, escape_html(text));
}

std::string asked_html(Database& database, const SweepRecord& sweep, const Json& data) {
  const auto cells = std::ssize(data["cells"]), runs = std::ssize(data["runs"]["cell"]);
  std::set<std::string> seeds;
  for (const Json& seed : data["runs"]["seed"]) seeds.insert(seed.get<std::string>());
  const bool own = sweep.imported && sweep.imported->seed.empty();
  std::string html = paragraph(
      fmt::format("{} {} {} on {}. {} under {}: {}.", sweep.imported ? "Imported from" : "Planned from",
                  shown_path(sweep.path), sweep.imported ? "last" : "last", time_text(sweep.planned_at),
                  count_of(cells, "cell"), own ? "seeds of their own" : count_of(std::ssize(seeds), "seed"),
                  count_of(runs, "run")));
  Table table{.title = "", .columns = {{"axis"}, {"levels"}}, .rows = {}, .notes = {}};
  for (const PlanAxis& axis : sweep.axes) table.rows.push_back({{axis.name}, {join(axis.levels, ", ")}});
  if (!table.rows.empty()) html += titled_table(table);
  const std::vector<ClaimRecord> claims = load_claims(database, sweep.id);
  const auto standing = std::count_if(claims.begin(), claims.end(),
                                      [](const ClaimRecord& claim) { return !claim.withdrawn_at; });
  if (standing > 0)
    html += fmt::format("<p class=facts><a href=\"#claims\">{}</a>, made in the sweep's file.</p>\n",
                        count_of(standing, "claim"));
  return html;
}

std::string progress_html(const SweepStatus& status, const Status& all) {
  const StageProgress total = total_progress(status.stages);
  std::string html =
      paragraph(fmt::format("{}; {}", progress_line(total),
                            all.owner ? "run by " + *all.owner : std::string("nobody runs it now")));
  html +=
      "<div class=wide><table><thead><tr><th scope=col>stage<th scope=col>finished<th scope=col>"
      "<th scope=col class=right>running<th scope=col class=right>waiting<th scope=col class=right>failed or "
      "cancelled</tr></thead><tbody>";
  for (const StageProgress& stage : status.stages) {
    const auto gone = std::count_if(all.running.begin(), all.running.end(), [&](const RunningStatus& one) {
      return one.is_gone && one.job.stage == to_name(stage.stage);
    });
    const std::string running = gone == 0
                                    ? fmt::format("{}", stage.running)
                                    : fmt::format("{}, {} without a worker", stage.running - gone, gone);
    html += fmt::format(
        "<tr><td>{0}<td><progress max={1} value={2} aria-label=\"{0}\"></progress><td>{2} of {1}<td "
        "class=right>{3}"
        "<td class=right>{4}<td class=right>{5}</tr>",
        to_name(stage.stage), stage.total(), stage.finished, running, stage.waiting + stage.queued,
        stage.failed + stage.cancelled + stage.stopped_early + stage.blocked);
  }
  html += "</tbody></table></div>\n";
  if (!all.running.empty()) {
    html += "<h3>Running</h3>\n<pre>";
    for (const std::string& line : running_lines(all.running, all.now)) html += escape_html(line) + "\n";
    html += "</pre>\n";
  }
  return html;
}

std::string results_html(Database& database, const SweepRecord& sweep,
                         const std::vector<std::string>& values) {
  if (values.empty()) return paragraph("No score yet.");
  std::string html;
  for (const Table& table : result_tables(database, sweep, {.values = {}}))
    html += short_table(table, "ablate table " + sweep.name);
  return html;
}

std::string effects_html(const std::vector<ScoreEffects>& effects, const EffectsQuery& query) {
  std::vector<std::pair<std::string, std::vector<Table>>> tables;
  for (const ScoreEffects& one : effects) tables.emplace_back(one.value, effects_tables(one, query));
  return figure_place("shares") + figure_place("differences") +
         tables_by_score("The same as tables, with how each interval was had", tables, "ablate effects");
}

std::string costs_html(const CostReport& report) {
  std::vector<std::pair<std::string, std::vector<Table>>> tables;
  for (const ScoreCost& one : report.scores) tables.emplace_back(one.value, cost_tables(one));
  return figure_place("cost") + tables_by_score("The front as a table, and what a doubling of cost buys",
                                                tables, "ablate effects --cost");
}

std::string claims_html(const ClaimReport& report, const SweepRecord& sweep) {
  std::string html;
  for (const auto state : {ClaimState::supported, ClaimState::refuted, ClaimState::undecided})
    html += fmt::format("{}<span class={}>{} {}</span>", html.empty() ? "<p>" : ", ", to_name(state),
                        report.count(state), to_name(state));
  html += "</p>\n" + titled_table(claims_table(report, sweep));
  for (const JudgedClaim& one : report.claims)
    if (!one.record.claim.source.empty())
      html += paragraph(
          fmt::format("{}: {}, {}",
                      one.record.claim.name.empty() ? claim_words(one.record.claim) : one.record.claim.name,
                      one.record.claim.source, "said on " + time_text(one.record.first_seen)),
          "note");
  return html;
}

namespace {

/// The cell with the best mean of the first score, but for `other`; none: no other cell has it.
std::optional<std::int64_t> best_cell(const Json& data, std::int64_t other) {
  if (data["scores"].empty()) return std::nullopt;
  const double sign = data["scores"][0]["lower"].get<bool>() ? -1 : 1;
  std::map<std::int64_t, std::pair<double, int>> sums;
  for (std::size_t run = 0; run < data["runs"]["cell"].size(); ++run) {
    const Json& value = data["runs"]["scores"][0][run];
    if (!value.is_number()) continue;
    auto& [sum, count] =
        sums[data["cells"][data["runs"]["cell"][run].get<std::size_t>()]["number"].get<std::int64_t>()];
    sum += sign * value.get<double>();
    ++count;
  }
  sums.erase(other);
  const auto best = std::max_element(sums.begin(), sums.end(), [](const auto& one, const auto& two) {
    return one.second.first / one.second.second < two.second.first / two.second.second;
  });
  return best == sums.end() ? std::nullopt : std::optional(best->first);
}

}  // namespace

std::string examples_html(Database& database, const SweepRecord& sweep, const std::optional<std::string>& a,
                          const std::optional<std::string>& b, const Json& data) {
  if (data["cells"].size() < 2) return "";
  const std::string first = a ? *a : std::to_string(data["cells"][0]["number"].get<std::int64_t>());
  std::string second;
  if (b) {
    second = *b;
  } else {
    const auto chosen = choose_cell(cells_of(load_runs(database, sweep.id, {}), sweep), sweep, first);
    const auto best = best_cell(data, chosen.number);
    if (!best) return "";
    second = std::to_string(*best);
  }
  const CellComparison comparison = compare_cells(database, sweep, first, second, kMostShownExamples);
  const std::vector<ShownExamples> shown = show_examples(database, sweep, comparison, kMostShownExamples);
  if (shown.empty()) return "";
  std::string html = paragraph(fmt::format("A is cell {}: {}. B is cell {}: {}.", comparison.a.number,
                                           comparison.a.name(), comparison.b.number, comparison.b.name()));
  for (const ShownExamples& examples : shown) {
    html += fmt::format("<div data-score=\"{0}\"><h3>{0}</h3>\n", escape_html(examples.score));
    if (!examples.why_not.empty()) html += paragraph("Records are not shown: " + examples.why_not + ".");
    html += "<div class=examples>";
    for (const ShownExample& example : examples.examples) html += example.html;
    html += "</div></div>\n";
  }
  return html + paragraph("Two other cells: `ablate compare " + sweep.name + " A B --page FILE`.", "note");
}

std::string failures_html(Database& database, const SweepRecord& sweep) {
  if (sweep.imported) return "";
  Table table{
      .title = "",
      .columns = {{"job"}, {"stage"}, {"seed", Align::right}, {"state"}, {"failure"}, {"what it said"}},
      .rows = {},
      .notes = {}};
  for (const JobState state : {JobState::failed, JobState::cancelled, JobState::stopped_early})
    for (const JobRow& job : load_rows_in(database, sweep.id, state))
      table.rows.push_back({{job.key.substr(0, 8)},
                            {job.task.empty() ? job.stage : job.stage + " " + job.task},
                            {std::to_string(job.seed)},
                            {to_name(job.state)},
                            {job.failure},
                            {job.message}});
  if (table.rows.empty()) return "";
  table.notes.push_back("`ablate log JOB` shows what a job printed; what builds on it has no result, either");
  return short_table(std::move(table), "ablate jobs " + sweep.name);
}

/// A word as a shell has to have it.
std::string shell_word(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./,:=@%+";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string again_html(Database& database, const SweepRecord& sweep) {
  std::string html;
  const std::string path = shown_path(sweep.path);
  if (sweep.imported) {
    std::string command = "ablate import " + shell_word(path);
    for (const std::string& word : sweep.imported->options) command += " " + shell_word(word);
    html += "<pre>" + escape_html(command) + "\n";
  } else {
    html += "<pre>ablate run " + escape_html(path) + "\n";
  }
  for (const char* command : {"table", "effects", "claims", "report"})
    html += escape_html(fmt::format("ablate {} {}", command, sweep.name)) + "\n";
  html += "</pre>\n";
  if (sweep.imported) return html;
  if (const Table machines = machine_table(database, sweep); !machines.rows.empty())
    html += titled_table(machines);
  Table sources{.title = "Data, by what was read",
                .columns = {{"content"}, {"where it was found"}},
                .rows = {},
                .notes = {}};
  for (const SweepSource& source : load_sweep_sources(database, sweep.id))
    sources.rows.push_back({{source.hash}, {source.path.string()}});
  if (!sources.rows.empty()) html += titled_table(sources);
  return html;
}

}  // namespace ablate
