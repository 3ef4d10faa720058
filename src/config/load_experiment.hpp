// Reads experiment keys from TOML tables. Private to this module.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "config/sweep.hpp"
#include "config/toml_document.hpp"

namespace ablate {

/// Turns an expression's names into keys: full ("connector.tokens") or the end of just one key ("tokens"),
/// those of the sweep's own axes first.
class NameBinder {
 public:
  explicit NameBinder(std::vector<const Field*> axis_fields = {}) : axis_fields_(std::move(axis_fields)) {}
  /// Nothing when the text is no expression or names no key: findings say so. `skip`: characters of the TOML
  /// string before the expression.
  std::optional<BoundExpression> bind(const std::string& text, const Location& where, std::size_t skip,
                                      Findings& findings) const;

 private:
  const Field* find(const std::string& name, std::string& problem) const;
  std::vector<const Field*> axis_fields_;
};

/// Reads KEY = VALUE entries, nested or dotted, below `prefix`. Entries named in `skip` are left to the
/// caller.
std::vector<Assignment> read_assignments(const toml::table& table, const std::string& prefix,
                                         const std::vector<std::string>& skip, const TomlDocument& document,
                                         const NameBinder& binder, Findings& findings);
/// A key that is set twice: by its dotted name and by a table, or by `value` and by its name.
void refuse_set_twice(const std::vector<Assignment>& assignments, Findings& findings);
/// Whether two lists set the same keys to the same values or expressions, in the same order.
bool set_the_same(const std::vector<Assignment>& a, const std::vector<Assignment>& b);
/// "unknown key 'demo.widht'; did you mean 'demo.width'?", for a whole key.
std::string unknown_key(const std::string& key);
/// One value for one key.
std::optional<Assignment> read_assignment(const Field& field, const toml::node& node,
                                          const TomlDocument& document, const NameBinder& binder,
                                          Findings& findings);

/// An experiment that is being put together, layer upon layer.
struct Recipe {
  Experiment experiment;
  std::map<std::size_t, Assignment> computed;  ///< By Field::index.
  std::vector<Location> set_at = std::vector<Location>(fields().size());
  std::vector<char> beside_preset = std::vector<char>(fields().size());  ///< As in Sweep.
  std::vector<std::filesystem::path> base_files;                         ///< As in Sweep.

  /// Presets first, then the other keys, so that the order within a file does not matter. A preset replaces
  /// the shape of the layers below.
  void apply(const std::vector<Assignment>& layer, Findings& findings);
  /// Hands over to the sweep.
  void move_to(Sweep& sweep);

 private:
  void replace_shape(const Assignment& preset);
};

/// Reads an experiment file and those that it builds on (`base`), the deepest first, into `recipe`.
void read_experiment(const std::filesystem::path& file, std::optional<Location> asked_at,
                     const NameBinder& binder, Recipe& recipe, Findings& findings);

}  // namespace ablate
