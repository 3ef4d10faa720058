#include "cli/arguments.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstdlib>

#include "store/database.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::string_view kOutput = "--output";  // Everybody types -o for it.

std::optional<std::int64_t> parse_integer(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

void check_value(const OptionSpec& option, const std::string& text) {
  const auto fail = [&](const std::string& expected) {
    throw Error(fmt::format("{} is '{}'; expected {}", option.name, printable(text), expected));
  };
  switch (option.type) {
    case ValueType::integer: {
      const auto number = parse_integer(text);
      if (!number || *number < option.least) fail(fmt::format("an integer of at least {}", option.least));
      break;
    }
    case ValueType::duration:
      if (!parse_duration(text)) fail("a duration such as 90s, 30m, 2h or 1d");
      break;
    case ValueType::choice:
      if (std::find(option.choices.begin(), option.choices.end(), text) == option.choices.end())
        throw Error(
            fmt::format("{} is '{}'{}", option.name, printable(text), suggestion(text, option.choices)));
      break;
    default:
      if (text.empty()) fail("a text that is not empty");
  }
}

}  // namespace

Arguments::Arguments(const CommandSpec& command, std::map<std::string, std::vector<std::string>> given,
                     std::vector<std::string> words)
    : command_(command), given_(std::move(given)), words_(std::move(words)) {
  for (const OptionSpec& option : command_.options) {
    const auto found = given_.find(option.name);
    if (found == given_.end()) {
      if (option.required)
        throw Error(fmt::format("{} needs {}: {}; for example: {}", command_.name, option_usage(option),
                                option.help, command_.example));
      continue;
    }
    if (option.kind == OptionKind::flag) continue;
    if (!option.repeated && found->second.size() > 1)
      throw Error(fmt::format("{} is given {} times; expected once", option.name, found->second.size()));
    if (option.repeated) {
      for (const std::string& text : list(option.name)) check_value(option, text);
    } else {
      check_value(option, found->second.front());
    }
  }
}

std::string Arguments::text(const std::string& name) const {
  return find_text(name).value_or(spec(name).fallback);
}

std::optional<std::string> Arguments::find_text(const std::string& name) const {
  const auto found = given_.find(name);
  if (found == given_.end()) return std::nullopt;
  return found->second.front();
}

std::optional<std::int64_t> Arguments::find_integer(const std::string& name) const {
  const auto text = find_text(name);
  return text ? parse_integer(*text) : std::nullopt;
}

std::optional<double> Arguments::find_seconds(const std::string& name) const {
  const auto text = find_text(name);
  return text ? parse_duration(*text) : std::nullopt;
}

std::vector<std::string> Arguments::list(const std::string& name) const {
  const auto found = given_.find(name);
  if (found == given_.end()) return {};
  if (spec(name).kind == OptionKind::positional) return found->second;
  std::vector<std::string> items;
  for (const std::string& given : found->second)
    for (std::string& item : split(given, ',')) items.push_back(std::move(item));
  return items;
}

std::filesystem::path Arguments::database() const {
  if (const auto path = find_text("--db")) return *path;
  const char* path = std::getenv("ABLATE_DB");
  return path && *path ? path : kDefaultDatabase;
}

const OptionSpec& Arguments::spec(const std::string& name) const {
  const auto found = std::find_if(command_.options.begin(), command_.options.end(),
                                  [&](const OptionSpec& option) { return option.name == name; });
  assert(found != command_.options.end());
  return *found;
}

std::string option_usage(const OptionSpec& option) {
  if (option.kind == OptionKind::flag) return option.name;
  if (option.kind == OptionKind::positional) return option.name + (option.repeated ? "..." : "");
  return (option.name == kOutput ? "-o, " : "") + option.name + " " + option.metavar;
}

std::string option_words(const OptionSpec& option) {
  return option.name == kOutput ? "-o,--output" : option.name;
}

}  // namespace ablate
