// A sweep: an experiment, the axes that vary, and how they combine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/claim.hpp"
#include "config/diagnostics.hpp"
#include "config/experiment.hpp"
#include "config/expression.hpp"
#include "config/fields.hpp"

namespace ablate {

/// How the axes of a block make cells.
enum class Design {
  grid,           ///< Every combination.
  one_at_a_time,  ///< The experiment as it is (the baseline), and each level of each axis alone, as MM1 did.
  zip,            ///< First levels together, second levels together, ...
  sample,         ///< Points in the space of the axes, evenly spread (Sobol) or random.
};
enum class Sampler { sobol, random };
enum class Scale { linear, log };
/// How blocks make the sweep: each cell of one with each of the next, or the cells of all.
enum class Combine { product, unite };

/// An expression whose names are known to be keys.
struct BoundExpression {
  Expression expression;
  std::vector<const Field*> keys;  ///< For each of expression.names().
  Location where;
};

/// One key gets one value, written down or computed ("=(encoder.resolution / encoder.patch / 2)^2").
struct Assignment {
  const Field* field = nullptr;
  std::variant<Value, BoundExpression> value;
  Location where;
};

struct Level {
  std::string label;
  std::vector<Assignment> assignments;
  Location where;
};
/// Whether tables can tell a level of this label from an axis that does not apply, which they show as "-" or
/// as nothing. It holds for labels of cells and names of axes, too.
bool is_level_label(const std::string& label);
/// What messages say where they cannot; `level`: "the level", "the experiment as it is".
std::string label_mistake(const std::string& axis, const std::string& label, const std::string& level);

/// A continuous axis of a sample block.
struct SampleRange {
  double low = 0, high = 0;
  Scale scale = Scale::linear;
  const Field* field = nullptr;  ///< Null where it was read from a database.
};

struct Axis {
  std::string name;
  std::vector<Level> levels;            ///< Empty when `range` is set.
  std::optional<SampleRange> range;     ///< Only in a sample block.
  std::optional<BoundExpression> when;  ///< The axis applies to a cell only where this holds.
  Location where;
};

struct Block {
  Design design = Design::grid;
  std::vector<Axis> axes;
  std::int64_t samples = 0;
  Sampler sampler = Sampler::sobol;
  std::uint64_t sample_seed = 0;
  Location where;
};

struct ExcludeRule {
  std::string name;
  BoundExpression when;
};

struct IncludeCell {
  std::string label;  ///< Its own in the sweep; "include 1", ... by place where the file gives none.
  std::vector<Assignment> assignments;
  Location where;
};

struct Sweep {
  std::string name;
  std::filesystem::path file;  ///< As real_path() has it: links are followed, so that one file is one sweep.
  std::filesystem::path experiment_file;  ///< That the sweep names, or itself where it is one; absolute.
  std::vector<std::filesystem::path> base_files;  ///< That the experiment builds on, the nearest first.
  Experiment experiment;  ///< With everything that is written down; computed values come with the cell.
  std::vector<Assignment> computed;  ///< Of the experiment and the overrides, still to be evaluated.
  std::vector<Location> set_at;  ///< For each field (by Field::index): where it was last set, for messages.
  /// For each field: whether the files set it, and no preset of a later file or of [override] replaced it. It
  /// wins over the presets of cells as it wins over the experiment's.
  std::vector<char> beside_preset;
  Combine combine = Combine::product;
  std::vector<Block> blocks;
  std::vector<ExcludeRule> excludes;
  std::vector<IncludeCell> includes;
  std::vector<std::uint64_t> seeds;
  std::vector<Claim> claims;               ///< No part of any job's identity.
  Location where;                          ///< The file's first line.
  std::shared_ptr<const Sources> sources;  ///< The texts that the locations point into.
};

/// Reads a sweep and the experiment that it names. Throws ConfigError with every mistake of both files.
Sweep load_sweep(const std::filesystem::path& file);
/// What a sweep file calls its sweep. Nothing when the file cannot be read as TOML.
std::optional<std::string> read_sweep_name(const std::filesystem::path& file);
/// A sweep, or an experiment by itself: then without axes, under seed 0. Throws ConfigError.
Sweep load_sweep_or_experiment(const std::filesystem::path& file);

}  // namespace ablate
