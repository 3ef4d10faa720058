// What a learning-rate search may train, and its proposed runs as a sweep file.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/sweep.hpp"
#include "law/propose.hpp"
#include "program/run_settings.hpp"

namespace ablate {

/// What a search may train: sizes with recipes to take over, and presets in between.
class SearchSpace {
 public:
  /// Resolves every cell of the sweep; those that have the values of `where` count. Throws Error where these
  /// are several experiments: see find_differences().
  SearchSpace(const Sweep& sweep, Stage stage, std::span<const SettingChoice> where);

  /// Sizes for propose_runs(): those of the sweep and of the presets up to `largest` parameters, trained on
  /// as many tokens as the sweep's cells of the next size: the same number, or the same a parameter.
  std::vector<LawCandidate> candidates(double largest) const;

  /// What a run takes, as its plan will say: its training of the searched stage, and its evaluations; stages
  /// that it builds on are shared. 6 N D for a size that cannot be trained here.
  double flops(double params, double tokens, double batch) const;

  /// A sweep file with one cell for each run, which stands at `file`. It builds on the same experiment; what
  /// else the sweep sets is taken over from its cell of the nearest size. `heading`: lines of a comment.
  /// It is named by name_of(file).
  std::string sweep_text(const Proposal& proposal, const std::filesystem::path& file,
                         const std::vector<std::string>& heading) const;

  /// The name of a sweep of proposed runs: that of the sweep with the round of round_file(), so that rounds
  /// of two sweeps in files of one name differ; else that of the file.
  std::string name_of(const std::filesystem::path& file) const;

 private:
  struct Size {
    double params = 0, tokens = 0;
    Experiment experiment;
  };
  const Size& nearest(double params) const;
  /// The cell whose settings a run takes over: that of its size, tokens and batch where there is one.
  const Size& model_of(const ProposedRun& run) const;
  /// That cell's experiment with a model of the run's size; nothing where neither the sweep nor a preset has
  /// it.
  std::optional<Experiment> sized_for(const ProposedRun& run) const;
  Experiment experiment_of(const ProposedRun& run) const;

  std::vector<Size> sizes_;   ///< Ascending; of each size the cell with the most tokens.
  std::vector<Size> cells_;   ///< One for each size, token count and batch.
  bool fixed_tokens_ = true;  ///< All sizes train on the same number of tokens.
  Experiment base_;           ///< The sweep's experiment by itself.
  std::filesystem::path experiment_file_, sweep_file_;
  std::string sweep_name_;
  std::uint64_t seed_ = 0;
  Stage stage_;
};

/// "lr-search.toml" -> the first of "lr-search-law-1.toml", "lr-search-law-2.toml", ... beside it.
std::filesystem::path round_file(const std::filesystem::path& sweep, int round);

}  // namespace ablate
