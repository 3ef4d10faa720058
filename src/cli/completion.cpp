#include "cli/completion.hpp"

#include <fmt/format.h>

#include "cli/command.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

/// Prints the first digits of the newest jobs' keys.
constexpr const char* kJobKeys =
    "ablate query 'SELECT substr(key, 1, 8) FROM jobs ORDER BY id DESC LIMIT 500' --format csv";

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// Inside single quotes.
std::string shell_quoted(const std::string& text) { return "'" + replace_all(text, "'", "'\\''") + "'"; }

std::vector<OptionSpec> options_of(const CommandSpec& command, OptionKind kind) {
  std::vector<OptionSpec> found;
  for (const OptionSpec& option : command.options)
    if (option.kind == kind) found.push_back(option);
  return found;
}

/// The words that name a family of commands.
std::vector<std::string> families() {
  std::vector<std::string> found;
  for (const std::string& word : command_words())
    if (!command_words(word).empty()) found.push_back(word);
  return found;
}

/// What is said of a word after `ablate`.
std::string word_summary(const std::string& word) {
  for (const CommandSpec& command : commands())
    if (command.name == word) return command.summary;
  return join(command_words(word), ", ");
}

std::string option_words(const CommandSpec& command) {
  std::vector<std::string> words;
  for (const OptionSpec& option : command.options)
    if (option.kind != OptionKind::positional) words.push_back(option.name);
  words.push_back("--help");
  return join(words, " ");
}

/// The bash statement that fills COMPREPLY with what the value can be.
std::string bash_action(const OptionSpec& option) {
  switch (option.type) {
    case ValueType::choice:
      return fmt::format("_ablate_words '{}'", join(option.choices, " "));
    case ValueType::command:
      return fmt::format("_ablate_words '{}'", join(command_words(), " "));
    case ValueType::key:
      return "_ablate_lines < <(ablate explain --names 2>/dev/null)";
    case ValueType::sweep:
      return "_ablate_lines < <(ablate status --names 2>/dev/null)";
    case ValueType::job:
      return fmt::format("_ablate_lines < <({} 2>/dev/null | tr -d '\\r')", kJobKeys);
    case ValueType::file:
    case ValueType::sweep_file:
      return "return";  // With nothing in COMPREPLY, bash completes files.
    default:
      return "_ablate_nothing";
  }
}

constexpr const char* kBashHead = R"bash(# Completion of ablate for bash: eval "$(ablate completion bash)"
_ablate_words() {
  local word
  for word in $1; do if [[ $word == "$cur"* ]]; then COMPREPLY+=("$word"); fi; done
}
# Lines of standard input. Never through compgen -W, which would run what stands in $(...) of a name.
_ablate_lines() {
  local line
  while IFS= read -r line; do
    if [[ $line == "$cur"* ]]; then COMPREPLY+=("$(printf %q "$line")"); fi
  done
}
_ablate_nothing() { compopt +o default 2>/dev/null; }
_ablate() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
)bash";

/// The argument of _arguments that completes a value.
std::string zsh_action(const OptionSpec& option) {
  switch (option.type) {
    case ValueType::choice:
      return fmt::format("({})", join(option.choices, " "));
    case ValueType::command:
      return fmt::format("({})", join(command_words(), " "));
    case ValueType::key:
      return "_ablate_keys";
    case ValueType::sweep:
      return "_ablate_sweeps";
    case ValueType::job:
      return "_ablate_jobs";
    case ValueType::file:
      return "_files";
    case ValueType::sweep_file:
      return "_files -g \"*.toml\"";
    default:
      return " ";
  }
}

/// Help text inside the brackets of _arguments.
std::string zsh_help(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string zsh_spec(const OptionSpec& option) {
  if (option.kind == OptionKind::positional)
    return fmt::format("{}:{}:{}",
                       option.repeated   ? "*"
                       : option.required ? "1"
                                         : "1:",
                       option.name, zsh_action(option));
  const std::string name =
      fmt::format("{}{}[{}]", option.repeated ? "*" : "", option.name, zsh_help(option.help));
  if (option.kind == OptionKind::flag) return name;
  return fmt::format("{}:{}:{}", name, option.metavar, zsh_action(option));
}

/// Arguments of fish's `complete` for a value.
std::string fish_action(const OptionSpec& option) {
  switch (option.type) {
    case ValueType::choice:
      return " -x -a " + shell_quoted(join(option.choices, " "));
    case ValueType::command:
      return " -x -a " + shell_quoted(join(command_words(), " "));
    case ValueType::key:
      return " -x -a '(ablate explain --names 2>/dev/null)'";
    case ValueType::sweep:
      return " -r -a '(ablate status --names 2>/dev/null)'";
    case ValueType::job:
      return fmt::format(" -x -a \"({} 2>/dev/null | string trim)\"", kJobKeys);
    case ValueType::file:
      return " -r -F";
    case ValueType::sweep_file:
      return " -r -F -a '(__fish_complete_suffix .toml)'";
    default:
      return " -x";
  }
}

/// Inside single quotes fish knows two escapes.
std::string fish_quoted(const std::string& text) {
  return "'" + replace_all(replace_all(text, "\\", "\\\\"), "'", "\\'") + "'";
}

}  // namespace

