#include "views/plan_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "plan/cost.hpp"
#include "plan/job_name.hpp"
#include "report/text_table.hpp"
#include "report/wrap.hpp"
#include "schedule/simulation.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

std::string account_lines(const Plan& plan) {
  std::size_t text_width = 0, change_width = 0, total_width = 0;
  const auto change_of = [](const CountLine& line) {
    return line.change == 0 ? "" : (line.change > 0 ? "+" : "") + with_commas(line.change);
  };
  for (const CountLine& line : plan.account) {
    text_width = std::max(text_width, display_width(one_line(line.text)));
    change_width = std::max(change_width, change_of(line).size());
    total_width = std::max(total_width, with_commas(line.total).size());
  }
  std::string text;
  for (const CountLine& line : plan.account)
    text += fmt::format("  {}  {}  {}\n", fit(one_line(line.text), text_width, Align::left),
                        fit(change_of(line), change_width, Align::right),
                        fit(with_commas(line.total), total_width, Align::right));
  return text;
}

Table stage_table(const std::vector<StageEstimate>& stages) {
  // What will not run is counted only where there is any.
  struct Left {
    const char* name;
    std::int64_t StageEstimate::*count;
  };
  std::vector<Left> left;
  for (const Left& one :
       {Left{"failed", &StageEstimate::failed}, Left{"cancelled", &StageEstimate::cancelled},
        Left{"blocked", &StageEstimate::blocked}})
    if (std::any_of(stages.begin(), stages.end(),
                    [&](const StageEstimate& stage) { return stage.*one.count > 0; }))
      left.push_back(one);
  Table table;
  table.columns = {{"stage"}};
  const auto add_columns = [&](std::initializer_list<const char*> names) {
    for (const char* name : names) table.columns.push_back({name, Align::right});
  };
  add_columns({"jobs", "unshared", "done"});
  for (const Left& one : left) add_columns({one.name});
  add_columns({"to run", "params", "FLOPs", "memory", "time/job", "time"});
  const auto add = [&](const std::string& name, const StageEstimate& stage, bool is_total) {
    std::vector<TableCell> row = {{name}};
    row.push_back(TableCell::integer(stage.jobs));
    row.push_back(TableCell::integer(stage.before_sharing));
    row.push_back(TableCell::integer(stage.finished));
    for (const Left& one : left) row.push_back(TableCell::integer(stage.*one.count));
    row.push_back(TableCell::integer(stage.to_run));
    row.push_back(is_total ? TableCell{} : TableCell::number(stage.params, human_amount(stage.params)));
    row.push_back(TableCell::number(stage.flops, human_count(stage.flops)));
    row.push_back(is_total ? TableCell{}
                           : TableCell::number(stage.memory_bytes, human_bytes(stage.memory_bytes)));
    const std::optional<double> per_job = stage.seconds_per_job();
    row.push_back(is_total || !per_job ? TableCell{} : TableCell::number(*per_job, human_duration(*per_job)));
    row.push_back(TableCell::number(stage.seconds_left, human_duration(stage.seconds_left)));
    table.rows.push_back(std::move(row));
  };
  StageEstimate total;
  for (const StageEstimate& stage : stages) {
    add(to_name(stage.stage), stage, false);
    total.jobs += stage.jobs;
    total.before_sharing += stage.before_sharing;
    total.finished += stage.finished;
    for (const Left& one : left) total.*one.count += stage.*one.count;
    total.to_run += stage.to_run;
    total.flops += stage.flops;
    total.seconds_left += stage.seconds_left;
  }
  add("total", total, true);
  return table;
}

/// What will not run, and how it would.
std::string left_line(const PlanReport& report) {
  StageEstimate total;
  for (const StageEstimate& stage : report.stages) {
    total.failed += stage.failed;
    total.cancelled += stage.cancelled;
    total.blocked += stage.blocked;
  }
  std::vector<std::string> counts;
  for (const auto& [count, word] : {std::pair{total.failed, "failed"},
                                    {total.cancelled, "cancelled"},
                                    {total.blocked, "blocked by them"}})
    if (count > 0) counts.push_back(fmt::format("{} {}", with_commas(count), word));
  if (counts.empty()) return "";
  return fmt::format(
      "Left:   {}: `ablate jobs --state failed,cancelled` lists what `ablate retry` has tried again\n",
      join(counts, ", "));
}

