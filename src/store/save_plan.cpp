#include <fmt/format.h>

#include "store/added_seeds.hpp"
#include "store/claims.hpp"
#include "store/ids.hpp"
#include "store/imports.hpp"
#include "store/key_lookup.hpp"
#include "store/query.hpp"
#include "store/sweeps.hpp"
#include "util/file.hpp"

namespace ablate {

namespace {

template <typename T>
void add_bytes(std::string& bytes, const std::vector<T>& values) {
  const std::size_t count = values.size();
  bytes.append(reinterpret_cast<const char*>(&count), sizeof count);
  if (count) bytes.append(reinterpret_cast<const char*>(values.data()), count * sizeof(T));
}

void add_text(std::string& bytes, std::string_view text) {
  const std::size_t size = text.size();
  bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
  bytes += text;
}

Json range_json(const SampleRange& range) {
  return {{"low", range.low}, {"high", range.high}, {"scale", to_name(range.scale)}};
}

/// Hash of all that the tables of a sweep are made from.
Hash128 hash_plan(const Plan& plan) {
  std::string bytes;
  for (const PlanAxis& axis : plan.axes) {
    add_text(bytes, axis.name);
    for (const std::string& level : axis.levels) add_text(bytes, level);
    if (axis.range) add_text(bytes, range_json(*axis.range).dump());
  }
  for (const Cell& cell : plan.cells) {
    add_bytes(bytes, cell.levels);
    add_text(bytes, cell.label);
  }
  add_bytes(bytes, plan.seeds);
  for (const PlannedJob& job : plan.jobs) {
    bytes.append(reinterpret_cast<const char*>(&job.key.high), sizeof job.key.high);
    bytes.append(reinterpret_cast<const char*>(&job.key.low), sizeof job.key.low);
  }
  add_bytes(bytes, plan.replicate_jobs);
  add_bytes(bytes, plan.replicate_begin);
  if (!plan.added.empty()) add_bytes(bytes, plan.added);
  return hash128(bytes);
}

Json axes_json(const Plan& plan) {
  Json axes = Json::array();
  for (const PlanAxis& axis : plan.axes) {
    axes.push_back({{"name", axis.name}, {"levels", axis.levels}});
    if (axis.range) axes.back()["range"] = range_json(*axis.range);
  }
  return axes;
}

/// Ids for a plan's rows: those that the table has, and the next free ones for the others.
struct RowIds {
  std::vector<std::int64_t> ids;
  std::int64_t first_new = 1, next = 1;
  bool is_new(std::size_t index) const { return ids[index] >= first_new; }
};

RowIds assign_ids(Database& database, const KeyedTable& table, const std::vector<Hash128>& keys) {
  RowIds rows;
  rows.ids.resize(keys.size());
  find_rows(database, table, keys,
            [&](std::size_t index, const Query& row) { rows.ids[index] = row.integer(0); });
  Query last(database, table.last_id);
  last.step();
  rows.first_new = rows.next = last.integer(0) + 1;
  for (std::int64_t& id : rows.ids)
    if (id == 0) id = rows.next++;
  return rows;
}

/// The first rows of a table are many: its index is made after them.
constexpr std::int64_t kManyRows = 1000;
std::optional<DeferredIndex> defer_index(Database& database, const RowIds& rows, const char* name) {
  if (rows.first_new > 1 || rows.next - rows.first_new < kManyRows) return std::nullopt;
  return DeferredIndex(database, name);
}

/// Writes a plan within one transaction. Rows get their ids here, so that none has to be asked for.
class PlanWriter {
 public:
  PlanWriter(Database& database, const Plan& plan) : database_(database), plan_(plan) {}

