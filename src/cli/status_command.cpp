// `ablate status`: how far the sweeps are, what runs now, and what failed.
#include <chrono>
#include <thread>

#include "cli/common.hpp"
#include "program/status.hpp"
#include "report/bar.hpp"
#include "report/output.hpp"
#include "util/text.hpp"
#include "views/progress_view.hpp"
#include "views/status_view.hpp"

namespace ablate {

namespace {

int watch(Database& database, const std::optional<std::string>& name) {
  const Terminal terminal = terminal_of(1);
  LiveLines lines(terminal, write_out);
  std::string last;
  for (;;) {
    const Status status = load_status(database, name);
    const bool settled = is_settled(status);
    if (!terminal.live || settled) {
      lines.clear();
      std::string text;
      if (settled) {
        for (const std::string& line : status_lines(database, status, terminal)) text += line + "\n";
      } else {
        for (const SweepStatus& entry : status.sweeps) text += sweep_line(entry, terminal) + "\n";
      }
      if (text != last) write_out(text);
      last = text;
    } else {
      lines.show(status_lines(database, status, terminal));
    }
    if (settled) return ExitCode::done;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

int run_status(const Arguments& arguments) {
  if (arguments.flag("--names")) {
    if (!has_database(arguments)) return ExitCode::done;
    Database database = open_for_reading(arguments);
    for (const SweepRecord& sweep : load_sweeps(database)) print("{}\n", one_line(sweep.name));
    return ExitCode::done;
  }
  Database database = open_for_reading(arguments);
  const auto name = arguments.find_text("SWEEP");
  warn_if_changed(database, name);
  if (arguments.flag("--watch")) return watch(database, name);
  const Status status = load_status(database, name);
  if (arguments.flag("--json")) {
    write_out(status_json(database, status).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else {
    std::string text;
    for (const std::string& line : status_lines(database, status, terminal_of(1))) text += line + "\n";
    write_out(text);
  }
  return ExitCode::done;
}

}  // namespace

CommandSpec status_command() {
  return {
      .name = "status",
      .group = Group::sweeps,
      .summary = "Shows how far the sweeps are",
      .description =
          "Progress of each stage, running jobs with their speed and the time left, failed jobs with "
          "their first error, and who runs them. A bar shows finished (#), running (>), failed or "
          "cancelled (!) and waiting (-) jobs.",
      .example = "ablate status connector --watch",
      .options = {optional_positional("SWEEP", ValueType::sweep, "one sweep, by name or file; else all"),
                  flag("--watch", "draw again each second, until nothing is left to run"),
                  flag("--json", "as JSON"), flag("--names", "only the names of the sweeps"), db_option()},
      .run = run_status};
}

}  // namespace ablate
