// `ablate jobs`: jobs as a table; and why one of them does not run.
#include "cli/common.hpp"
#include "cli/job_options.hpp"
#include "plan/job_name.hpp"
#include "program/job_selection.hpp"
#include "report/output.hpp"
#include "report/row_stream.hpp"
#include "util/text.hpp"
#include "views/job_explanation.hpp"

namespace ablate {

namespace {

std::vector<TableCell> job_cells(const JobRow& row, bool full_key) {
  const std::string message = row.message.empty() ? row.failure : row.message;
  return {{full_key ? row.key : short_key(row.key)},
          {row.stage},
          {row.task},
          {fmt::format("{}", row.seed), static_cast<std::int64_t>(row.seed)},
          {shown_state(row)},
          TableCell::integer(row.attempts),
          row.steps > 0 && row.attempts > 0 ? TableCell{fmt::format("{}/{}", row.step, row.steps), row.step}
                                            : TableCell::null(),
          row.attempts > 0 ? TableCell::number(row.seconds, human_duration(row.seconds)) : TableCell::null(),
          {message}};
}

int run_jobs(const Arguments& arguments) {
  Database database = open_for_reading(arguments);
  if (const auto key = arguments.find_text("--why")) {
    write_out(explain_job(database, *key));
    return ExitCode::done;
  }
  warn_if_changed(database, arguments.find_text("SWEEP"));
  const std::vector<JobRow> rows = select_jobs(database, arguments.find_text("SWEEP"),
                                               arguments.list("--state"), arguments.list("--stage"));
  const auto format = arguments.choice<Format>("--format");
  const bool for_programs = format == Format::csv || format == Format::json;
  RowStream stream(format,
                   {{for_programs ? "key" : "job"},
                    {"stage"},
                    {"task"},
                    {"seed", Align::right},
                    {"state"},
                    {"attempts", Align::right},
                    {"step", Align::right},
                    {for_programs ? "seconds" : "time", Align::right},
                    {"message"}},
                   write_out, output_width());
  for (const JobRow& row : rows) stream.add(job_cells(row, for_programs));
  stream.finish();
  return ExitCode::done;
}

}  // namespace

CommandSpec jobs_command() {
  return {.name = "jobs",
          .group = Group::jobs,
          .summary = "Lists jobs with their states",
          .description =
              "A job is one stage with its whole configuration; several runs may share it. A waiting job "
              "that depends on a failed or cancelled one is shown as blocked, with the reason.",
          .example = "ablate jobs connector --state failed,blocked",
          .options = {optional_positional("SWEEP", ValueType::sweep, "only jobs of this sweep"),
                      state_option(shown_states()), stage_option(),
                      value("--why", ValueType::job, "JOB", "explain the state of one job instead"),
                      format_option(), db_option()},
          .run = run_jobs};
}

}  // namespace ablate
