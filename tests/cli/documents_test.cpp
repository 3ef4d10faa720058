// What documents say of commands: the README has each of them, the manual says what --help says, and options
// that documents use exist.
#include <fmt/format.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <regex>

#include "cli/arguments.hpp"
#include "cli/command.hpp"
#include "cli/help.hpp"
#include "cli/program.hpp"
#include "config/sweep_keys.hpp"

using namespace ablate;

namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The command that a line of words begins with, by the longest of the names.
const CommandSpec* command_at(const std::string& words) {
  const CommandSpec* found = nullptr;
  for (const CommandSpec& command : commands())
    if ((words + " ").starts_with(command.name + " ") && (!found || command.name.size() > found->name.size()))
      found = &command;
  return found;
}

bool knows(const CommandSpec& command, const std::string& option) {
  return option == "--help" || std::any_of(command.options.begin(), command.options.end(),
                                           [&](const OptionSpec& spec) { return spec.name == option; });
}

/// What follows "ablate " in lines of code and between backquotes, up to what the shell would do next.
std::vector<std::string> calls_in(const std::string& text) {
  static const std::regex kCall(R"((?:`|^ *\$? *|&& )ablate ([a-z][^`\n#|&]*))", std::regex::multiline);
  std::vector<std::string> calls;
  for (std::sregex_iterator at(text.begin(), text.end(), kCall), end; at != end; ++at)
    calls.push_back((*at)[1]);
  return calls;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(documents)

BOOST_AUTO_TEST_CASE(the_readme_has_a_line_for_each_command) {
  const std::string readme = read_text(fs::path(ABLATE_SOURCE_DIR) / "README.md");
  for (const CommandSpec& command : commands())
    BOOST_CHECK_MESSAGE(std::regex_search(readme, std::regex("\n\\| `ablate " + command.name + "[ `]")),
                        "README.md has no line for ablate " << command.name);
}

BOOST_AUTO_TEST_CASE(options_that_documents_use_exist) {
  static const std::regex kOption("--[a-z][a-z-]*");
  std::vector<fs::path> files = {fs::path(ABLATE_SOURCE_DIR) / "README.md"};
  for (const auto& entry : fs::directory_iterator(fs::path(ABLATE_SOURCE_DIR) / "docs"))
    files.push_back(entry.path());
  std::size_t checked = 0;
  for (const fs::path& file : files) {
    for (const std::string& call : calls_in(read_text(file))) {
      const CommandSpec* command = command_at(call);
      if (!command) {  // A family: "ablate data".
        BOOST_CHECK_MESSAGE(
            !command_words(call.substr(0, call.find(' '))).empty() || call.starts_with("COMMAND"),
            file.string() << " calls ablate " << call);
        continue;
      }
      for (std::sregex_iterator at(call.begin(), call.end(), kOption), end; at != end; ++at, ++checked)
        BOOST_CHECK_MESSAGE(knows(*command, at->str()), file.string() << " calls ablate " << call);
    }
  }
  BOOST_TEST(checked > 20u);
}

BOOST_AUTO_TEST_CASE(the_reference_of_sweeps_has_each_of_their_keys) {
  const std::string reference = read_text(fs::path(ABLATE_SOURCE_DIR) / "docs/sweeps.md");
  for (const SweepKey& key : sweep_keys()) {
    const std::string name = key.key;
    const bool said = reference.find("`" + name + "`") != std::string::npos ||
                      reference.find("[" + name + "]") != std::string::npos ||
                      reference.find("{ " + name + " = ") != std::string::npos ||
                      reference.find(", " + name + " = ") != std::string::npos;
    BOOST_CHECK_MESSAGE(said, "docs/sweeps.md lacks " << key.table << " " << name);
  }
}

BOOST_AUTO_TEST_CASE(sweeps_in_documents_can_be_planned) {
  static const std::regex kBlock("```toml\n([^]*?)\n```");
  const Program program;
  std::size_t planned = 0;
  for (const char* name : {"README.md", "docs/sweeps.md"}) {
    const std::string text = read_text(fs::path(ABLATE_SOURCE_DIR) / name);
    for (std::sregex_iterator at(text.begin(), text.end(), kBlock), end; at != end; ++at) {
      const std::string sweep = (*at)[1];
      if (sweep.find("experiment = ") == std::string::npos) continue;
      const std::string file = fmt::format("block-{}.toml", ++planned);
      program.scratch.write(file, std::regex_replace(sweep, std::regex("\\.\\./experiments"),
                                                     ABLATE_SOURCE_DIR "/experiments"));
      const Outcome found = program.run("plan " + file);
      BOOST_CHECK_MESSAGE(found.code == 0, name << ": " << sweep << found.err);
    }
  }
  BOOST_TEST(planned == 5u);
}

BOOST_AUTO_TEST_CASE(the_manual_has_each_command_with_its_options) {
  const Program program;
  const Outcome found = program.run("help --man");
  BOOST_TEST(found.code == 0);
  BOOST_TEST(found.out.starts_with(".TH ABLATE 1 "));
  for (const CommandSpec& command : commands()) {
    const std::size_t at = found.out.find(".SS \"ablate " + command.name);
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, "no section for ablate " << command.name);
    const std::string section = found.out.substr(at, found.out.find("\n.S", at + 1) - at);
    for (const OptionSpec& option : command.options) {
      std::string name = option_usage(option);
      for (std::size_t dash = 0; (dash = name.find('-', dash)) != std::string::npos; dash += 2)
        name.insert(dash, "\\");
      BOOST_CHECK_MESSAGE(section.find("\n.B " + name) != std::string::npos,
                          command.name << " " << option.name);
    }
  }
  // A line that begins with a dot or a quote would be a command of roff.
  BOOST_TEST(found.out.find("\n'") == std::string::npos);

  const Outcome both = program.run("help --man table");
  BOOST_TEST(both.code == 2);
  BOOST_TEST(both.err == "ablate: help: --man prints the whole manual; it takes no COMMAND\n");
}

BOOST_AUTO_TEST_SUITE_END()
