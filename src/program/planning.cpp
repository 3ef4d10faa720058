#include "program/planning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "data/input_files.hpp"
#include "data/shard.hpp"
#include "data/source.hpp"
#include "data/tokenizer.hpp"
#include "journal/data_promise.hpp"
#include "store/claims.hpp"
#include "store/data_hash.hpp"
#include "store/sweep_jobs.hpp"
#include "store/sweeps.hpp"
#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

/// Tells the content of sources, and keeps what it has found.
class SourceReader {
 public:
  SourceReader(Database* database, const PlanOptions& options, bool only_small = false)
      : options_(options), hashes_(database, only_small) {}

  std::string read(const std::string& path, SourceKind kind) {
    if (options_.reading) options_.reading(path);
    const InputFiles list = list_input_files(path, kind, [&](const InputFile& lines) {
      return hashes_.get_names(lines.path, kPictureNamesVersion,
                               [&] { return read_picture_names(lines.path); });
    });
    sources_.push_back({path, list.missing, {}});
    if (!list.missing.empty()) return "";
    notes_.insert(notes_.end(), list.notes.begin(), list.notes.end());
    sources_.back().content = hashes_.get_all(list);
    if (options_.remember) hashes_.remember();
    return sources_.back().content.hash();
  }

  /// Puts what was found into the plan that was made of it.
  void finish(PlannedSweep& planned) {
    if (options_.reading) options_.reading("");
    planned.sources = std::move(sources_);
    for (std::string& note : notes_)
      if (auto& warnings = planned.plan.warnings;
          std::find(warnings.begin(), warnings.end(), note) == warnings.end())
        warnings.push_back(std::move(note));
  }

 private:
  const PlanOptions& options_;
  FileHashes hashes_;
  std::vector<PlannedSource> sources_;
  std::vector<std::string> notes_;
};

/// Counts the pieces of tokenizers, each once.
class PieceCounter {
 public:
  std::optional<std::int64_t> operator()(const std::string& file, ChatFormat format) {
    const auto [found, is_new] = counts_.try_emplace({file, format});
    Count& count = found->second;
    std::error_code failed;
    if (is_new && std::filesystem::exists(file, failed)) try {
        count.pieces = Tokenizer(file, format).vocab_size();
      } catch (const Error& error) {
        count.mistake = error.what();
      }
    if (!count.mistake.empty()) throw Error(count.mistake);
    return count.pieces;
  }

 private:
  struct Count {
    std::optional<std::int64_t> pieces;
    std::string mistake;
  };
  std::map<std::pair<std::string, ChatFormat>, Count> counts_;
};

/// The content and the kind of each shard of a source: of scenes, which may share a bank, of their own file.
std::vector<std::string> shards_of(const PlannedSource& source) {
  std::vector<std::string> shards;
  for (const InputContent::File& file : source.content.files) {
    if (!file.is_picture && file.content.bytes > 0)
      shards.push_back(find_untold_format(file.name) + file.content.hash);
    if (is_toml_file(source.path)) break;
  }
  return shards;
}

/// Throws Error where a list names a shard twice: directly, within a folder or as a copy. Its documents would
/// count twice, held-out ones as if they were independent.
void refuse_repeated_shards(const PlannedSweep& planned) {
  for (const auto& [key, paths] : planned.plan.source_lists) {
    std::set<std::string> named;
    std::map<std::string, std::string> first;  // By shard: the path that names it.
    for (const std::string& path : paths) {
      if (!named.insert(path).second)
        throw Error(fmt::format("'{}' names {} twice; expected each source once", key, shown_path(path)));
      for (const PlannedSource& source : planned.sources) {
        if (source.path != path) continue;
        for (const std::string& shard : shards_of(source))
          if (const auto [other, is_new] = first.try_emplace(shard, path); !is_new && other->second != path)
            throw Error(fmt::format("'{}' names {} and {}, which hold the same shard; expected each once",
                                    key, shown_path(other->second), shown_path(path)));
      }
    }
  }
}

/// A content lies where Plan::sources says, and its promise is that path's.
void write_promises(const Database& database, const PlannedSweep& planned) {
  for (const auto& [hash, path] : planned.plan.sources)
    for (const PlannedSource& source : planned.sources)
      if (source.path == path && source.missing.empty() && source.content.hash() == hash) {
        write_promise(promise_file(database.folder(), hash), source.content);
        break;
      }
}

}  // namespace

