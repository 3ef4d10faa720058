// `ablate query`: SQL that reads.
#include "cli/common.hpp"
#include "report/output.hpp"
#include "views/sql_rows.hpp"

namespace ablate {

namespace {

constexpr double kDefaultQuerySeconds = 60;

int run_query(const Arguments& arguments) {
  Database database = open_for_reading(arguments);
  write_user_query(database, arguments.text("SQL"),
                   arguments.find_seconds("--timeout").value_or(kDefaultQuerySeconds),
                   arguments.choice<Format>("--format"), write_out, output_width());
  return ExitCode::done;
}

}  // namespace

CommandSpec query_command() {
  OptionSpec timeout = value("--timeout", ValueType::duration, "TIME", "longest time it may take; 0: any");
  timeout.fallback = "60s";
  return {
      .name = "query",
      .group = Group::results,
      .summary = "Asks the database with SQL",
      .description =
          "One statement that reads; nothing else is let through. The views sweeps, runs, jobs, attempts, "
          "metrics and scores are made for this; src/store/schema.sql explains them.",
      .example = "ablate query \"SELECT stage, count(*) FROM jobs GROUP BY stage\" --format markdown",
      .options = {positional("SQL", ValueType::text, "one SELECT"), format_option(), timeout, db_option()},
      .run = run_query};
}

}  // namespace ablate
