#include "views/shown_examples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "config/eval_tasks.hpp"
#include "config/resolved.hpp"
#include "data/input_files.hpp"
#include "data/source.hpp"
#include "report/html.hpp"
#include "store/data_hash.hpp"
#include "store/jobs.hpp"
#include "store/query.hpp"
#include "util/text.hpp"
#include "views/document_html.hpp"

namespace ablate {

namespace {

constexpr std::int64_t kShownSide = 224;
constexpr std::size_t kMostListed = 100'000;  ///< Of a tar.
constexpr std::size_t kMostPictures = 8;  ///< Of one record: the last ones, as the last one is asked about.
constexpr std::size_t kMostText = 1500;   ///< Bytes of one stretch of text.

/// The sources that one key of an evaluation named.
struct EvaluatedData {
  DataRole role = DataRole::captions;
  SourceKind kind = SourceKind::documents;
  std::map<std::string, std::string> paths;  ///< By content hash; "" where nobody knows.
  auto operator<=>(const EvaluatedData&) const = default;
};

/// The key whose documents a score is of, and how they were read; nothing for one that reads none.
struct ReadKey {
  std::string key;
  DataRole role = DataRole::captions;
};
std::optional<ReadKey> find_read_key(EvalTask task, const std::string& score) {
  static const std::map<std::string, DataRole> kRoles = {{"eval.captions", DataRole::captions},
                                                         {"eval.interleaved", DataRole::interleaved},
                                                         {"eval.episodes", DataRole::interleaved},
                                                         {"eval.text", DataRole::text},
                                                         {"eval.sft", DataRole::sft},
                                                         {"eval.questions", DataRole::sft},
                                                         {"eval.doctext", DataRole::sft},
                                                         {"eval.labelled", DataRole::sft}};
  std::optional<ReadKey> found;
  for (const EvalSource& source : eval_sources(task, Stage::vlm)) {
    const std::string key = source.key;
    // "heldout-loss/text" is of eval.text; what losses of encoders are called names no key: captions come
    // first.
    const bool is_named = score.ends_with("/" + key.substr(key.find('.') + 1));
    if (!found || is_named) found = ReadKey{key, kRoles.at(key)};
  }
  return found;
}

/// What cell A's evaluation of a score has read; nothing where that is not known.
std::optional<EvaluatedData> find_data(Database& database, const SweepRecord& sweep,
                                       const CellComparison& comparison, const std::string& score) {
  std::optional<std::int64_t> job;
  {
    Query query(
        database,
        "SELECT s.job_id FROM replicate r JOIN json_each(r.jobs) e JOIN score_value s ON s.job_id = e.value"
        " WHERE r.sweep_id = ? AND r.cell = ? AND s.name = ? AND s.outcomes IS NOT NULL LIMIT 1",
        sweep.id, comparison.a.number, score);
    if (query.step()) job = query.integer(0);
  }
  if (!job) return std::nullopt;
  const Json description = job_description(database, *job);
  const auto key = find_read_key(from_name<EvalTask>(description["task"].get<std::string>()), score);
  if (!key) return std::nullopt;
  EvaluatedData data{.role = key->role, .kind = SourceKind::documents, .paths = {}};
  const auto paths = load_sources(database, description["config"]);
  visit_sources(description["config"], [&](const Field& field, const std::string& hash) {
    if (field.key != key->key) return;
    data.kind = field.source;
    const auto path = paths.find(hash);
    data.paths[hash] = path == paths.end() ? "" : path->second.string();
  });
  if (data.paths.empty()) return std::nullopt;
  return data;
}

/// A record in a shard that is open.
struct RecordPlace {
  std::shared_ptr<const Shard> shard;
  Entry entry;
};

/// Where the records of some names are, in data that are held against what was evaluated.
class RecordFinder {
 public:
  RecordFinder(Database& database, const EvaluatedData& data, const std::set<std::string>& names) {
    try {
      FileHashes hashes(&database, /*only_small=*/true);
      for (const auto& [hash, path] : data.paths) {
        why_not_ = find_change(hashes, data, hash, path);
        if (!why_not_.empty()) return;
        for (const ShardFile& file : find_shards(path, data.role)) find_in(file, names);
      }
    } catch (const Error& error) {
      why_not_ = error.what();
    }
  }

  const std::string& why_not() const { return why_not_; }
  std::vector<RecordPlace> places(const std::string& name) const {
    std::vector<RecordPlace> found;
    for (auto [at, end] = found_.equal_range(name); at != end; ++at) found.push_back(at->second);
    return found;
  }

 private:
  /// Why a source cannot be shown for what was evaluated; empty: it can.
  static std::string find_change(FileHashes& hashes, const EvaluatedData& data, const std::string& hash,
                                 const std::string& path) {
    if (path.empty()) return "the database does not say where the data were that were evaluated";
    const InputFiles list = list_input_files(path, data.kind, [&](const InputFile& lines) {
      return hashes.get_names(lines.path, kPictureNamesVersion,
                              [&] { return read_picture_names(lines.path); });
    });
    if (!list.missing.empty()) return shown_path(list.missing.front()) + " is gone";
    if (hashes.get_all(list).hash() == hash) return "";
    return shown_path(path) + " was changed, or touched, since it was evaluated";
  }