std::string former_line(const PlannedSweep& planned, bool saved) {
  if (!planned.former) return "";
  const FormerFile& former = *planned.former;
  const bool asked = former.reason.empty();
  const std::string was = asked ? "" : ", " + one_line(former.reason);
  const std::string now =
      saved ? "is"
            : fmt::format("becomes, when this plan is saved or run{},", asked ? " with --replace" : "");
  return fmt::format("the sweep '{}' {} that of {}{}; it {} that of {}{}", one_line(planned.sweep.name),
                     saved ? "was" : "is", shown_path(former.path), was, now, shown_path(planned.sweep.file),
                     saved ? " now" : "");
}

namespace {

/// Whether a file was written, or put in its place, since then.
bool is_newer(const std::filesystem::path& file, double since) {
  constexpr double kNsPerSecond = 1e9;
  const auto state = find_file_state(file);
  return !state || static_cast<double>(state->ctime_ns) / kNsPerSecond > since;
}

/// Those of the files that a sweep is made of that are newer than its plan. The file system's clock ticks,
/// and may be late: where none is newer, those that were written in the seconds before count, as possible.
struct NewerFiles {
  std::vector<std::filesystem::path> paths;
  bool certain = false;
};
NewerFiles find_newer_files(const Sweep& sweep, double planned_at) {
  constexpr double kTick = 0.01, kSlack = 2;
  std::vector<std::filesystem::path> files = {sweep.file};
  if (sweep.file != sweep.experiment_file) files.push_back(sweep.experiment_file);
  files.insert(files.end(), sweep.base_files.begin(), sweep.base_files.end());
  for (const double slack : {kTick, kSlack}) {
    NewerFiles newer{{}, slack == kTick};
    std::copy_if(files.begin(), files.end(), std::back_inserter(newer.paths),
                 [&](const std::filesystem::path& file) { return is_newer(file, planned_at - slack); });
    if (!newer.paths.empty()) return newer;
  }
  return {};
}

/// "SWEEP", "EXPERIMENT, which SWEEP names,", "SWEEP or BASE, of which it is made,".
std::string describe_files(const std::vector<std::filesystem::path>& files, const Sweep& sweep,
                           const std::string& shown) {
  std::vector<std::string> names;
  bool has_sweep = false, has_base = false;
  for (const std::filesystem::path& file : files) {
    const bool is_sweep = file == sweep.file;
    has_sweep = has_sweep || is_sweep;
    has_base = has_base || (!is_sweep && file != sweep.experiment_file);
    names.push_back(is_sweep ? shown : shown_path(file));
  }
  const std::string text = join(names, " or ");
  if (has_sweep && files.size() == 1) return text;
  const std::string whole = has_sweep ? "it" : shown;
  return has_base ? fmt::format("{}, of which {} is made,", text, whole)
                  : fmt::format("{}, which {} names,", text, whole);
}

/// The data that the sweep's files read, where these say what they said when it was planned; nothing where
/// they say something else. Data are taken for what they held then, whatever became of them. Where the same
/// content was found elsewhere, too, the database knows that place alone: what lay here is what is here now
/// or, with `try_all`, any of what the sweep has read.
std::optional<std::vector<SweepSource>> find_sources_of_plan(Database& database, const Sweep& sweep,
                                                             const std::vector<SweepSource>& saved,
                                                             std::int64_t sweep_id, bool try_all) {
  constexpr std::size_t kMostTrials = 32;
  const PlanOptions options;
  SourceReader reader(&database, options, /*only_small=*/true);
  std::vector<SweepSource> unknown;
  const Fingerprint fingerprint = [&](const std::string& path, SourceKind kind) {
    const auto place = std::filesystem::absolute(path).lexically_normal();
    for (const auto* list : {&saved, &std::as_const(unknown)})
      for (const SweepSource& source : *list)
        if (source.path == place && source.kind == kind) return source.hash;
    unknown.push_back({kind, reader.read(path, kind), place});
    return unknown.back().hash;
  };
  const auto gives_plan = [&] {
    return has_plan(database, sweep_id,
                    make_plan(sweep, fingerprint, {}, additions_after(&database, sweep.name, {}, {})));
  };
  const auto all = [&] {
    std::vector<SweepSource> sources = saved;
    sources.insert(sources.end(), unknown.begin(), unknown.end());
    return sources;
  };
  if (gives_plan()) return all();
  if (!try_all) return std::nullopt;

  std::vector<std::vector<std::string>> held(unknown.size());
  std::size_t trials = 1;
  for (std::size_t i = 0; i < unknown.size(); ++i) {
    held[i] = {unknown[i].hash};
    for (const SweepSource& source : saved)
      if (source.kind == unknown[i].kind) held[i].push_back(source.hash);
    trials = std::min(kMostTrials, trials * held[i].size());
  }
  for (std::size_t trial = 1; trial < trials; ++trial) {
    std::size_t rest = trial;
    for (std::size_t i = 0; i < unknown.size(); ++i) {
      unknown[i].hash = held[i][rest % held[i].size()];
      rest /= held[i].size();
    }
    if (gives_plan()) return all();
  }
  return std::nullopt;
}

/// What is known of data that were planned.
enum class Change { none, possible, certain };
struct ChangedData {
  std::filesystem::path path;  ///< The first source or file that holds something else, or may do so.
  Change change = Change::none;
};

/// What became of a file since it was read. Where size and times do not tell, it is read, as long as `budget`
/// bytes last.
Change find_change(const std::filesystem::path& file, const FileContent& content, std::int64_t& budget) {
  const auto state = find_file_state(file);
  if (!state || state->size != content.bytes) return Change::certain;
  if (content.state.is_known() && *state == content.state) return Change::none;
  if (state->size > budget) return content.state.is_known() ? Change::possible : Change::none;
  budget -= state->size;
  return read_content(file).hash == content.hash ? Change::none : Change::certain;
}

/// What of the sweep's data is no longer as it was planned. Pictures that records name are not looked at, nor
/// data that are gone.
ChangedData find_changed_data(const Database& database, const std::vector<SweepSource>& sources) {
  std::error_code failed;
  std::int64_t budget = kSmallFile;
  ChangedData possible;
  for (const SweepSource& source : sources) {
    const std::filesystem::path promise = promise_file(database.folder(), source.hash);
    if (!std::filesystem::exists(promise, failed)) continue;
    const InputFiles list = list_input_files(source.path, source.kind,
                                             [](const InputFile&) { return std::vector<std::string>(); });
    if (!list.missing.empty()) continue;
    InputContent read = load_promise(promise);
    std::erase_if(read.files, [](const InputContent::File& file) { return file.is_picture; });
    if (list.files.size() != read.files.size()) return {source.path, Change::certain};
    for (std::size_t i = 0; i < list.files.size(); ++i) {
      const std::filesystem::path& path = list.files[i].path;
      const bool renamed = read.names_count && list.files[i].name != read.files[i].name;
      const Change change = renamed ? Change::certain : find_change(path, read.files[i].content, budget);
      if (change == Change::certain) return {path, change};
      if (change == Change::possible && possible.change == Change::none) possible = {path, change};
    }
  }
  return possible;
}

}  // namespace

