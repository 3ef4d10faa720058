// What differs between the recipes of two runs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/database.hpp"
#include "util/json.hpp"

namespace ablate {

/// A key whose value differs in some stages.
struct RecipeDifference {
  std::string key;                  ///< "connector.kind"
  std::vector<std::string> stages;  ///< "vlm", "eval": those in which it differs so.
  /// Nothing: the stage does not look at the key, or does not exist.
  std::optional<Json> a, b;
};

/// The values of a configuration by key: {"train": {"lr": 1}} as "train.lr"; lists stay whole. `key`: of
/// `value` itself.
void flatten_recipe(const Json& value, const std::string& key, std::map<std::string, Json>& recipe);
/// Puts the path at which a content was found last behind each hash that a value has.
void name_paths(Database& database, std::optional<Json>& value);

/// Of the resolved configurations of all jobs (ids) of two runs, by key, and of the stages whose decoders
/// their evaluations look at, as eval.of. The content of data stands as its hash, and after it the path at
/// which it was found last.
std::vector<RecipeDifference> recipe_differences(Database& database, const std::vector<std::int64_t>& a,
                                                 const std::vector<std::int64_t>& b);

}  // namespace ablate
