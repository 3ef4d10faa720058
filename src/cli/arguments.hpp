// The words of a command line, checked against the command's options.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "config/names.hpp"

namespace ablate {

class Arguments {
 public:
  /// `given`: for each option that was on the command line its values ("true" for a flag). Throws Error
  /// naming the option, what it got and what it takes. `words`: the whole command line, for the record.
  Arguments(const CommandSpec& command, std::map<std::string, std::vector<std::string>> given,
            std::vector<std::string> words);

  bool has(const std::string& name) const { return given_.count(name) > 0; }
  bool flag(const std::string& name) const { return has(name); }
  /// The value that was given, or the option's fallback.
  std::string text(const std::string& name) const;
  std::optional<std::string> find_text(const std::string& name) const;
  std::optional<std::int64_t> find_integer(const std::string& name) const;
  std::optional<double> find_seconds(const std::string& name) const;
  /// The values of a repeated option; lists with commas are taken apart, except for positionals.
  std::vector<std::string> list(const std::string& name) const;
  template <typename E>
  E choice(const std::string& name) const {
    return from_name<E>(text(name));
  }
  /// --db, else the environment's ABLATE_DB, else results/ablate.db.
  std::filesystem::path database() const;
  const std::vector<std::string>& words() const { return words_; }

 private:
  const OptionSpec& spec(const std::string& name) const;
  const CommandSpec& command_;
  std::map<std::string, std::vector<std::string>> given_;
  std::vector<std::string> words_;
};

/// The names by which it is given: "--slots", "-o,--output".
std::string option_words(const OptionSpec& option);
/// The name as it is shown: "--slots N", "JOB...", "-o, --output FILE".
std::string option_usage(const OptionSpec& option);

}  // namespace ablate
