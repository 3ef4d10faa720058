// The stages of an experiment: what each builds on, and which part of the recipe can change its result.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "config/fields.hpp"
#include "plan/plan.hpp"

namespace ablate {

/// Raised when a change to the code of a stage alters its results under such a recipe: old jobs then no
/// longer count as the same.
int stage_version(const Experiment& experiment, Stage stage);

/// The stages whose results a stage starts from, among those that the experiment has. For `eval`, the one it
/// evaluates.
std::vector<Stage> stage_parents(const Experiment& experiment, Stage stage, EvalTask task);

/// Turns resolved experiments into configuration parts, each distinct one once, in canonical form. Parts are
/// found by the raw bytes of their values first; JSON is written only for those not seen before.
class PartTable {
 public:
  PartTable(std::vector<ConfigPart>& parts, const Fingerprint& fingerprint)
      : parts_(parts), fingerprint_(fingerprint) {}

  /// Indices into the parts, one for each section that matters to the stage, in the order of the sections'
  /// names.
  void find(const Experiment& experiment, Stage stage, EvalTask task, std::vector<std::uint32_t>& indices);
  /// Sources that find() was told do not exist.
  const std::vector<std::string>& missing() const { return missing_; }
  /// Content hash to path, of those that exist.
  const std::map<std::string, std::string>& sources() const { return sources_; }
  /// The lists of data sources that were met, each once.
  const std::set<SourceList>& source_lists() const { return source_lists_; }

 private:
  struct Section {
    std::string name;
    std::vector<const Field*> fields;
  };
  const std::vector<Section>& sections_of(Stage stage);
  std::uint32_t add(const Experiment& experiment, const std::string& section,
                    const std::vector<const Field*>& used);
  std::string content_of(const std::string& path, SourceKind kind);

  std::vector<ConfigPart>& parts_;
  const Fingerprint& fingerprint_;
  std::unordered_map<int, std::vector<Section>> sections_;
  std::unordered_map<Hash128, std::uint32_t> by_bytes_, by_hash_;
  std::map<std::pair<std::string, SourceKind>, std::string> contents_;
  std::vector<std::string> missing_;
  std::map<std::string, std::string> sources_;
  std::set<SourceList> source_lists_;
};

/// The key of a job: hash of its canonical JSON.
Hash128 job_key(const PlannedJob& job, const std::vector<ConfigPart>& parts,
                const std::vector<PlannedJob>& jobs);
/// PlannedJob::trajectory.
Hash128 job_trajectory(const PlannedJob& job, const std::vector<ConfigPart>& parts,
                       const std::vector<PlannedJob>& jobs);

}  // namespace ablate
