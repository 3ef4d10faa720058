#include "cli/common.hpp"

#include <fmt/format.h>

#include <memory>

#include "report/bar.hpp"
#include "report/output.hpp"
#include "report/terminal.hpp"
#include "store/imports.hpp"
#include "util/text.hpp"

namespace ablate {

OptionSpec db_option() {
  return value("--db", ValueType::file, "PATH", "database [$ABLATE_DB, else results/ablate.db]");
}

OptionSpec replace_option() {
  return flag("--replace", "let the file have its sweep's name, though another file has it in the database");
}

OptionSpec format_option(const std::vector<Format>& formats) {
  std::vector<std::string> names;
  for (const Format format : formats) names.push_back(to_name(format));
  return choice("--format", names, names.front(), "how to write it");
}

OptionSpec format_option() {
  return choice("--format", known_names<Format>(), to_name(Format::text), "how to write it");
}

ReadingSource show_reading() {
  const auto lines = std::make_shared<LiveLines>(terminal_of(2), write_err);
  return [lines](const std::string& path) {
    if (path.empty())
      lines->clear();
    else
      lines->show(std::vector<std::string>{"reading data: " + one_line(path)});
  };
}

std::optional<double> find_size(const Arguments& arguments, const std::string& option) {
  const auto text = arguments.find_text(option);
  if (!text) return std::nullopt;
  if (const auto number = parse_amount(*text)) return number;
  throw Error(fmt::format("{} is '{}'; expected a number above zero such as 0.01", option, printable(*text)));
}

Database open_for_reading(const Arguments& arguments) {
  return Database(arguments.database(), Database::Mode::read_only);
}

Database open_for_writing(const Arguments& arguments) {
  return Database(arguments.database(), Database::Mode::read_write);
}

bool has_database(const Arguments& arguments) {
  std::error_code failed;
  return std::filesystem::exists(arguments.database(), failed);
}

Sweep load_sweep_to_plan(const Arguments& arguments) {
  const std::string asked = arguments.text("SWEEP");
  try {
    return load_sweep(asked);
  } catch (const Error&) {
    std::optional<SweepRecord> record;
    try {
      if (has_database(arguments)) {
        Database database = open_for_reading(arguments);
        record = get_sweep(database, asked);
      }
    } catch (const Error&) {  // What is wrong with the file is what counts.
    }
    if (record && record->imported)
      throw Error(
          fmt::format("{}; `ablate table {}` shows them", imported_words(*record), one_line(record->name)));
    throw;
  }
}

void warn_if_changed(Database& database, const std::optional<std::string>& sweep) {
  if (!sweep) return;
  if (const std::string line = changed_line(database, *sweep); !line.empty())
    write_err(fmt::format("note: {}\n", line));
}

std::size_t output_width() { return terminal_of(1).columns; }

void print_table(const Table& table, Format format) { write_out(render(table, format, output_width())); }

}  // namespace ablate
