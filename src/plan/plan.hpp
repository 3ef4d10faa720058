// A sweep becomes cells, stages and jobs with their costs: a pure function.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "config/check.hpp"
#include "config/experiment.hpp"
#include "config/fields.hpp"
#include "config/sweep.hpp"
#include "plan/added_seeds.hpp"
#include "util/hash.hpp"

namespace ablate {

/// One section of a stage's resolved configuration ("connector", "train.vlm"). Many jobs share a part, so it
/// is kept once.
struct ConfigPart {
  std::string section;
  std::string
      json;      ///< Canonical: keys sorted, only what can change the result, data sources as content hashes.
  Hash128 hash;  ///< Of section and json.
  Hash128 trajectory_hash = {};  ///< The same without the keys that only say where a training ends.
};

/// What one job takes, by formula (cost.hpp).
struct Cost {
  double params = 0;        ///< Parameters of the model that is trained or evaluated.
  double flops = 0;         ///< Of the whole job; a multiply-add counts as 2.
  double memory_bytes = 0;  ///< Estimated peak on the device.
  /// What flops and memory of a training take for granted of its data (cost.hpp); 0: its sequences have no
  /// pictures.
  double images_per_sequence = 0;
  /// What flops of an evaluation count: no plan reads data, so all examples that it may have, each of full
  /// length. 0: no evaluation, or one that draws its examples itself.
  double most_examples = 0;
};

/// A stage with its fully resolved configuration. Two stages with the same key are one job.
struct PlannedJob {
  Hash128 key;  ///< Of the canonical JSON of stage, code version, seed, task, parts and parents' keys.
  Stage stage = Stage::encoder;
  std::string task;  ///< The evaluation, for an eval job.
  std::uint64_t seed = 0;
  int version = 1;                     ///< Of the stage's code.
  std::vector<std::uint32_t> parts;    ///< Indices into Plan::parts.
  std::vector<std::uint32_t> parents;  ///< Indices into Plan::jobs; always smaller than this job's own.
  std::int64_t steps = 0;              ///< Optimiser steps; 0 for an evaluation.
  /// Equal for trainings that differ in their last step alone, so that each goes through the weights of the
  /// shorter ones. Zero: none that can go on from another.
  Hash128 trajectory;
  std::optional<std::uint32_t> goes_on_from;  ///< The next shorter one of the plan: index into Plan::jobs.
  std::int64_t first_step = 0;                ///< Its last step; 0: this job trains from the start.
  Cost cost;
  /// Operations from there on.
  double flops_to_run() const {
    return first_step > 0 ? cost.flops * static_cast<double>(steps - first_step) / static_cast<double>(steps)
                          : cost.flops;
  }
  std::uint32_t replicates = 0;  ///< How many replicates need it: what the scheduler ranks by.
};

/// One combination of levels.
struct Cell {
  std::vector<std::int32_t>
      levels;         ///< For each axis the index of its level; -1: the axis does not apply here.
  std::string label;  ///< Of an [[include]] cell; else empty.
};

/// An axis as the plan shows it.
struct PlanAxis {
  std::string name;
  std::vector<std::string> levels;  ///< Their labels.
  /// That the axis was sampled from, wherever the sweep varies it: the widest. None: its levels were listed.
  std::optional<SampleRange> range = {};
};

/// A cell under a seed that was added to the sweep.
struct AddedReplicate {
  std::uint64_t cell = 0;  ///< Index into Plan::cells.
  std::uint64_t seed = 0;
};

/// One line of the plan's account: "exclude 'too many tokens'   -3   9".
struct CountLine {
  std::string text;
  std::int64_t change = 0;
  std::int64_t total = 0;
};

/// The data sources of one key, as the sweep names them.
struct SourceList {
  std::string key;  ///< "eval.questions"
  std::vector<std::string> paths;
  auto operator<=>(const SourceList&) const = default;
};

struct Plan {
  std::string sweep;  ///< Its name.
  std::vector<PlanAxis> axes;
  std::vector<Cell> cells;
  std::vector<std::uint64_t> seeds;            ///< Of the file: every cell runs under each.
  std::vector<SeedAddition> additions;         ///< To cells that the sweep has.
  std::vector<std::string> dropped_additions;  ///< Sentences on those to cells that it no longer has.
  std::vector<AddedReplicate> added;           ///< Beyond those under `seeds`, by seed and cell.
  std::vector<ConfigPart> parts;
  std::vector<PlannedJob> jobs;  ///< Parents stand before their children.
  /// Jobs of each replicate, upstream first: replicate r has replicate_jobs[replicate_begin[r] ..
  /// replicate_begin[r+1]). All cells of the first seed come first, then those of the next, then those that
  /// were added.
  std::vector<std::uint32_t> replicate_jobs;
  std::vector<std::uint64_t> replicate_begin = {0};
  std::vector<CountLine> account;  ///< Explains every count, from the product of the levels to the jobs.
  std::vector<std::string> warnings;
  std::vector<Claim> claims;  ///< As the sweep has them: its axes, levels and scores are there.
  /// Content hash of each data source and init file to its path, as the sweep names it.
  std::map<std::string, std::string> sources;
  std::set<SourceList> source_lists;      ///< Each list that jobs read, once.
  std::vector<std::string> missing_data;  ///< Data sources that do not exist here: the keys are provisional.

  std::size_t num_replicates() const { return replicate_begin.size() - 1; }
  /// The index of a replicate's cell, and its seed.
  std::size_t cell_of(std::size_t replicate) const {
    const std::size_t planned = cells.size() * seeds.size();
    return replicate < planned ? replicate % cells.size() : added[replicate - planned].cell;
  }
  std::uint64_t seed_of(std::size_t replicate) const {
    const std::size_t planned = cells.size() * seeds.size();
    return replicate < planned ? seeds[replicate / cells.size()] : added[replicate - planned].seed;
  }
  std::span<const std::uint32_t> jobs_of(std::size_t replicate) const {
    return std::span(replicate_jobs)
        .subspan(replicate_begin[replicate], replicate_begin[replicate + 1] - replicate_begin[replicate]);
  }
};

/// Tells the content of a data source or init file: the hexadecimal hash of the bytes that are read from it;
/// empty when it, or a file that it names, does not exist.
using Fingerprint = std::function<std::string(const std::string& path, SourceKind kind)>;

/// Tells which seeds a sweep has beside those of its file, of a plan that has axes, cells and seeds alone.
using SeedAdditions = std::function<std::vector<SeedAddition>(const Plan& plan)>;

/// Expands, resolves, shares and prices a sweep. Throws Error with every problem found: contradictions
/// between keys (config/check.hpp), duplicate cells, an axis that changes no job, no cell at all.
Plan make_plan(const Sweep& sweep, const Fingerprint& fingerprint, const PieceCount& count_pieces = {},
               const SeedAdditions& additions = {});

}  // namespace ablate
