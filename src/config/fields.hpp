// The table of all keys of an experiment: name, type, unit, range, meaning, and which stages it changes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/experiment.hpp"
#include "config/value.hpp"
#include "util/json.hpp"

namespace ablate {

/// A set of stages.
class StageSet {
 public:
  constexpr StageSet() = default;
  constexpr StageSet(std::initializer_list<Stage> stages) {
    for (const Stage stage : stages) bits_ |= 1u << static_cast<unsigned>(stage);
  }
  constexpr bool has(Stage stage) const { return bits_ >> static_cast<unsigned>(stage) & 1u; }
  constexpr bool empty() const { return bits_ == 0; }

 private:
  unsigned bits_ = 0;
};

/// A member that is an enumeration, read and written by name.
struct EnumRef {
  void* member;
  std::string (*get)(const void* member);
  void (*set)(void* member, std::string_view name);  ///< Throws Error for an unknown name.
  std::int64_t (*number)(const void* member);
  std::vector<std::string> (*names)();
};

/// A member that is a list of values of an enumeration, each once, read and written by their names.
struct EnumListRef {
  void* member;
  std::vector<std::string> (*get)(const void* member);
  void (*set)(void* member, const std::vector<std::string>& names);  ///< Throws Error for an unknown name.
  std::vector<std::string> (*names)();
};

/// A member of an Experiment.
using FieldRef = std::variant<bool*, std::int64_t*, double*, std::string*, std::vector<double>*,
                              std::vector<std::int64_t>*, std::vector<std::string>*, EnumRef, EnumListRef>;

/// What a key names by a path, if it does: its files' content counts, not the path. data/input_files.hpp
/// lists them.
enum class SourceKind {
  none,       ///< The key names no files.
  documents,  ///< Shards, with the pictures that their records name.
  text,       ///< Shards of text alone: in a folder .txt and .md count, too, and no pictures.
  tokenizer,  ///< A SentencePiece model.
  weights     ///< Safetensors: a file, a folder, or an index with its shards.
};

/// One key.
struct Field {
  std::string key;                 ///< "encoder.resolution"; what stands before the last dot is its section.
  std::string unit;                ///< "px", "tokens", ...; "" where it has none.
  double low = 0, high = 0;        ///< Inclusive range of a number, or of each element of a list of numbers,
  std::optional<double> excluded;  ///< but for this end of it.
  FieldRef (*member)(Experiment&) = nullptr;
  /// Whose results it can change. Empty: it says how to run, or which jobs there are, or is a preset, which
  /// changes what the keys that it sets change.
  StageSet stages;
  std::string doc;  ///< One sentence.
  /// Whether the key matters to one of those stages under the rest of the recipe; null: always.
  /// `connector.tokens` does not under `mlp`.
  bool (*applies)(const Experiment&, Stage) = nullptr;
  SourceKind source = SourceKind::none;
  std::size_t index = 0;  ///< Its place in the table.

  std::string section() const;  ///< "train.vlm" of "train.vlm.peak_lr"; "" of "stages".
  std::string leaf() const;     ///< "peak_lr".
  bool is_path() const { return source != SourceKind::none; }
  bool is_preset() const { return key.ends_with(".preset"); }  ///< Sets other keys; those beside it win.
};

/// All keys, grouped by section, in the order in which they are explained.
std::span<const Field> fields();
const Field* find_field(std::string_view key);
/// All keys, for suggestions.
const std::vector<std::string>& field_keys();

Value get_value(const Field& field, const Experiment& experiment);
/// Throws Error (without a place) when the value has another type, is out of range or is no legal name.
void set_value(const Field& field, Experiment& experiment, const Value& value);
/// "an integer from 1 to 4096, px", "one of: clip, siglip, ...", "a list of 3 numbers".
std::string describe_type(const Field& field);
/// The keys that the values of a preset's key set; none for a key that is no preset.
const std::vector<const Field*>& preset_keys(const Field& field);
/// Whether the value of a preset's key is the name of a shape: not `custom`.
bool sets_shape(const Value& preset);

/// Sets the keys that a preset stands for. Nothing for `custom`.
void apply_preset(Encoder& encoder, EncoderPreset preset);
void apply_preset(Llm& llm, LlmPreset preset);

/// The [run] table as JSON, for attempt.json: {"log_interval": 10, ...}.
Json run_table(const Experiment& experiment);

}  // namespace ablate
