#include "config/scenes_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <variant>

#include "config/field_table.hpp"
#include "config/toml_document.hpp"
#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

using SceneMember =
    std::variant<std::int64_t ScenesFile::*, double ScenesFile::*, std::vector<std::int64_t> ScenesFile::*,
                 std::vector<double> ScenesFile::*, std::vector<std::filesystem::path> ScenesFile::*>;

/// A key; a list of numbers holds the fewest and the most.
struct SceneField {
  const char *key, *unit;
  double low, high;  ///< Inclusive; of each element of a list.
  SceneMember member;
  const char* doc;
};

constexpr double kMaxWays = 26, kMaxShots = 16, kMaxTurns = 16, kMaxCanvas = 4096, kMaxGrid = 32;
/// Of a place: below it, nothing can be told apart.
constexpr std::int64_t kMinPlacePixels = 4;

const SceneField kSceneFields[] = {
    {"bank", "", 0, 0, &ScenesFile::bank,
     "Labelled pictures that scenes are composed of: IDX files, folders of them, WebDataset shards; relative "
     "to the file."},
    {"bank_limit", "pictures", 0, kMaxCount, &ScenesFile::bank_limit,
     "Most pictures of each label that are used, the first ones; 0: all."},
    {"documents", "", 1, kMaxCount, &ScenesFile::documents, "Documents in one epoch."},
    {"seed", "", 0, kMaxCount, &ScenesFile::seed,
     "Which scenes are drawn: files that differ in it alone have different documents."},
    {"canvas", "px", 8, kMaxCanvas, &ScenesFile::canvas,
     "Side of a scene, before it is resized to the encoder's resolution."},
    {"grid", "", 1, kMaxGrid, &ScenesFile::grid,
     "Places on a side of the scene; each holds at most one thing."},
    {"objects", "", 1, kMaxGrid* kMaxGrid, &ScenesFile::objects, "Fewest and most things in a scene."},
    {"object_size", "", 0.05, 1, &ScenesFile::object_size,
     "Smallest and largest longer side of a thing, as a share of its place's side."},
    {"colours", "", 0, static_cast<double>(kNumSceneColours), &ScenesFile::colours,
     "Each thing is tinted with one of the first so many colours; 0: things keep their own."},
    {"background_noise", "", 0, 128, &ScenesFile::background_noise,
     "Standard deviation of the noise on the background's pixels, whose values go to 255."},
    {"turns", "", 1, kMaxTurns, &ScenesFile::turns,
     "Fewest and most questions about one scene in data for sft, each with its answer: a conversation."},
    {"alt_noise", "", 0, 1, &ScenesFile::alt_noise,
     "Share of captions that are noisy alt-text, as on the web; the others are exact."},
    {"ways", "", 2, kMaxWays, &ScenesFile::ways, "Names that one interleaved episode binds to things."},
    {"shots", "", 1, kMaxShots, &ScenesFile::shots, "Fewest and most examples of each name in an episode."},
    {"novel_share", "", 0, 1, &ScenesFile::novel_share,
     "Share of episodes whose names are invented words; in the others they are the things' own labels."},
};

std::string describe_scene_number(const SceneField& field, const char* noun) {
  const std::string range = field.high >= kMaxCount
                                ? fmt::format("of at least {}", shortest(field.low))
                                : fmt::format("from {} to {}", shortest(field.low), shortest(field.high));
  return fmt::format("{} {}{}{}", noun, range, *field.unit ? ", " : "", field.unit);
}

std::string describe_scene_type(const SceneField& field) {
  constexpr const char* kNouns[] = {"an integer", "a number", "a list of 2 integers, each",
                                    "a list of 2 numbers, each"};
  const std::size_t kind = field.member.index();
  return kind == std::size(kNouns) ? "a list of paths" : describe_scene_number(field, kNouns[kind]);
}

/// Puts one value into its member, or says what was expected of it.
struct SceneAssign {
  const SceneField& field;
  const Value& value;
  ScenesFile& scenes;

  void operator()(std::int64_t ScenesFile::*member) const {
    const auto* number = std::get_if<std::int64_t>(&value);
    if (!number) wrong();
    scenes.*member = *number;
    check(static_cast<double>(*number));
  }
  void operator()(double ScenesFile::*member) const {
    const auto* integer = std::get_if<std::int64_t>(&value);
    const auto* number = std::get_if<double>(&value);
    if (!integer && !number) wrong();
    scenes.*member = integer ? static_cast<double>(*integer) : *number;
    check(scenes.*member);
  }
  void operator()(std::vector<std::int64_t> ScenesFile::*member) const {
    const auto* numbers = std::get_if<std::vector<std::int64_t>>(&value);
    if (!numbers || numbers->size() != 2) wrong();
    for (const std::int64_t number : *numbers) check(static_cast<double>(number));
    check_order((*numbers)[0] <= (*numbers)[1]);
    scenes.*member = *numbers;
  }
  void operator()(std::vector<double> ScenesFile::*member) const {
    const auto* integers = std::get_if<std::vector<std::int64_t>>(&value);
    const auto* given = std::get_if<std::vector<double>>(&value);
    if (!integers && !given) wrong();
    const std::vector<double> numbers =
        integers ? std::vector<double>(integers->begin(), integers->end()) : *given;
    if (numbers.size() != 2) wrong();
    for (const double number : numbers) check(number);
    check_order(numbers[0] <= numbers[1]);
    scenes.*member = numbers;
  }
  void operator()(std::vector<std::filesystem::path> ScenesFile::*member) const {
    const auto* paths = std::get_if<std::vector<std::string>>(&value);
    if (!paths || paths->empty()) wrong();
    std::vector<std::filesystem::path> absolute;
    for (const std::string& path : *paths) {
      if (path.empty()) throw Error(fmt::format("'{}' holds an empty text; expected a path", field.key));
      absolute.push_back(resolve_path(real_path(scenes.file).parent_path(), path));
    }
    scenes.*member = std::move(absolute);
  }

