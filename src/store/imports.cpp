#include "store/imports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "store/query.hpp"
#include "util/file.hpp"
#include "util/hash.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

namespace fs = std::filesystem;

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

/// Without the options, which change nothing that they do not change elsewhere.
Json content_of_roles(const ImportRoles& roles) {
  return {{"seed", text_or_null(roles.seed)},
          {"seeds", roles.seed_names},
          {"cost", text_or_null(roles.cost)},
          {"lower_is_better", roles.lower_is_better}};
}
std::string dump_roles(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string roles_json(const ImportRoles& roles) {
  Json json = content_of_roles(roles);
  json["options"] = roles.options;
  return dump_roles(json);
}

Json axes_json(const ImportedSweep& sweep) {
  Json axes = Json::array();
  for (const PlanAxis& axis : sweep.axes) axes.push_back({{"name", axis.name}, {"levels", axis.levels}});
  return axes;
}

/// Hash of all that is kept of it.
std::string hash_import(const ImportedSweep& sweep) {
  std::string text = axes_json(sweep).dump() + dump_roles(content_of_roles(sweep.roles));
  for (const std::vector<int>& cell : sweep.cells) text += fmt::format("\n{}", fmt::join(cell, " "));
  for (const ImportedRun& run : sweep.runs) {
    text += fmt::format("\n{} {} {}", run.cell, run.seed, run.failed);
    for (const auto& [name, value, n, standard_error] : run.scores)
      text += fmt::format(" {} {} {} {}", Json(name).dump(), value, n, standard_error);
  }
  return hash128(text).hex();
}

/// Runs as table replicate has them: all of the first seed, then all of the next, ...
std::vector<std::size_t> replicate_order(const ImportedSweep& sweep) {
  std::vector<std::size_t> order(sweep.runs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const ImportedRun &x = sweep.runs[a], &y = sweep.runs[b];
    return x.seed != y.seed ? x.seed < y.seed : x.cell < y.cell;
  });
  return order;
}

void save_cells(Database& database, std::int64_t sweep_id, const ImportedSweep& sweep) {
  Query insert(database, "INSERT INTO cell (sweep_id, number, label, levels) VALUES (?, ?, NULL, ?)");
  for (std::size_t i = 0; i < sweep.cells.size(); ++i) {
    Json levels = Json::object();
    for (std::size_t axis = 0; axis < sweep.axes.size(); ++axis)
      if (const int level = sweep.cells[i][axis]; level >= 0)
        levels[sweep.axes[axis].name] = sweep.axes[axis].levels[static_cast<std::size_t>(level)];
    insert.bind(sweep_id, static_cast<std::int64_t>(i), levels.dump()).run();
  }
}

void save_runs(Database& database, std::int64_t sweep_id, const ImportedSweep& sweep,
               const std::string& fingerprint, double now) {
  Query job(database,
            "INSERT INTO job (key, stage, task, seed, parts, parents, steps, params, flops, memory_bytes,"
            " state, created_at) VALUES (?, 'eval', ?, ?, '[]', '[]', 0, 0, 0, 0, ?, ?) RETURNING id");
  Query replicate(database,
                  "INSERT INTO replicate (sweep_id, number, cell, seed, jobs) VALUES (?, ?, ?, ?, ?)");
  Query score(database,
              "INSERT INTO score_value (job_id, name, value, n, stderr, attempt) VALUES (?, ?, ?, ?, ?, 0)");
  std::int64_t number = 0;
  for (const std::size_t i : replicate_order(sweep)) {
    const ImportedRun& run = sweep.runs[i];
    const auto seed = static_cast<std::int64_t>(run.seed);
    const std::string key =
        hash128(fmt::format("{} {} {} {}", kImportedTask, fingerprint, number, Json(sweep.name).dump()))
            .hex();
    job.bind(key, kImportedTask, seed, run.failed ? "failed" : "finished", now).step();
    const std::int64_t id = job.integer(0);
    replicate.bind(sweep_id, number++, static_cast<std::int64_t>(run.cell), seed, fmt::format("[{}]", id))
        .run();
    for (const auto& [name, value, n, standard_error] : run.scores)
      score.bind(id, name, value, n, standard_error).run();
  }
}