  /// Returns how many jobs are new.
  std::int64_t save_jobs(double now) {
    save_parts();
    std::vector<Hash128> keys;
    for (const PlannedJob& job : plan_.jobs) keys.push_back(job.key);
    jobs_ = assign_ids(database_, kJobTable, keys);
    auto index = defer_index(database_, jobs_, "job_by_key");
    Query insert(
        database_,
        "INSERT INTO job (id, key, stage, task, seed, parts, parents, steps, params, flops, memory_bytes,"
        " created_at, trajectory) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    Query complete(database_, "UPDATE job SET trajectory = ? WHERE id = ? AND trajectory = ''");
    std::string parts, parents;
    for (std::size_t i = 0; i < plan_.jobs.size(); ++i) {
      const PlannedJob& job = plan_.jobs[i];
      const std::string trajectory = job.trajectory == Hash128{} ? "" : job.trajectory.hex();
      if (!jobs_.is_new(i)) {
        if (!trajectory.empty()) complete.bind(trajectory, jobs_.ids[i]).run();
        continue;
      }
      write_ids(parts, job.parts, parts_.ids);
      write_ids(parents, job.parents, jobs_.ids);
      insert
          .bind(jobs_.ids[i], job.key.hex(), to_name(job.stage), job.task,
                static_cast<std::int64_t>(job.seed), parts, parents, job.steps, job.cost.params,
                job.cost.flops, job.cost.memory_bytes, now, trajectory)
          .run();
    }
    if (index) index->restore();
    return jobs_.next - jobs_.first_new;
  }

  void save_cells(std::int64_t sweep_id) {
    Query(database_, "DELETE FROM replicate WHERE sweep_id = ?", sweep_id).run();
    Query(database_, "DELETE FROM cell WHERE sweep_id = ?", sweep_id).run();
    const auto fragments = level_fragments();
    Query insert(database_, "INSERT INTO cell (sweep_id, number, label, levels) VALUES (?, ?, ?, ?)");
    std::string levels;
    for (std::size_t i = 0; i < plan_.cells.size(); ++i) {
      const Cell& cell = plan_.cells[i];
      levels = '{';
      for (std::size_t axis = 0; axis < cell.levels.size(); ++axis) {
        if (cell.levels[axis] < 0) continue;
        if (levels.size() > 1) levels += ',';
        levels += fragments[axis][static_cast<std::size_t>(cell.levels[axis])];
      }
      levels += '}';
      const auto label = cell.label.empty() ? std::nullopt : std::optional(cell.label);
      insert.bind(sweep_id, static_cast<std::int64_t>(i), label, levels).run();
    }
    save_replicates(sweep_id);
  }

 private:
  void save_parts() {
    std::vector<Hash128> hashes;
    for (const ConfigPart& part : plan_.parts) hashes.push_back(part.hash);
    parts_ = assign_ids(database_, kPartTable, hashes);
    auto index = defer_index(database_, parts_, "part_by_hash");
    Query insert(database_, "INSERT INTO part (id, hash, section, json) VALUES (?, ?, ?, ?)");
    for (std::size_t i = 0; i < plan_.parts.size(); ++i) {
      const ConfigPart& part = plan_.parts[i];
      if (parts_.is_new(i)) insert.bind(parts_.ids[i], part.hash.hex(), part.section, part.json).run();
    }
    if (index) index->restore();
  }

  void save_replicates(std::int64_t sweep_id) {
    Query insert(database_,
                 "INSERT INTO replicate (sweep_id, number, cell, seed, jobs) VALUES (?, ?, ?, ?, ?)");
    std::string jobs;
    for (std::size_t r = 0; r < plan_.num_replicates(); ++r) {
      write_ids(jobs, plan_.jobs_of(r), jobs_.ids);
      insert
          .bind(sweep_id, static_cast<std::int64_t>(r), static_cast<std::int64_t>(plan_.cell_of(r)),
                static_cast<std::int64_t>(plan_.seed_of(r)), jobs)
          .run();
    }
  }

  /// `"axis":"label"` for each level of each axis.
  std::vector<std::vector<std::string>> level_fragments() const {
    std::vector<std::vector<std::string>> fragments;
    for (const PlanAxis& axis : plan_.axes) {
      std::vector<std::string>& of_axis = fragments.emplace_back();
      for (const std::string& level : axis.levels)
        of_axis.push_back(fmt::format("{}:{}", Json(axis.name).dump(), Json(level).dump()));
    }
    return fragments;
  }

  Database& database_;
  const Plan& plan_;
  RowIds parts_, jobs_;
};

}  // namespace

std::map<std::string, std::filesystem::path> absolute_sources(const Plan& plan) {
  std::map<std::string, std::filesystem::path> sources;
  for (const auto& [hash, path] : plan.sources)
    sources.emplace(hash, std::filesystem::absolute(path).lexically_normal());
  return sources;
}

namespace {

/// Those of the plan's sources that the database does not have like this.
std::vector<std::pair<std::string, std::string>> find_new_sources(Database& database, const Plan& plan) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [hash, path] : absolute_sources(plan)) {
    Query query(database, "SELECT path FROM data_source WHERE hash = ?", hash);
    if (!query.step() || query.view(0) != path.string()) found.emplace_back(hash, path.string());
  }
  return found;
}

}  // namespace