  [[noreturn]] void wrong() const {
    throw Error(
        fmt::format("'{}' is {}; expected {}", field.key, to_text(value), describe_scene_type(field)));
  }
  void check(double number) const {
    if (!(number >= field.low && number <= field.high)) wrong();
  }
  void check_order(bool ordered) const {
    if (!ordered)
      throw Error(fmt::format("'{}' is {}; expected the smaller one first", field.key, to_text(value)));
  }
};

class ScenesReader {
 public:
  ScenesReader(const TomlDocument& document, Findings& findings) : document_(document), findings_(findings) {
    scenes_.file = document.file;
  }

  ScenesFile read() {
    const toml::table* table = nullptr;
    const std::vector<std::string> known = {"scenes", "description"};
    for (const auto& [key, node] : in_order(document_.root)) {
      if (key->str() == "scenes") {
        table = node->as_table();
        if (!table) findings_.add(document_.at(*node), "'scenes' is a value; expected a table [scenes]");
      } else if (key->str() == "description") {
        if (!node->is_string()) findings_.add(document_.at(*node), "'description' is no text");
      } else {
        findings_.add(document_.at(*key), fmt::format("unknown key '{}'{}", printable(key->str()),
                                                      suggestion(key->str(), known)));
      }
    }
    if (table)
      read_table(*table);
    else if (findings_.diagnostics.empty())
      findings_.add({document_.source, 0, 0}, "has no table [scenes]; expected one with at least 'bank'");
    return std::move(scenes_);
  }

 private:
  void read_table(const toml::table& table) {
    const std::size_t mistakes = findings_.diagnostics.size();
    for (const auto& [key, node] : in_order(table)) {
      const std::string name(key->str());
      const auto* field = std::find_if(std::begin(kSceneFields), std::end(kSceneFields),
                                       [&](const SceneField& candidate) { return candidate.key == name; });
      if (field == std::end(kSceneFields)) {
        std::vector<std::string> known;
        for (const SceneField& candidate : kSceneFields) known.emplace_back(candidate.key);
        findings_.add(document_.at(*key),
                      fmt::format("unknown key '{}' in [scenes]{}", name, suggestion(name, known)));
        continue;
      }
      const auto value = to_value(*node, document_, findings_);
      if (!value) continue;
      places_[name] = document_.at(*node);
      try {
        std::visit(SceneAssign{*field, *value, scenes_}, field->member);
      } catch (const Error& error) {
        findings_.add(places_[name], error.what());
      }
    }
    if (!table.contains("bank"))
      findings_.add(document_.at(table), "[scenes] has no 'bank'; expected a list of paths to pictures");
    if (findings_.diagnostics.size() == mistakes) check_together();
  }

  /// What single keys allow but not together.
  void check_together() {
    const std::int64_t places = scenes_.grid * scenes_.grid;
    if (scenes_.objects[1] > places)
      findings_.add(place("objects", "grid"),
                    fmt::format("'objects' goes to {}, but a grid of {} has {} places; expected at most one "
                                "thing for each place",
                                scenes_.objects[1], scenes_.grid, places));
    if (scenes_.canvas / scenes_.grid < kMinPlacePixels)
      findings_.add(
          place("grid", "canvas"),
          fmt::format("a canvas of {} px has places of {} px in a grid of {}; expected at least {} px",
                      scenes_.canvas, scenes_.canvas / scenes_.grid, scenes_.grid, kMinPlacePixels));
  }

  /// Of the first of the two keys that the file has.
  Location place(const char* key, const char* or_key) const {
    const auto found = places_.find(key);
    return found == places_.end() ? places_.at(or_key) : found->second;
  }

  const TomlDocument& document_;
  Findings& findings_;
  ScenesFile scenes_;
  std::map<std::string, Location> places_;
};

std::string default_text(const SceneField& field) {
  static const ScenesFile kDefaults;
  return std::visit(
      [&](auto member) -> std::string {
        if constexpr (std::is_same_v<decltype(member), std::vector<std::filesystem::path> ScenesFile::*>)
          return "";
        else
          return to_text(Value(kDefaults.*member));
      },
      field.member);
}

}  // namespace

ScenesFile load_scenes_file(const std::filesystem::path& file) {
  Findings findings;
  ScenesFile scenes;
  if (const auto document = read_document(file, findings, std::nullopt))
    scenes = ScenesReader(*document, findings).read();
  findings.raise();
  return scenes;
}

std::span<const ScenesKey> scenes_keys() {
  static const std::vector<ScenesKey> kKeys = [] {
    std::vector<ScenesKey> keys;
    for (const SceneField& field : kSceneFields)
      keys.push_back({field.key, describe_scene_type(field), field.unit, default_text(field), field.doc});
    return keys;
  }();
  return kKeys;
}

}  // namespace ablate
