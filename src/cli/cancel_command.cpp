// `ablate cancel`: takes jobs out of the queue, and stops running ones.
#include "cli/common.hpp"
#include "cli/job_options.hpp"
#include "program/job_selection.hpp"
#include "program/run_lock.hpp"
#include "report/output.hpp"
#include "store/jobs.hpp"

namespace ablate {

namespace {

int run_cancel(const Arguments& arguments) {
  const std::vector<std::string> keys = arguments.list("JOB");
  const auto sweep = arguments.find_text("--sweep");
  if (keys.empty() == !sweep)
    throw Error(
        "cancel needs either jobs or --sweep; for example: ablate cancel --sweep connector --state waiting");
  if (!keys.empty() && arguments.has("--state"))
    throw Error("--state goes with --sweep, not with single jobs");
  Database database = open_for_writing(arguments);
  std::vector<std::int64_t> ids = ids_of_keys(database, keys);
  if (sweep)
    for (const JobRow& row : select_jobs(database, sweep, arguments.list("--state"), {}))
      ids.push_back(row.id);
  const CancelResult result = cancel_jobs(database, ids, CancelReason::user);
  print("{} cancelled", count_of(result.cancelled, "waiting job"));
  if (result.stopped > 0)
    print("; {} that {} stopped early {} cancelled for all sweeps", count_of(result.stopped, "job"),
          result.stopped == 1 ? "was" : "were", result.stopped == 1 ? "is" : "are");
  if (result.marked > 0)
    print("; {} {}", count_of(result.marked, "running job"),
          find_owner(database.path()) ? "told to stop" : "will be stopped by the next `ablate run`");
  const std::int64_t untouched =
      static_cast<std::int64_t>(ids.size()) - result.cancelled - result.marked - result.stopped;
  if (untouched > 0) print("; {} had ended already", count_of(untouched, "job"));
  write_out("\n");
  return ExitCode::done;
}

}  // namespace

CommandSpec cancel_command() {
  return {
      .name = "cancel",
      .group = Group::jobs,
      .summary = "Cancels waiting jobs and stops running ones",
      .description =
          "A job that other sweeps need is cancelled for them too. What builds on it is blocked until "
          "`ablate retry` takes the cancellation back. A running job leaves a checkpoint.",
      .example = "ablate cancel --sweep connector --state waiting",
      .options = {repeated(optional_positional("JOB", ValueType::job, "the first digits of a job's key")),
                  value("--sweep", ValueType::sweep, "SWEEP", "all jobs of this sweep instead"),
                  state_option({"waiting", "queued", "running", "blocked", "stopped-early"}), db_option()},
      .run = run_cancel};
}

}  // namespace ablate