double seconds_left(const PlanReport& report) {
  double seconds = 0;
  for (const StageEstimate& stage : report.stages) seconds += stage.seconds_left;
  return seconds;
}

std::string assumption(const SlotSpeed& speed) {
  return speed.kind == DeviceKind::cpu ? human_count(kAssumedCpuThreadFlops) + " FLOP/s per CPU thread"
                                       : human_count(kAssumedGpuFlops) + " FLOP/s per GPU";
}

/// "eval vqa (50 attempts)": what some tasks of a stage were measured on. All of a stage's go under its name.
std::vector<std::string> measured_texts(const std::string& stage,
                                        const std::vector<const TaskEstimate*>& tasks, bool is_all) {
  const auto describe = [](const std::string& name, std::int64_t attempts, const std::string& of,
                           double times) {
    const std::string more = times > TaskEstimate::kMostTimesMeasured
                                 ? fmt::format(", jobs of up to {} times the FLOPs", human_count(times))
                                 : "";
    return fmt::format("{} ({}{}{})", name, count_of(attempts, "attempt"), of, more);
  };
  std::vector<std::string> texts;
  std::int64_t attempts = 0;
  double times = 0;
  for (const TaskEstimate* task : tasks) {
    attempts += task->measured->attempts;
    times = std::max(times, task->times_measured());
    texts.push_back(
        describe(job_title(stage, task->task), task->measured->attempts, "", task->times_measured()));
  }
  if (!is_all || tasks.size() < 2) return texts;
  return {describe(stage, attempts, fmt::format(" of {} tasks", tasks.size()), times)};
}

/// Tasks are named one by one where some of a stage's are measured and some are not.
std::string speed_text(const PlanReport& report) {
  std::vector<std::string> measured, extrapolated, assumed;
  const auto append = [](std::vector<std::string>& to, const std::vector<std::string>& texts) {
    to.insert(to.end(), texts.begin(), texts.end());
  };
  for (const StageEstimate& stage : report.stages) {
    const std::string name = to_name(stage.stage);
    std::vector<const TaskEstimate*> near, far;
    std::vector<std::string> without;
    for (const TaskEstimate& task : stage.tasks) {
      if (task.measured)
        (task.is_extrapolated() ? far : near).push_back(&task);
      else
        without.push_back(job_title(name, task.task));
    }
    append(measured, measured_texts(name, near, near.size() == stage.tasks.size()));
    append(extrapolated, measured_texts(name, far, far.size() == stage.tasks.size()));
    append(assumed, near.empty() && far.empty() ? std::vector{name} : without);
  }
  std::vector<std::string> said;
  if (!measured.empty()) said.push_back("measured for " + join(measured, ", "));
  if (!extrapolated.empty()) said.push_back("extrapolated for " + join(extrapolated, ", "));
  if (!assumed.empty())
    said.push_back(fmt::format("assumed {} for {}", assumption(report.speed), join(assumed, ", ")));
  return join(said, "; ");
}

/// A line of the plan that begins with a word of its own.
std::string titled_line(std::string_view title, const std::string& text) {
  constexpr std::size_t kIndent = 8;
  return text.empty() ? "" : fmt::format("{:<{}}{}\n", title, kIndent, wrap(text, kIndent));
}

/// "resolution helps: vqa/4-shot: rises at every step of encoder.resolution [MM1, Table 1]"
std::string claim_text(const Claim& claim) {
  return one_line((claim.name.empty() ? "" : claim.name + ": ") + claim_words(claim) +
                  (claim.source.empty() ? "" : fmt::format(" [{}]", claim.source)));
}

