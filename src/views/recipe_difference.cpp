#include "views/recipe_difference.hpp"

#include <map>
#include <set>

#include "store/query.hpp"

namespace ablate {

namespace {

/// Values by stage and key.
using Recipe = std::map<std::pair<std::string, std::string>, Json>;

Recipe load_recipe(Database& database, const std::vector<std::int64_t>& jobs) {
  Recipe recipe;
  Query query(
      database,
      "SELECT o.stage, o.config, (SELECT p.stage FROM json_each(j.parents) AS e JOIN job p ON p.id = e.value"
      " WHERE j.stage = 'eval' AND p.stage IN ('llm', 'vlm', 'sft')) FROM jobs o JOIN job j ON j.id = o.id"
      " WHERE o.id = ?");
  std::set<std::string> evaluated;
  for (const std::int64_t job : jobs) {
    query.bind(job);
    if (!query.step()) continue;
    std::map<std::string, Json> of_job;
    flatten_recipe(Json::parse(query.view(1)), "", of_job);
    for (auto& [key, value] : of_job) recipe[{query.text(0), key}] = std::move(value);
    if (!query.is_null(2)) evaluated.insert(query.text(2));
  }
  // Which job an evaluation looks at is said by its parent alone.
  if (evaluated.size() == 1) recipe[{"eval", "eval.of"}] = *evaluated.begin();
  if (evaluated.size() > 1) recipe[{"eval", "eval.of"}] = evaluated;
  return recipe;
}

std::optional<Json> find_value(const Recipe& recipe, const std::pair<std::string, std::string>& place) {
  const auto found = recipe.find(place);
  return found == recipe.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

void flatten_recipe(const Json& value, const std::string& key, std::map<std::string, Json>& recipe) {
  if (!value.is_object()) {
    recipe[key] = value;
    return;
  }
  for (const auto& [name, inner] : value.items())
    flatten_recipe(inner, key.empty() ? name : key + "." + name, recipe);
}

void name_paths(Database& database, std::optional<Json>& value) {
  if (!value) return;
  if (value->is_array()) {
    for (Json& item : *value) {
      std::optional<Json> named = item;
      name_paths(database, named);
      item = *named;
    }
  } else if (value->is_string()) {
    Query query(database, "SELECT path FROM data_source WHERE hash = ?", value->get<std::string>());
    if (query.step()) *value = value->get<std::string>() + " " + query.text(0);
  }
}

std::vector<RecipeDifference> recipe_differences(Database& database, const std::vector<std::int64_t>& a,
                                                 const std::vector<std::int64_t>& b) {
  const Recipe of_a = load_recipe(database, a), of_b = load_recipe(database, b);
  std::set<std::pair<std::string, std::string>> places;  // Key, then stage.
  for (const Recipe* recipe : {&of_a, &of_b})
    for (const auto& entry : *recipe) places.emplace(entry.first.second, entry.first.first);
  std::vector<RecipeDifference> differences;
  for (const auto& [key, stage] : places) {
    RecipeDifference found{key, {stage}, find_value(of_a, {stage, key}), find_value(of_b, {stage, key})};
    if (found.a == found.b) continue;
    const bool goes_on = !differences.empty() && differences.back().key == key &&
                         differences.back().a == found.a && differences.back().b == found.b;
    if (goes_on)
      differences.back().stages.push_back(stage);
    else
      differences.push_back(std::move(found));
  }
  for (RecipeDifference& difference : differences) {
    name_paths(database, difference.a);
    name_paths(database, difference.b);
  }
  return differences;
}

}  // namespace ablate
