#include "store/added_seeds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "store/query.hpp"
#include "util/json.hpp"

namespace ablate {

namespace {

Json names_json(const std::vector<CellName>& cells) {
  Json json = Json::array();
  for (const CellName& cell : cells)
    json.push_back({{"label", cell.label.empty() ? Json() : Json(cell.label)}, {"levels", cell.levels}});
  return json;
}

std::vector<CellName> parse_cell_names(std::string_view text) {
  std::vector<CellName> cells;
  for (const Json& cell : Json::parse(text)) {
    const Json& label = cell.at("label");
    cells.push_back({label.is_null() ? "" : label.get<std::string>(),
                     cell.at("levels").get<std::map<std::string, std::string>>()});
  }
  return cells;
}

ScoreChoice parse_choice(std::string_view text) {
  const Json json = Json::parse(text);
  return {json.at("score").get<std::string>(), json.at("of_cells").get<std::int64_t>(),
          json.at("seeds").get<std::vector<std::uint64_t>>()};
}

std::optional<std::string> choice_text(const std::optional<ScoreChoice>& choice) {
  if (!choice) return std::nullopt;
  return Json{{"score", choice->score}, {"of_cells", choice->of_cells}, {"seeds", choice->seeds}}.dump();
}

}  // namespace

std::vector<SeedAddition> load_additions(Database& database, std::int64_t sweep_id) {
  std::vector<SeedAddition> additions;
  Query query(database,
              "SELECT id, seeds, cells, reason, choice, added_at FROM seed_addition WHERE sweep_id = ?"
              " ORDER BY id",
              sweep_id);
  while (query.step()) try {
      SeedAddition& addition = additions.emplace_back();
      addition.seeds = Json::parse(query.view(1)).get<std::vector<std::uint64_t>>();
      if (!query.is_null(2)) addition.cells = parse_cell_names(query.view(2));
      addition.reason = query.text(3);
      if (!query.is_null(4)) addition.choice = parse_choice(query.view(4));
      addition.added_at = query.real(5);
    } catch (const Json::exception& error) {
      throw Error(fmt::format("{}: table seed_addition, row {}: {}", database.path().string(),
                              query.integer(0), error.what()));
    }
  return additions;
}

bool has_additions(Database& database, std::int64_t sweep_id, const std::vector<SeedAddition>& additions) {
  const std::vector<SeedAddition> saved = load_additions(database, sweep_id);
  return std::equal(saved.begin(), saved.end(), additions.begin(), additions.end(),
                    [](const SeedAddition& a, const SeedAddition& b) { return a.is_like(b); });
}

void save_additions(Database& database, std::int64_t sweep_id, const std::vector<SeedAddition>& additions,
                    double now) {
  Query(database, "DELETE FROM seed_addition WHERE sweep_id = ?", sweep_id).run();
  Query insert(database,
               "INSERT INTO seed_addition (sweep_id, seeds, cells, reason, choice, added_at)"
               " VALUES (?, ?, ?, ?, ?, ?)");
  for (const SeedAddition& addition : additions) {
    std::optional<std::string> cells;
    if (addition.cells) cells = names_json(*addition.cells).dump();
    insert
        .bind(sweep_id, Json(addition.seeds).dump(), cells, addition.reason, choice_text(addition.choice),
              addition.added_at > 0 ? addition.added_at : now)
        .run();
  }
}

}  // namespace ablate