/// A number of the jobs, "2.06 to 2.54" where they differ; nothing where it is 0 for all of them.
std::string range_of(const Plan& plan, double Cost::*number, std::string (*to_text)(double)) {
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (const PlannedJob& job : plan.jobs) {
    if (job.cost.*number == 0) continue;
    least = std::min(least, job.cost.*number);
    most = std::max(most, job.cost.*number);
  }
  if (most == 0) return "";
  return to_text(least) == to_text(most) ? to_text(least) : to_text(least) + " to " + to_text(most);
}

/// What FLOPs take for granted of data that a plan does not read; nothing where they rest on none.
std::string flops_text(const Plan& plan) {
  std::vector<std::string> stages, said;
  for (const PlannedJob& job : plan.jobs) {
    if (job.cost.images_per_sequence == 0) continue;
    const std::string stage = to_name(job.stage);
    if (std::find(stages.begin(), stages.end(), stage) == stages.end()) stages.push_back(stage);
  }
  const std::string images =
      range_of(plan, &Cost::images_per_sequence, [](double number) { return fmt::format("{:.3g}", number); });
  const std::string examples = range_of(plan, &Cost::most_examples, [](double number) {
    return with_commas(static_cast<std::int64_t>(number));
  });
  if (!images.empty())
    said.push_back(fmt::format(
        "those of {} assume {} pictures a sequence, with {} tokens of text each; the journal has what ran",
        join(stages, " and "), images, kTextTokensPerImage));
  if (!examples.empty())
    said.push_back(fmt::format(
        "those of eval are at their largest: {} examples of full length a job, however few there are",
        examples));
  return join(said, "; ");
}

std::string budget_lines(const PlanReport& report) {
  if (!report.budget) return "";
  const Plan& plan = report.planned.plan;
  const BudgetFit found = fit_budget(plan, report.planned.states, report.speed, *report.budget);
  const auto amount = [&](double value) {
    return report.budget->is_flops ? human_count(value) + " FLOPs" : human_duration(value) + " of slot time";
  };
  std::string text =
      fmt::format("Budget: {} pays for {} of {} ({} to run, {})", amount(report.budget->amount),
                  with_commas(found.runs), count_of(static_cast<std::int64_t>(plan.num_replicates()), "run"),
                  count_of(found.jobs, "job"), amount(found.used));
  if (found.blocked > 0)
    text += fmt::format("; {} blocked by failed or cancelled jobs", count_of(found.blocked, "run"));
  if (found.first_out) {
    const std::size_t cell = plan.cell_of(*found.first_out);
    const std::uint64_t seed = plan.seed_of(*found.first_out);
    text += fmt::format("\n        first left out: {}, seed {}: {} more",
                        one_line(describe_cell(plan, plan.cells[cell])), seed, amount(found.first_out_cost));
  }
  return text + "\n";
}

}  // namespace

PlanReport report_plan(const PlannedSweep& planned, const std::vector<Device>& devices,
                       std::optional<Budget> budget) {
  PlanReport report{
      .planned = planned, .speed = slot_speed(devices, planned.measured), .stages = {}, .budget = budget};
  report.stages = estimate_stages(planned.plan, planned.states, report.speed);
  report.seconds = seconds_of(simulate_run(planned.plan, planned.states, devices, report.speed));
  return report;
}

std::string plan_text(const PlanReport& report, const std::string& device) {
  const PlannedSweep& planned = report.planned;
  std::string text =
      fmt::format("Sweep {} ({})\n\n", one_line(planned.plan.sweep), one_line(planned.sweep.file.string()));
  text += account_lines(planned.plan) + "\n" + render(stage_table(report.stages), Format::text) + "\n";
  const double seconds = seconds_left(report);
  text += fmt::format("Time:   {} of slot time; about {} on {}\n", human_duration(seconds),
                      human_duration(report.seconds), device);
  text += left_line(report) + titled_line("FLOPs:", flops_text(planned.plan));
  text += titled_line("Speed:", speed_text(report)) + budget_lines(report);
  for (const PlannedSource& source : planned.sources)
    if (source.content.files.size() > 1) text += "Data:   " + one_line(describe_source(source)) + "\n";
  for (const Claim& claim : planned.plan.claims) text += titled_line("Claim:", claim_text(claim));
  const char* title = "Seeds:";
  for (const std::string& line : seed_lines(planned.plan))
    text += titled_line(std::exchange(title, ""), one_line(line));
  for (const std::string& warning : planned.plan.warnings) text += "warning: " + one_line(warning) + "\n";
  const std::vector<std::string>& missing = planned.plan.missing_data;
  if (!missing.empty())
    text += fmt::format("missing data: {}{} (`ablate run` needs {}; the jobs' keys are provisional)\n",
                        one_line(describe_missing(planned, missing.front())),
                        missing.size() > 1 ? fmt::format(" and {} more", missing.size() - 1) : "",
                        missing.size() > 1 ? "them and lists them" : "it");
  return text;
}

