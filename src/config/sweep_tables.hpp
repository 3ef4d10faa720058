// Checked access to the tables of a sweep file: a mistake is found once, and nothing is said that only
// follows from it. Private to this module.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "config/names.hpp"
#include "config/toml_document.hpp"

namespace ablate {

class SweepTables {
 public:
  SweepTables(const TomlDocument& document, Findings& findings) : document_(document), findings_(findings) {}

 protected:
  /// Of the key's value, else of the table.
  Location place(const toml::table& owner, const char* key) const;
  void wrong_type(const toml::node& node, const char* key, const std::string& expected);

  /// Of these, nothing where the key is absent; and where its value is wrong, which is a finding then.
  std::optional<std::string> text(const toml::table& owner, const char* key);
  /// A name that tables show: one that can be seen there, and is not "-".
  std::optional<std::string> shown_name(const toml::table& owner, const char* key);
  std::optional<std::int64_t> integer(const toml::table& owner, const char* key, std::int64_t low,
                                      std::int64_t high);
  const toml::table* table(const toml::table& owner, const char* key);
  /// The tables of an array of tables.
  std::vector<const toml::table*> tables(const toml::table& owner, const char* key);

  /// The value named, or `otherwise` where the key is absent. Nothing when it cannot be told: the name is
  /// wrong, or the key is misspelt.
  template <typename E>
  std::optional<E> choice(const toml::table& owner, const std::string& kind, const char* key, E otherwise) {
    if (is_misspelt(owner, kind, key)) return std::nullopt;
    if (!owner.contains(key)) return otherwise;
    const auto name = text(owner, key);
    if (!name) return std::nullopt;
    try {
      return from_name<E>(*name);
    } catch (const Error& error) {
      findings_.add(place(owner, key), fmt::format("'{}' has an {}", key, error.what()));
      return std::nullopt;
    }
  }

  /// `kind`: the table's name in sweep_keys(), "" at the top.
  void refuse_unknown(const toml::table& owner, const std::string& kind);
  /// Whether the document holds keys of an experiment and none of a sweep.
  bool is_experiment() const;
  /// Whether an unknown key of the table was meant to be `key`, which is absent.
  bool is_misspelt(const toml::table& owner, const std::string& kind, const char* key) const;
  /// Whether `key` is neither there nor misspelt.
  bool lacks(const toml::table& owner, const std::string& kind, const char* key) const {
    return !owner.contains(key) && !is_misspelt(owner, kind, key);
  }

  const TomlDocument& document_;
  Findings& findings_;
};

}  // namespace ablate