std::string changed_line(Database& database, const std::string& asked) {
  const SweepRecord saved = get_sweep(database, asked);
  std::error_code failed;
  if (!std::filesystem::is_regular_file(asked, failed) || real_path(asked) != real_path(saved.path))
    return "";
  const std::string file = shown_path(asked);
  if (saved.imported)
    return is_newer(saved.path, saved.planned_at)
               ? fmt::format(
                     "{} was written since it was imported, and shown is what it was then; `ablate import "
                     "{} --name {}` imports it again",
                     file, file, one_line(saved.name))
               : "";
  std::string what;
  try {
    const Sweep sweep = load_sweep(asked);
    const std::vector<SweepSource> sources = load_sweep_sources(database, saved.id);
    const NewerFiles newer = find_newer_files(sweep, saved.planned_at);
    // Planning takes time where cells are many, and another version of this program may plan them otherwise.
    std::optional<std::vector<SweepSource>> read = sources;
    if (!newer.paths.empty())
      read = find_sources_of_plan(database, sweep, sources, saved.id, /*try_all=*/!newer.certain);
    if (read) {
      const ChangedData data = find_changed_data(database, *read);
      if (data.change != Change::none)
        what = fmt::format("{}, which {} reads, {}", shown_path(data.path), file,
                           data.change == Change::certain ? "has changed" : "may have changed");
      else if (!has_claims(database, saved.id, sweep.claims))
        what = fmt::format("what {} claims has changed", file);
      else
        return "";
    } else {
      what = describe_files(newer.paths, sweep, file) + " has changed";
    }
  } catch (const std::exception&) {  // Whatever it is: what was asked for is in the database.
    return fmt::format(
        "{} cannot be planned any more, as `ablate plan {}` explains; shown is what it was when "
        "it was planned",
        file, file);
  }
  return fmt::format(
      "{} since it was planned, and shown is what it was then; `ablate plan {} --save` plans it as it is now",
      what, file);
}

