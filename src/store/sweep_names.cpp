// Which sweep a name or a path means: a sweep is known by its file.
#include <fmt/format.h>

#include <algorithm>

#include "config/sweep.hpp"
#include "store/query.hpp"
#include "store/sweeps.hpp"
#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

namespace fs = std::filesystem;

/// A file that cannot be looked at, in a folder that may not be searched, say, counts as there.
bool is_gone(const fs::path& file) {
  std::error_code failed;
  const fs::file_type type = fs::status(file, failed).type();
  return type == fs::file_type::not_found;
}

bool is_path(const std::string& text) {
  return text.find('/') != std::string::npos || text.ends_with(".toml");
}

const SweepRecord* find_name(const std::vector<SweepRecord>& sweeps, const std::string& name) {
  const auto found = std::find_if(sweeps.begin(), sweeps.end(),
                                  [&](const SweepRecord& sweep) { return sweep.name == name; });
  return found == sweeps.end() ? nullptr : &*found;
}

/// A file has several sweeps when it was planned under several names: the last one.
const SweepRecord* find_file(const std::vector<SweepRecord>& sweeps, const fs::path& file) {
  const fs::path wanted = real_path(file);
  const SweepRecord* last = nullptr;
  for (const SweepRecord& sweep : sweeps)
    if (real_path(sweep.path) == wanted && (!last || sweep.planned_at >= last->planned_at)) last = &sweep;
  return last;
}

/// What a file calls its sweep; by its own name when it cannot be read.
std::string name_of(const fs::path& file) {
  return read_sweep_name(file).value_or(real_path(file).stem().string());
}

std::string no_such_sweep(const Database& database, const std::vector<SweepRecord>& sweeps,
                          const std::string& text) {
  const std::string where = database.path().string();
  if (sweeps.empty()) return fmt::format("{}: holds no sweep yet; expected '{}'", where, printable(text));
  std::vector<std::string> names;
  for (const SweepRecord& sweep : sweeps) names.push_back(sweep.name);
  if (!is_path(text))
    return fmt::format("{}: no sweep '{}'{}", where, printable(text), suggestion(text, names));
  const fs::path file = real_path(text);
  const std::string name = name_of(file);
  std::string message = fmt::format("{}: has no sweep of {}{}", where, file.string(),
                                    is_gone(file) ? ", which does not exist" : "");
  if (const SweepRecord* other = find_name(sweeps, name))
    return fmt::format("{}; the sweep '{}' there is that of {}{}", message, name, other->path,
                       is_gone(other->path) ? ", which is gone: planning this file takes the name over" : "");
  return message + suggestion(name, names);
}

}  // namespace

SweepRecord get_sweep(Database& database, const std::string& name_or_path) {
  const std::vector<SweepRecord> sweeps = load_sweeps(database);
  const SweepRecord* found =
      is_path(name_or_path) ? find_file(sweeps, name_or_path) : find_name(sweeps, name_or_path);
  if (!found)
    found = is_path(name_or_path) ? find_name(sweeps, name_or_path) : find_file(sweeps, name_or_path);
  if (!found) throw Error(no_such_sweep(database, sweeps, name_or_path));
  return *found;
}

std::optional<FormerFile> claim_name(Database& database, const std::string& name, const fs::path& file,
                                     bool replace) {
  Query query(database, "SELECT path, imported FROM sweep WHERE name = ?", name);
  if (!query.step()) return std::nullopt;
  const fs::path former = query.text(0), real = real_path(file);
  if (!query.is_null(1)) {
    if (replace) return FormerFile{former, ""};
    throw Error(fmt::format(
        "{}: the sweep '{}' was imported from {}; give this one a name of its own (name = "
        "\"...\" at the top), or let it take the name with --replace, which forgets what was imported",
        real.string(), name, former.string()));
  }
  if (real_path(former) == real) return std::nullopt;
  if (is_gone(former)) return FormerFile{former, "which is gone", true};
  if (const auto now = read_sweep_name(former); now && *now != name)
    return FormerFile{former, fmt::format("which is named '{}' now", *now)};
  if (replace) return FormerFile{former, ""};
  throw Error(
      fmt::format("{}: the sweep '{}' is that of another file, {}; give one of the two a name of its own "
                  "(name = \"...\" at the top), "
                  "or let this file take the name with --replace (its jobs stay, table and status forget the "
                  "sweep of the other file)",
                  real.string(), name, former.string()));
}

}  // namespace ablate
