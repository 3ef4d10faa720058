#include "cli/help.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>

#include "cli/arguments.hpp"
#include "report/wrap.hpp"
#include "util/build_info.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr GroupTitle kGroupTitles[] = {{Group::sweeps, "Sweeps"},
                                       {Group::results, "Results"},
                                       {Group::jobs, "Jobs"},
                                       {Group::data, "Data"},
                                       {Group::health, "Help and health"}};

std::string option_lines(const CommandSpec& command, bool positionals) {
  constexpr std::size_t kIndent = 22;
  std::string text;
  for (const OptionSpec& option : command.options) {
    if ((option.kind == OptionKind::positional) != positionals) continue;
    const std::string usage = option_usage(option);
    text += fmt::format("  {:<{}}", usage, kIndent - 2);
    if (usage.size() + 4 > kIndent) text += "\n" + std::string(kIndent, ' ');
    text += wrap(option_help(option), kIndent) + "\n";
  }
  return text;
}

}  // namespace

std::string option_help(const OptionSpec& option) {
  std::string text = option.help;
  if (option.type == ValueType::choice) text += fmt::format(": {}", join(option.choices, ", "));
  if (!option.fallback.empty()) text += fmt::format(" [{}]", option.fallback);
  return text;
}

std::string command_usage(const CommandSpec& command) {
  std::string usage = "ablate " + command.name;
  for (const OptionSpec& option : command.options)
    if (option.kind == OptionKind::positional)
      usage += option.required ? " " + option_usage(option) : " [" + option_usage(option) + "]";
  return usage + " [options]";
}

std::span<const GroupTitle> group_titles() { return kGroupTitles; }

std::string family_help(const std::string& family) {
  std::string text = fmt::format("Usage: ablate {} COMMAND [options]\n\n", family);
  for (const CommandSpec& command : commands())
    if (command.name.starts_with(family + " "))
      text += fmt::format("  {:<16}{}\n", command.name, command.summary);
  return text + fmt::format("\n`ablate {} COMMAND --help` explains one of them.\n", family);
}

std::string program_help() {
  std::string text = "Usage: ablate COMMAND [options]\n\n" + wrap(kProgramSummary, 0, 84) + "\n";
  for (const auto& [group, title] : kGroupTitles) {
    text += fmt::format("\n{}\n", title);
    for (const CommandSpec& command : commands())
      if (command.group == group) text += fmt::format("  {:<16}{}\n", command.name, command.summary);
  }
  return text + "\n" + wrap(kCommonHelp, 0, 77) + "\n\nExample\n  " + kProgramExample + "\n";
}

std::string command_help(const CommandSpec& command) {
  std::string text = "Usage: " + command_usage(command) + "\n\n" +
                     wrap(command.summary + ". " + command.description, 0) + "\n";
  if (const std::string lines = option_lines(command, true); !lines.empty()) text += "\nArguments\n" + lines;
  text += "\nOptions\n" + option_lines(command, false);
  text += fmt::format("  {:<20}{}\n", "--help", "this text");
  return text + "\nExample\n  " + command.example + "\n";
}

const CommandSpec& get_command(const std::string& name) {
  for (const CommandSpec& command : commands())
    if (command.name == name) return command;
  const auto near = nearest(name, command_names());
  throw Error(
      fmt::format("unknown command '{}'{}", printable(name),
                  near ? fmt::format("; did you mean '{}'?", *near) : "; `ablate --help` lists them"));
}

std::string version_text() {
  const BuildInfo build = build_info();
  return fmt::format("ablate {} ({}, {}, {}, SQLite {})\n", build.version, build.revision, build.type,
                     build.compiler, sqlite3_libversion());
}

}  // namespace ablate
