#include "cli/command.hpp"

#include <algorithm>
#include <utility>

namespace ablate {

OptionSpec positional(std::string name, ValueType type, std::string help) {
  OptionSpec option = optional_positional(std::move(name), type, std::move(help));
  option.required = true;
  return option;
}

OptionSpec optional_positional(std::string name, ValueType type, std::string help) {
  return {.name = std::move(name),
          .kind = OptionKind::positional,
          .type = type,
          .metavar = "",
          .help = std::move(help)};
}

OptionSpec flag(std::string name, std::string help) {
  return {.name = std::move(name), .kind = OptionKind::flag, .metavar = "", .help = std::move(help)};
}

OptionSpec value(std::string name, ValueType type, std::string metavar, std::string help) {
  return {.name = std::move(name), .type = type, .metavar = std::move(metavar), .help = std::move(help)};
}

OptionSpec choice(std::string name, std::vector<std::string> choices, std::string fallback,
                  std::string help) {
  std::string metavar = name.substr(name.find_first_not_of('-'));
  for (char& c : metavar) c = c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return {.name = std::move(name),
          .type = ValueType::choice,
          .metavar = std::move(metavar),
          .help = std::move(help),
          .choices = std::move(choices),
          .fallback = std::move(fallback)};
}

OptionSpec repeated(OptionSpec option) {
  option.repeated = true;
  return option;
}

OptionSpec at_least(std::int64_t least, OptionSpec option) {
  option.least = least;
  return option;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const CommandSpec& command : commands()) names.push_back(command.name);
  return names;
}

std::vector<std::string> command_words(const std::string& family) {
  std::vector<std::string> words;
  for (std::string name : command_names()) {
    if (!family.empty()) {
      if (!name.starts_with(family + " ")) continue;
      name = name.substr(family.size() + 1);
    }
    const std::string word = name.substr(0, name.find(' '));
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
  return words;
}

}  // namespace ablate
