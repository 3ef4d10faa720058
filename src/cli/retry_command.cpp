// `ablate retry`: failed and cancelled jobs wait again.
#include "cli/common.hpp"
#include "cli/job_options.hpp"
#include "program/job_selection.hpp"
#include "program/run_lock.hpp"
#include "report/output.hpp"
#include "store/jobs.hpp"

namespace ablate {

namespace {

int run_retry(const Arguments& arguments) {
  const std::vector<std::string> keys = arguments.list("JOB");
  const auto sweep = arguments.find_text("--sweep");
  const bool all_failed = arguments.flag("--all-failed");
  if (keys.empty() == (!sweep && !all_failed))
    throw Error(
        "retry needs either jobs, or --sweep or --all-failed; for example: ablate retry --all-failed");
  std::vector<std::string> states = arguments.list("--state");
  if (!keys.empty() && !states.empty()) throw Error("--state goes with --sweep, not with single jobs");
  if (all_failed) states = {"failed"};
  if (states.empty()) states = {"failed", "cancelled", "stopped-early"};
  Database database = open_for_writing(arguments);
  std::vector<std::int64_t> ids = ids_of_keys(database, keys);
  if (keys.empty())
    for (const JobRow& row : select_jobs(database, sweep, states, {})) ids.push_back(row.id);
  const std::int64_t waiting = retry_jobs(database, ids);
  print("{} again", waiting == 1 ? "1 job waits" : count_of(waiting, "job") + " wait");
  const std::int64_t untouched = static_cast<std::int64_t>(ids.size()) - waiting;
  if (untouched > 0)
    print("; {} neither failed nor cancelled",
          untouched == 1 ? "1 job is" : count_of(untouched, "job") + " are");
  if (waiting > 0)
    write_out(find_owner(database.path())
                  ? "; the `ablate run` that is under way may not see it: start it again at its end"
                  : "; `ablate run` starts what waits");
  write_out("\n");
  return ExitCode::done;
}

}  // namespace

CommandSpec retry_command() {
  return {.name = "retry",
          .group = Group::jobs,
          .summary = "Lets failed and cancelled jobs be tried again",
          .description =
              "They wait again, and go on from their last checkpoint. What they blocked is free. A "
              "finished job that is named runs again where its folder is gone.",
          .example = "ablate retry --all-failed && ablate run sweeps/connector.toml",
          .options = {repeated(optional_positional("JOB", ValueType::job, "the first digits of a job's key")),
                      value("--sweep", ValueType::sweep, "SWEEP",
                            "the failed and cancelled jobs of this sweep instead"),
                      state_option({"failed", "cancelled", "stopped-early"}),
                      flag("--all-failed", "all failed jobs, of --sweep where that is given"), db_option()},
          .run = run_retry};
}

}  // namespace ablate