struct Saved {
  std::int64_t id = 0;
  fs::path path;
  std::string fingerprint;
};

/// What the database has under the sweep's name and may be replaced.
std::optional<Saved> find_saved(Database& database, const ImportedSweep& sweep, bool replace) {
  Query query(database, "SELECT id, path, fingerprint, imported FROM sweep WHERE name = ?", sweep.name);
  if (!query.step()) return std::nullopt;
  const Saved saved{query.integer(0), query.text(1), query.text(2)};
  const std::string name = one_line(sweep.name);
  if (query.is_null(3))
    throw Error(
        fmt::format("the sweep '{}' was planned from {}; expected a name of its own for what is imported",
                    name, shown_path(saved.path)));
  std::error_code failed;
  const bool is_there = fs::status(saved.path, failed).type() != fs::file_type::not_found;
  if (!replace && saved.path != real_path(sweep.file) && is_there)
    throw Error(
        fmt::format("the sweep '{}' was imported from another file, {}; expected another name, or "
                    "--replace, which forgets what was imported from there",
                    name, shown_path(saved.path)));
  return saved;
}

}  // namespace

ImportRoles parse_roles(std::string_view text) {
  const Json json = Json::parse(text);
  const auto text_of = [&](const char* key) {
    return json.at(key).is_null() ? std::string() : json.at(key).get<std::string>();
  };
  return {.seed = text_of("seed"),
          .seed_names = json.at("seeds").get<std::vector<std::string>>(),
          .cost = text_of("cost"),
          .lower_is_better = json.at("lower_is_better").get<std::vector<std::string>>(),
          .options = json.value("options", std::vector<std::string>())};  // Older imports have none.
}

void forget_imported_jobs(Database& database, std::int64_t sweep_id) {
  std::vector<std::int64_t> ids;
  Query query(database,
              "SELECT j.id FROM sweep s JOIN replicate r ON r.sweep_id = s.id JOIN json_each(r.jobs) AS e"
              " JOIN job j ON j.id = e.value WHERE s.id = ? AND s.imported IS NOT NULL AND j.task = ?",
              sweep_id, kImportedTask);
  while (query.step()) ids.push_back(query.integer(0));
  for (const std::int64_t id : ids) {
    Query(database, "DELETE FROM score_value WHERE job_id = ?", id).run();
    Query(database, "DELETE FROM job WHERE id = ?", id).run();
  }
}

ImportResult save_import(Database& database, const ImportedSweep& sweep, double now, bool replace) {
  const std::string fingerprint = hash_import(sweep), path = real_path(sweep.file).string();
  WriteTransaction transaction(database);
  const std::optional<Saved> saved = find_saved(database, sweep, replace);
  if (saved && saved->fingerprint == fingerprint && saved->path == path)
    return {saved->id, true, false, path};
  ImportResult result{.replaced = saved.has_value()};
  if (saved) {
    result.sweep_id = saved->id;
    result.former = saved->path;
    forget_imported_jobs(database, saved->id);
    Query(database, "DELETE FROM replicate WHERE sweep_id = ?", saved->id).run();
    Query(database, "DELETE FROM cell WHERE sweep_id = ?", saved->id).run();
    Query(database,
          "UPDATE sweep SET path = ?, fingerprint = ?, axes = ?, planned_at = ?, imported = ? WHERE id = ?",
          path, fingerprint, axes_json(sweep).dump(), now, roles_json(sweep.roles), saved->id)
        .run();
  } else {
    Query insert(database,
                 "INSERT INTO sweep (name, path, fingerprint, axes, run, planned_at, imported)"
                 " VALUES (?, ?, ?, ?, '{}', ?, ?) RETURNING id",
                 sweep.name, path, fingerprint, axes_json(sweep).dump(), now, roles_json(sweep.roles));
    insert.step();
    result.sweep_id = insert.integer(0);
  }
  save_cells(database, result.sweep_id, sweep);
  save_runs(database, result.sweep_id, sweep, fingerprint, now);
  transaction.commit();
  return result;
}

std::string imported_words(const SweepRecord& sweep) {
  return fmt::format("'{}' was imported from {}: it has runs and no jobs", one_line(sweep.name),
                     shown_path(sweep.path));
}

}  // namespace ablate
