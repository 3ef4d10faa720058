// `ablate export`: tidy tables for other programs.
#include "cli/common.hpp"
#include "report/bar.hpp"
#include "report/output.hpp"
#include "util/clock.hpp"
#include "util/text.hpp"
#include "views/tidy_rows.hpp"

namespace ablate {

namespace {

/// Passes on what is written, and counts it on a terminal once a second.
RowStream::Sink with_progress(const RowStream::Sink& sink, LiveLines& lines) {
  const SystemClock clock;
  return [&lines, sink, clock, bytes = 0.0, shown = clock.monotonic()](std::string_view text) mutable {
    sink(text);
    bytes += static_cast<double>(text.size());
    if (clock.monotonic() - shown < 1) return;
    shown = clock.monotonic();
    lines.show(std::vector<std::string>{human_bytes(bytes) + " written"});
  };
}

int run_export(const Arguments& arguments) {
  Database database = open_for_reading(arguments);
  const auto what = arguments.choice<Tidy>("WHAT");
  const auto sweep = arguments.find_text("--sweep");
  warn_if_changed(database, sweep);
  const auto format = arguments.choice<Format>("--format");
  const auto path = arguments.find_text("--output");
  if (!path) {
    write_tidy(database, what, sweep, format, write_out);
    return ExitCode::done;
  }
  OutputFile file(*path);
  LiveLines lines(terminal_of(2), write_err);
  const std::int64_t rows = write_tidy(
      database, what, sweep, format, with_progress([&](std::string_view text) { file.write(text); }, lines));
  lines.clear();
  file.commit();
  print("{}: {}\n", *path, count_of(rows, "row"));
  return ExitCode::done;
}

}  // namespace

CommandSpec export_command() {
  OptionSpec what = positional("WHAT", ValueType::choice, "what to write");
  what.choices = known_names<Tidy>();
  return {
      .name = "export",
      .group = Group::results,
      .summary = "Writes runs, metrics, scores or jobs for other programs",
      .description =
          "Tidy tables: a row for each run (with a column for each axis and value, whether it diverged, and "
          "what a learning-rate search needs of its training: llm/N, llm/D, ...), point of a curve, score "
          "or job. The column of an axis that is called like another column is axis/NAME. A metric is that "
          "of a finished job. A file is replaced only when the new one is whole.",
      .example = "ablate export runs --sweep connector --output runs.csv",
      .options = {what, value("--sweep", ValueType::sweep, "SWEEP", "only this sweep"),
                  format_option({Format::csv, Format::json}),
                  value("--output", ValueType::file, "FILE", "instead of standard output"), db_option()},
      .run = run_export};
}

}  // namespace ablate