std::string bash_completion() {
  std::string text = kBashHead;
  text += fmt::format("  if [[ $COMP_CWORD -eq 1 ]]; then _ablate_words '{} --help --version'; return; fi\n",
                      join(command_words(), " "));
  text += "  local command=${COMP_WORDS[1]}\n  case $command in\n";
  for (const std::string& family : families())
    text += fmt::format(
        "    {}) if [[ $COMP_CWORD -eq 2 ]]; then _ablate_words '{}'; return; fi; command+=\" "
        "${{COMP_WORDS[2]}}\" ;;\n",
        family, join(command_words(family), " "));
  text += "  esac\n  case $command in\n";
  for (const CommandSpec& command : commands()) {
    text += fmt::format("    '{}')\n", command.name);
    std::string values;
    for (const OptionSpec& option : options_of(command, OptionKind::value))
      values += fmt::format("        {}) {}; return ;;\n", option.name, bash_action(option));
    if (!values.empty()) text += "      case $prev in\n" + values + "      esac\n";
    text += fmt::format("      if [[ $cur == -* ]]; then _ablate_words '{}'; return; fi\n",
                        option_words(command));
    const auto positionals = options_of(command, OptionKind::positional);
    text += fmt::format("      {} ;;\n",
                        positionals.empty() ? "_ablate_nothing" : bash_action(positionals.front()));
  }
  return text + "  esac\n}\ncomplete -o default -F _ablate ablate\n";
}

std::string zsh_completion() {
  std::string text =
      "#compdef ablate\n"
      "# Completion of ablate for zsh: eval \"$(ablate completion zsh)\", after compinit.\n"
      "_ablate_keys() { local -a lines; lines=(\"${(@f)$(ablate explain --names 2>/dev/null)}\"); compadd -a "
      "lines }\n"
      "_ablate_sweeps() { local -a lines; lines=(\"${(@f)$(ablate status --names 2>/dev/null)}\"); compadd "
      "-a lines; _files -g \"*.toml\" }\n";
  text += fmt::format(
      "_ablate_jobs() {{ local -a lines; lines=(\"${{(@f)$({} 2>/dev/null | tr -d '\\r')}}\"); compadd -a "
      "lines }}\n",
      kJobKeys);
  text += "_ablate() {\n  if (( CURRENT == 2 )); then\n    local -a commands\n    commands=(\n";
  for (const std::string& word : command_words())
    text += fmt::format("      {}\n", shell_quoted(word + ":" + word_summary(word)));
  text +=
      "    )\n    _describe -t commands command commands\n    return\n  fi\n"
      "  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n";
  for (const std::string& family : families())
    text += fmt::format(
        "  if [[ $command == {} ]]; then\n    if (( CURRENT == 2 )); then compadd {}; return; fi\n"
        "    command+=\" $words[2]\"\n    shift words\n    (( CURRENT-- ))\n  fi\n",
        family, join(command_words(family), " "));
  text += "  case $command in\n";
  for (const CommandSpec& command : commands()) {
    text += fmt::format("    {})\n      _arguments", shell_quoted(command.name));
    for (const OptionSpec& option : command.options) text += " \\\n        " + shell_quoted(zsh_spec(option));
    text += " \\\n        '--help[help of this command]' ;;\n";
  }
  return text +
         "  esac\n}\nif [[ $funcstack[1] == _ablate ]]; then _ablate \"$@\"; else compdef _ablate ablate; "
         "fi\n";
}

std::string fish_completion() {
  std::string text =
      "# Completion of ablate for fish: save as ~/.config/fish/completions/ablate.fish\ncomplete -c ablate "
      "-f\n";
  text += "complete -c ablate -n __fish_use_subcommand -l version -d 'version of this build'\n";
  for (const std::string& word : command_words())
    text += fmt::format("complete -c ablate -n __fish_use_subcommand -a {} -d {}\n", word,
                        fish_quoted(word_summary(word)));
  for (const std::string& family : families())
    text += fmt::format(
        "complete -c ablate -n '__fish_seen_subcommand_from {0}; and not __fish_seen_subcommand_from {1}' -a "
        "'{1}'\n",
        family, join(command_words(family), " "));
  for (const CommandSpec& command : commands()) {
    const std::vector<std::string> words = split(command.name, ' ');
    const std::string head = fmt::format("complete -c ablate -n '__fish_seen_subcommand_from {}'",
                                         join(words, "; and __fish_seen_subcommand_from "));
    for (const OptionSpec& option : command.options) {
      text += head;
      if (option.kind == OptionKind::positional) {
        text += option.type == ValueType::text ? "" : fish_action(option).substr(3);  // Without -x or -r.
      } else {
        text += " -l " + option.name.substr(2);
        if (option.kind == OptionKind::value) text += fish_action(option);
      }
      text += " -d " + fish_quoted(option.help) + "\n";
    }
    text += head + " -l help -d 'help of this command'\n";
  }
  return text;
}

}  // namespace ablate
