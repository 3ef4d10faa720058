// Options and small steps that many commands share.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/command.hpp"
#include "program/planning.hpp"
#include "report/row_stream.hpp"
#include "report/table.hpp"
#include "store/database.hpp"

namespace ablate {

OptionSpec db_option();
OptionSpec replace_option();
/// --format with the given formats' names; the first is the fallback.
OptionSpec format_option(const std::vector<Format>& formats);
/// --format with all of them, text first.
OptionSpec format_option();

/// Names the data that are read on standard error, where that is a terminal.
ReadingSource show_reading();

/// The number above zero that an option gives, in the units of a score. Throws Error naming the option.
std::optional<double> find_size(const Arguments& arguments, const std::string& option);

Database open_for_reading(const Arguments& arguments);
Database open_for_writing(const Arguments& arguments);
/// Whether there is a database file at all.
bool has_database(const Arguments& arguments);

/// The sweep of the file that SWEEP names, to be planned. Throws Error as load_sweep() does; where the
/// database has an imported sweep of that name or file, the error says so.
Sweep load_sweep_to_plan(const Arguments& arguments);

/// Says on standard error where the file that a sweep is asked for by has changed since it was planned.
void warn_if_changed(Database& database, const std::optional<std::string>& sweep);

/// Columns that a text table on standard output may take: those of the terminal, 0 elsewhere.
std::size_t output_width();
void print_table(const Table& table, Format format = Format::text);

}  // namespace ablate
