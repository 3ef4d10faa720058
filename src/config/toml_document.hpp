// TOML files as untrusted input: bounded, checked, every mistake with its place. Private to this module:
// toml++ stays here.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/diagnostics.hpp"
#include "config/value.hpp"

#include <toml++/toml.h>

namespace ablate {

/// Mistakes found so far, and the texts that they point into.
struct Findings {
  Sources sources;
  std::vector<Diagnostic> diagnostics;

  void add(const Location& where, std::string message) { diagnostics.push_back({where, std::move(message)}); }
  /// Throws ConfigError when there is any.
  void raise() const {
    if (!diagnostics.empty()) throw ConfigError(diagnostics, sources);
  }
};

struct TomlDocument {
  std::uint32_t source = 0;
  std::filesystem::path file;  ///< As real_path() has it: paths in it are relative to its folder.
  toml::table root;

  Location at(const toml::source_region& region) const {
    return {source, static_cast<std::uint32_t>(region.begin.line),
            static_cast<std::uint32_t>(region.begin.column)};
  }
  Location at(const toml::key& key) const { return at(key.source()); }
  Location at(const toml::node& node) const { return at(node.source()); }
};

/// Largest TOML file that is read, in bytes.
constexpr std::size_t kMaxTomlBytes = 1 << 20;

/// Reads and parses a file. Nothing when it cannot be: findings then say why. `asked_at`: the place that
/// named the file.
std::optional<TomlDocument> read_document(const std::filesystem::path& file, Findings& findings,
                                          std::optional<Location> asked_at);

/// A TOML value as a Value; nothing for a table, a date or a list of mixed types: findings say so.
std::optional<Value> to_value(const toml::node& node, const TomlDocument& document, Findings& findings);

/// The entries of a table in the order of the file (toml++ sorts them by name).
std::vector<std::pair<const toml::key*, const toml::node*>> in_order(const toml::table& table);

}  // namespace ablate