  void find_in(const ShardFile& file, const std::set<std::string>& names) {
    const std::string prefix = file.name + ": ";
    std::set<std::string> own;
    std::copy_if(names.begin(), names.end(), std::inserter(own, own.end()),
                 [&](const std::string& name) { return name.starts_with(prefix); });
    if (own.empty()) return;
    const std::shared_ptr<const Shard> shard = open_shard(file);
    for (const auto& [name, entry] : shard->find(own, kMostListed))
      found_.emplace(name, RecordPlace{shard, entry});
  }

  std::string why_not_;
  std::multimap<std::string, RecordPlace> found_;
};

std::string note_html(const std::string& note) {
  return fmt::format("<div class=note>{}</div>", lines_html(note));
}

/// The last pictures of a record, and no more of a text than fits on a page.
Document abridged(Document document) {
  const auto is_picture = [](const Segment& segment) { return segment.picture != nullptr; };
  auto pictures =
      static_cast<std::size_t>(std::count_if(document.segments.begin(), document.segments.end(), is_picture));
  for (Segment& segment : document.segments) {
    if (segment.picture && pictures-- > kMostPictures)
      segment = {"[a picture that is not shown]", nullptr, false};
    segment.text = shortened(std::move(segment.text), kMostText);
  }
  return document;
}

std::string record_html(const RecordPlace& place) {
  try {
    const Document document = abridged(place.shard->read(place.entry));
    DataView view;
    const ViewDocument shown = view_document(
        view, document, [](const Picture& picture) { return load_shrunk_picture(picture, kShownSide); });
    std::string html = document_html(view, shown);
    if (document.references.size() > 1)
      html += note_html(shortened("right: " + join(document.references, " | "), kMostText));
    return html;
  } catch (const BrokenDocument& broken) {
    return note_html("cannot be read: " + broken.problem.message);
  } catch (const DataError& error) {
    return note_html(error.what());
  }
}

/// What an example shows and asks; why not, where that is not known.
std::string asked_html(const RecordFinder& records, const std::string& name) {
  const std::vector<RecordPlace> places = records.places(name);
  if (places.empty())
    return note_html(fmt::format("not found among the first {} records", with_commas(kMostListed)));
  if (places.size() > 1)
    return note_html(
        fmt::format("{} records have this name: which one was asked is not known", places.size()));
  return record_html(places.front());
}

ShownExample shown_example(const DifferingExample& example, const std::string& asked) {
  const QuestionDifference& outcome = example.outcome;
  ShownExample shown{.name = question_name(example), .html = {}, .a = outcome.a, .b = outcome.b};
  shown.html = fmt::format(
      "<div class=example><div class=id>{}</div>{}<div class=scored>A <b>{:.4g}</b>, B "
      "<b>{:.4g}</b>{}</div></div>\n",
      lines_html(shown.name), asked, outcome.a, outcome.b,
      outcome.seeds > 1 ? fmt::format(", means over {} seeds", outcome.seeds) : "");
  return shown;
}

/// Whether examples of a score are named by what they ask, and not by their records.
bool is_named_by_text(const std::string& score) { return score.starts_with("retrieval/text-to-image"); }

}  // namespace

std::vector<ShownExamples> show_examples(Database& database, const SweepRecord& sweep,
                                         const CellComparison& comparison, std::size_t most) {
  const ReadTransaction snapshot(database);
  const auto examples_of = [&](const ScoreDifference& score) {
    return std::span(score.differing).first(std::min({score.differing.size(), most, kMostShownExamples}));
  };
  // Scores of the same data are looked up together: a source is listed once.
  std::map<std::string, EvaluatedData> data;
  std::map<EvaluatedData, std::set<std::string>> names;
  for (const ScoreDifference& score : comparison.scores) {
    if (examples_of(score).empty() || is_named_by_text(score.score)) continue;
    const auto found = find_data(database, sweep, comparison, score.score);
    if (!found) continue;
    data.emplace(score.score, *found);
    for (const DifferingExample& example : examples_of(score))
      if (!example.name.empty()) names[*found].insert(example.name);
  }
  std::map<EvaluatedData, RecordFinder> finders;
  for (const auto& [source, wanted] : names) finders.try_emplace(source, database, source, wanted);

  std::vector<ShownExamples> all;
  for (const ScoreDifference& score : comparison.scores) {
    const auto examples = examples_of(score);
    if (examples.empty()) continue;
    ShownExamples& shown =
        all.emplace_back(ShownExamples{.score = score.score, .examples = {}, .why_not = {}});
    const auto source = data.find(score.score);
    const auto finder = source == data.end() ? finders.end() : finders.find(source->second);
    if (is_named_by_text(score.score))
      shown.why_not = "";
    else if (source == data.end())
      shown.why_not = "which data were evaluated is not known";
    else if (finder == finders.end())
      shown.why_not = "the evaluation kept no names of records";
    else
      shown.why_not = finder->second.why_not();
    for (const DifferingExample& example : examples) {
      const bool is_found = finder != finders.end() && shown.why_not.empty() && !example.name.empty();
      shown.examples.push_back(
          shown_example(example, is_found ? asked_html(finder->second, example.name) : ""));
    }
  }
  return all;
}

std::string example_style() {
  return std::string(document_style()) +
         ".example { border: 1px solid #d7dde5; border-radius: 8px; padding: .6rem .9rem; margin: .8rem 0 }\n"
         ".scored { margin-top: .4rem }\n";
}

}  // namespace ablate
