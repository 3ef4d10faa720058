#include "cli/common.hpp"

#include <fmt/format.h>

#include "cli/output.hpp"
#include "config/fields.hpp"
#include "report/terminal.hpp"
#include "util/text.hpp"

namespace ablate {

OptionSpec db_option() {
  return value("--db", ValueType::file, "PATH", "database [$ABLATE_DB, else results/ablate.db]");
}

OptionSpec format_option(const std::vector<Format>& formats) {
  std::vector<std::string> names;
  for (const Format format : formats) names.push_back(to_name(format));
  return choice("--format", names, names.front(), "how to write it");
}

OptionSpec format_option() {
  return choice("--format", known_names<Format>(), to_name(Format::text), "how to write it");
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

std::size_t output_width() { return terminal_of(1).columns; }

void print_table(const Table& table, Format format) { write_out(render(table, format, output_width())); }

std::string short_key(const std::string& key) { return key.substr(0, kShownKeyDigits); }

std::string job_title(const std::string& stage, const std::string& task) {
  return task.empty() ? stage : stage + " " + task;
}

std::string shown_path(const std::filesystem::path& path) {
  std::error_code failed;
  const std::filesystem::path here = std::filesystem::relative(path, failed);
  return one_line(!failed && !here.empty() && *here.begin() != ".." ? here.string() : path.string());
}

Json run_table(const Experiment& experiment) {
  Json table = Json::object();
  for (const Field& field : fields())
    if (field.section() == "run")
      std::visit([&](const auto& held) { table[field.leaf()] = held; }, get_value(field, experiment));
  return table;
}

std::string count_of(std::int64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", with_commas(count), noun, count == 1 ? "" : "s");
}

}  // namespace ablate