Table cell_table(const Plan& plan) {
  Table table;
  table.columns = {{"cell", Align::right}};
  const bool labels =
      std::any_of(plan.cells.begin(), plan.cells.end(), [](const Cell& cell) { return !cell.label.empty(); });
  if (labels) table.columns.push_back({"label"});
  for (const PlanAxis& axis : plan.axes) table.columns.push_back({axis.name});
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    const Cell& cell = plan.cells[i];
    std::vector<TableCell> row = {TableCell::integer(static_cast<std::int64_t>(i))};
    if (labels) row.push_back({cell.label});
    for (std::size_t axis = 0; axis < plan.axes.size(); ++axis) {
      const std::int32_t level = cell.levels[axis];
      row.push_back({level < 0 ? "-" : plan.axes[axis].levels[static_cast<std::size_t>(level)]});
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table job_table(const PlanReport& report) {
  Table table;
  table.columns = {{"job"},
                   {"stage"},
                   {"task"},
                   {"seed", Align::right},
                   {"runs", Align::right},
                   {"params", Align::right},
                   {"FLOPs", Align::right},
                   {"memory", Align::right},
                   {"time", Align::right},
                   {"state"}};
  const std::vector<bool> blocked = find_blocked(report.planned.plan, report.planned.states);
  for (std::size_t i = 0; i < report.planned.plan.jobs.size(); ++i) {
    const PlannedJob& job = report.planned.plan.jobs[i];
    const double seconds = report.speed.seconds(job);
    const auto& state = report.planned.states[i];
    table.rows.push_back({{short_key(job.key.hex())},
                          {to_name(job.stage)},
                          {job.task},
                          {fmt::format("{}", job.seed), static_cast<std::int64_t>(job.seed)},
                          TableCell::integer(job.replicates),
                          TableCell::number(job.cost.params, human_amount(job.cost.params)),
                          TableCell::number(job.cost.flops, human_count(job.cost.flops)),
                          TableCell::number(job.cost.memory_bytes, human_bytes(job.cost.memory_bytes)),
                          TableCell::number(seconds, human_duration(seconds)),
                          {blocked[i] ? "blocked"
                           : state    ? to_name(*state)
                                      : "new"}});
  }
  return table;
}

Table start_table(const PlannedSweep& planned, const std::vector<Device>& devices) {
  const SlotSpeed speed = slot_speed(devices, planned.measured);
  const auto starts = simulate_run(planned.plan, planned.states, devices, speed);
  Table table;
  table.columns = {{"at", Align::right},   {"job"}, {"stage"}, {"task"}, {"seed", Align::right}, {"device"},
                   {"takes", Align::right}};
  for (const SimulatedStart& start : starts) {
    const PlannedJob& job = planned.plan.jobs[start.job];
    table.rows.push_back({TableCell::number(start.start, human_duration(start.start)),
                          {short_key(job.key.hex())},
                          {to_name(job.stage)},
                          {job.task},
                          {fmt::format("{}", job.seed), static_cast<std::int64_t>(job.seed)},
                          {start.placement.device()},
                          TableCell::number(start.seconds, human_duration(start.seconds))});
  }
  table.notes.push_back(fmt::format("{} would start on {} and take about {}. Nothing was started.",
                                    count_of(static_cast<std::int64_t>(starts.size()), "job"),
                                    describe_devices(devices), human_duration(seconds_of(starts))));
  return table;
}

}  // namespace ablate
