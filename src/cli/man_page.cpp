// The manual as a page for man(1), from the texts that --help prints.
#include <fmt/format.h>

#include "cli/arguments.hpp"
#include "cli/help.hpp"
#include "util/build_info.hpp"

namespace ablate {

namespace {

/// Text for roff: what it would read as a command, or print as a typographer's sign, stays as it is.
std::string roff(std::string_view text) {
  std::string escaped = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
  for (const char c : text) {
    switch (c) {
      case '\\':
        escaped += "\\e";
        break;
      case '-':
        escaped += "\\-";
        break;
      case '`':
        escaped += "\\(ga";
        break;
      case '\'':
        escaped += "\\(aq";
        break;
      case '"':
        escaped += "\\(dq";
        break;
      case '^':
        escaped += "\\(ha";
        break;
      case '~':
        escaped += "\\(ti";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string option_entry(std::string_view usage, std::string_view meaning) {
  return fmt::format(".TP\n.B {}\n{}\n", roff(usage), roff(meaning));
}

std::string example_block(std::string_view line) {
  return fmt::format(".PP\n.nf\n.RS\n{}\n.RE\n.fi\n", roff(line));
}

std::string command_section(const CommandSpec& command) {
  std::string text = fmt::format(".SS \"{}\"\n{}\n", roff(command_usage(command)),
                                 roff(command.summary + ". " + command.description));
  for (const bool positionals : {true, false})
    for (const OptionSpec& option : command.options)
      if ((option.kind == OptionKind::positional) == positionals)
        text += option_entry(option_usage(option), option_help(option));
  return text + example_block(command.example);
}

}  // namespace

std::string man_page() {
  std::string text = fmt::format(".TH ABLATE 1 \"\" \"ablate {}\" \"User Commands\"\n", build_info().version);
  text += ".SH NAME\nablate \\- controlled ablations of multimodal pre\\-training\n";
  text += ".SH SYNOPSIS\n.B ablate\n.I COMMAND\n[options]\n";
  text += fmt::format(".SH DESCRIPTION\n{}\n.PP\n{}\n", roff(kProgramSummary), roff(kCommonHelp));
  for (const auto& [group, title] : group_titles()) {
    text += fmt::format(".SH \"{}\"\n", roff(title));
    for (const CommandSpec& command : commands())
      if (command.group == group) text += command_section(command);
  }
  return text + ".SH EXAMPLE\n" + example_block(kProgramExample);
}

}  // namespace ablate
