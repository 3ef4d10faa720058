// Options and small steps that many commands share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/command.hpp"
#include "config/experiment.hpp"
#include "report/row_stream.hpp"
#include "report/table.hpp"
#include "store/database.hpp"
#include "store/sweeps.hpp"
#include "util/json.hpp"

namespace ablate {

OptionSpec db_option();
/// --format with the given formats' names; the first is the fallback.
OptionSpec format_option(const std::vector<Format>& formats);
/// --format with all of them, text first.
OptionSpec format_option();

Database open_for_reading(const Arguments& arguments);
Database open_for_writing(const Arguments& arguments);
/// Whether there is a database file at all.
bool has_database(const Arguments& arguments);

/// Columns that a text table on standard output may take: those of the terminal, 0 elsewhere.
std::size_t output_width();
void print_table(const Table& table, Format format = Format::text);

/// How much of a job's key is shown: enough to tell jobs apart and to name one.
constexpr std::size_t kShownKeyDigits = 8;
std::string short_key(const std::string& key);
/// "demo", or the task of an evaluation: "eval demo-accuracy".
std::string job_title(const std::string& stage, const std::string& task);

/// A path as messages show it: from the working folder when it lies below it, and safe to print.
std::string shown_path(const std::filesystem::path& path);

/// The [run] table as JSON, for attempt.json: {"log_interval": 10, ...}.
Json run_table(const Experiment& experiment);

/// "1 job", "3 jobs", "1,204 jobs".
std::string count_of(std::int64_t count, const std::string& noun);

}  // namespace ablate