PlannedSweep plan_sweep(Sweep sweep, Database* database, const PlanOptions& options) {
  PlannedSweep planned{
      .sweep = std::move(sweep), .plan = {}, .states = {}, .measured = {}, .former = {}, .sources = {}};
  if (database)
    planned.former = claim_name(*database, planned.sweep.name, planned.sweep.file, options.replace);
  SourceReader reader(database, options);
  planned.plan = make_plan(
      planned.sweep, [&](const std::string& path, SourceKind kind) { return reader.read(path, kind); },
      PieceCounter(), additions_after(database, planned.sweep.name, planned.former, options.seeds));
  if (database)
    for (std::string& line : forgotten_lines(*database, planned.sweep.name, planned.former, options.seeds))
      planned.plan.dropped_additions.push_back(std::move(line));
  reader.finish(planned);
  refuse_repeated_shards(planned);
  if (database) {
    if (options.remember) write_promises(*database, planned);
    planned.states = find_states(*database, planned.plan);
    planned.measured = load_job_times(*database);
  } else {
    planned.states.resize(planned.plan.jobs.size());
  }
  return planned;
}

PlannedSweep list_sweep(const Sweep& sweep, const SeedChange& seeds) {
  PlannedSweep planned{.sweep = sweep, .plan = {}, .states = {}, .measured = {}, .former = {}, .sources = {}};
  const Fingerprint fingerprint = [&](const std::string& path, SourceKind kind) -> std::string {
    const InputFiles list =
        list_input_files(path, kind, [](const InputFile&) { return std::vector<std::string>(); });
    planned.sources.push_back({path, list.missing, {}});
    return list.missing.empty() ? hash128(path).hex() : "";
  };
  planned.plan =
      make_plan(sweep, fingerprint, PieceCounter(), additions_after(nullptr, sweep.name, {}, seeds));
  return planned;
}

void require_data(const PlannedSweep& planned) {
  const Plan& plan = planned.plan;
  if (plan.missing_data.empty()) return;
  std::string text = fmt::format("{} of this sweep {} missing:",
                                 count_of(static_cast<std::int64_t>(plan.missing_data.size()), "data source"),
                                 plan.missing_data.size() == 1 ? "is" : "are");
  for (const std::string& path : plan.missing_data) text += "\n  " + describe_missing(planned, path);
  throw Error(text);
}

std::string describe_missing(const PlannedSweep& planned, const std::string& path) {
  const auto source =
      std::find_if(planned.sources.begin(), planned.sources.end(),
                   [&](const PlannedSource& s) { return s.path == path && !s.missing.empty(); });
  std::error_code failed;
  if (std::filesystem::is_symlink(path, failed) && !std::filesystem::exists(path, failed))
    return fmt::format("{}, a link to {}", path, std::filesystem::read_symlink(path, failed).string());
  if (source == planned.sources.end() || source->missing.front() == path) return path;
  std::string text = path + ", which needs";
  for (const std::filesystem::path& file : source->missing) text += " " + file.string();
  return text;
}

std::string describe_source(const PlannedSource& source) {
  constexpr std::size_t kNamed = 4;
  std::vector<std::string> names;
  double bytes = 0;
  std::int64_t count = 0;
  for (const InputContent::File& file : source.content.files) {
    if (file.content.hash == kAbsent) continue;
    ++count;
    bytes += static_cast<double>(file.content.bytes);
    if (names.size() < kNamed) names.push_back(file.name);
  }
  std::string text = fmt::format("{} reads {}, {}: {}", source.path, count_of(count, "file"),
                                 human_bytes(bytes), join(names, ", "));
  if (static_cast<std::size_t>(count) > names.size())
    text += fmt::format(" and {} more", with_commas(count - static_cast<std::int64_t>(names.size())));
  return text;
}

}  // namespace ablate