bool has_plan(Database& database, std::int64_t sweep_id, const Plan& plan) {
  Query query(database, "SELECT fingerprint FROM sweep WHERE id = ?", sweep_id);
  return query.step() && query.view(0) == hash_plan(plan).hex();
}

SaveResult save_plan(Database& database, const Plan& plan, const std::filesystem::path& sweep_file,
                     const Json& run, double now, bool replace) {
  const std::string fingerprint = hash_plan(plan).hex();
  const std::string path = real_path(sweep_file).string();
  const std::string run_text = run.dump();

  // Looked up without the write lock first: most plans of a finished sweep are the same again.
  const auto find = [&](bool& same_plan, bool& same_rest) -> std::optional<std::int64_t> {
    Query query(database,
                "SELECT id, fingerprint, path, run,"
                "       planned_at >= (SELECT max(planned_at) FROM sweep o WHERE o.path = s.path)"
                " FROM sweep s WHERE name = ?",
                plan.sweep);
    if (!query.step()) return std::nullopt;
    same_plan = query.view(1) == fingerprint;
    // The same file may have been planned under another name since: a path means the last one.
    same_rest = query.view(2) == path && query.view(3) == run_text && query.integer(4) != 0;
    return query.integer(0);
  };
  bool same_plan = false, same_rest = false;
  const auto new_sources = find_new_sources(database, plan);
  if (const auto id = find(same_plan, same_rest); id && same_plan && same_rest && new_sources.empty() &&
                                                  has_claims(database, *id, plan.claims) &&
                                                  has_additions(database, *id, plan.additions))
    return {*id, 0, true};

  WriteTransaction transaction(database);
  claim_name(database, plan.sweep, path, replace);
  for (const auto& [hash, source] : new_sources)
    Query(database, "INSERT OR REPLACE INTO data_source (hash, path) VALUES (?, ?)", hash, source).run();
  SaveResult result;
  auto id = find(same_plan, same_rest);
  PlanWriter writer(database, plan);
  if (!(id && same_plan)) result.new_jobs = writer.save_jobs(now);
  if (id) {
    forget_imported_jobs(database, *id);
    Query(database,
          "UPDATE sweep SET path = ?, fingerprint = ?, axes = ?, run = ?, planned_at = ?, imported = NULL"
          " WHERE id = ?",
          path, fingerprint, axes_json(plan).dump(), run_text, now, *id)
        .run();
  } else {
    Query insert(
        database,
        "INSERT INTO sweep (name, path, fingerprint, axes, run, planned_at) VALUES (?, ?, ?, ?, ?, ?)"
        " RETURNING id",
        plan.sweep, path, fingerprint, axes_json(plan).dump(), run_text, now);
    insert.step();
    id = insert.integer(0);
  }
  result.sweep_id = *id;
  if (!same_plan) writer.save_cells(*id);
  save_additions(database, *id, plan.additions, now);
  save_claims(database, *id, plan.claims, now);
  transaction.commit();
  return result;
}

}  // namespace ablate
