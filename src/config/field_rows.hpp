// How a row of fields() is written, and the functions that list the rows; for the files *_fields.cpp and
// field_table.cpp alone.
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/field_table.hpp"
#include "config/names.hpp"

namespace ablate {

/// A key: KEY(encoder.patch).in(1, 1024, "px").changes(kVision). What is not said stays at Field's default.
class KeyRow {
 public:
  KeyRow(std::string key, FieldRef (*member)(Experiment&)) {
    field_.key = std::move(key);
    field_.member = member;
  }
  /// The range, inclusive, of a number or of each element of a list of numbers.
  KeyRow in(double low, double high, const char* unit = "") && {
    field_.low = low;
    field_.high = high;
    field_.unit = unit;
    return std::move(*this);
  }
  /// One end of the range is none of its values.
  KeyRow but_not(double end) && {
    field_.excluded = end;
    return std::move(*this);
  }
  /// The stages whose results the key can change.
  KeyRow changes(StageSet stages) && {
    field_.stages = stages;
    return std::move(*this);
  }
  template <typename... Rest>
  KeyRow changes(Stage first, Rest... rest) && {
    return std::move(*this).changes(StageSet{first, rest...});
  }
  /// The key matters only where this holds.
  KeyRow where(bool (*applies)(const Experiment&, Stage)) && {
    field_.applies = applies;
    return std::move(*this);
  }
  /// The key names files.
  KeyRow files(SourceKind source) && {
    field_.source = source;
    return std::move(*this);
  }

  const Field& field() const { return field_; }

 private:
  Field field_;
};

/// A row: a key, and one sentence on what it means.
struct FieldRow {
  KeyRow key;
  const char* doc;
};

template <typename T>
FieldRef field_ref(T& member) {
  if constexpr (std::is_enum_v<T>)
    return EnumRef{&member, [](const void* p) { return to_name(*static_cast<const T*>(p)); },
                   [](void* p, std::string_view name) { *static_cast<T*>(p) = from_name<T>(name); },
                   [](const void* p) { return static_cast<std::int64_t>(*static_cast<const T*>(p)); },
                   known_names<T>};
  else
    return &member;
}

template <typename E>
requires std::is_enum_v<E> FieldRef field_ref(std::vector<E>& member) {
  return EnumListRef{&member, [](const void* p) { return to_names(*static_cast<const std::vector<E>*>(p)); },
                     [](void* p, const std::vector<std::string>& names) {
                       auto& values = *static_cast<std::vector<E>*>(p);
                       values.clear();
                       for (const std::string& name : names) values.push_back(from_name<E>(name));
                     },
                     known_names<E>};
}

/// The key that is spelt as the member of Experiment is.
#define KEY(path) KeyRow(#path, [](Experiment& e) -> FieldRef { return field_ref(e.path); })

inline constexpr StageSet kVision = {Stage::encoder, Stage::vlm, Stage::sft};
inline constexpr StageSet kDecoder = {Stage::llm, Stage::vlm, Stage::sft};
inline constexpr StageSet kJoint = {Stage::vlm, Stage::sft};

// For KeyRow::where().
inline bool has_encoder(const Experiment& e, Stage) { return e.encoder.loss != EncoderLoss::none; }
inline bool has_text_tower(const Experiment& e, Stage) { return is_contrastive(e.encoder.loss); }

// By section, in the order in which keys are explained.
std::vector<FieldRow> encoder_rows();
std::vector<FieldRow> text_tower_rows();
std::vector<FieldRow> encoder_head_rows();
std::vector<FieldRow> connector_rows();
std::vector<FieldRow> llm_rows();
std::vector<FieldRow> moe_rows();
std::vector<FieldRow> data_rows();
/// [train.STAGE] of all stages that train a model.
std::vector<FieldRow> training_rows();
std::vector<FieldRow> eval_rows();
std::vector<FieldRow> demo_rows();
std::vector<FieldRow> run_rows();

}  // namespace ablate
