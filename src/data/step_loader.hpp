// The data of a training by optimiser steps, made ready ahead of time.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "data/loader.hpp"
#include "data/ordered_loader.hpp"

namespace ablate {

/// Steps of `batch` examples each from a SequenceLoader or a PairLoader, in its order. `prepare` turns the
/// examples of a step into what it is computed from. With `ahead` above 0 a thread of its own does all that,
/// so many steps in advance; with 0 next() does it. Neither what is handed out nor its state depends on it,
/// and an exception of the loader or of `prepare` comes out of next() in the place of its step.
template <typename Loader, typename Prepared>
class StepLoader {
 public:
  using Example = decltype(std::declval<Loader&>().next());
  using Prepare = std::function<Prepared(std::vector<Example>)>;

  StepLoader(std::unique_ptr<Loader> loader, std::int64_t batch, Prepare prepare, std::size_t ahead)
      : loader_(std::move(loader)),
        batch_(batch),
        steps_([this] { return load(); },
               [prepare = std::move(prepare)](Loaded loaded) {
                 return Step{prepare(std::move(loaded.examples)), std::move(loaded.position),
                             std::move(loaded.tally)};
               },
               ahead > 0 ? 1 : 0, ahead) {}
  /// Waits for one example at most.
  ~StepLoader() { stops_ = true; }

  /// Goes on to the next step; the one before is no more.
  const Prepared& next() {
    step_.reset();
    return step_.emplace(steps_.next()).prepared;
  }
  /// The step that next() gave, what was read up to it, and where the data stand after it: {"position",
  /// "tally"}, for a checkpoint.
  const Prepared& step() const { return step_->prepared; }
  const DataTally& tally() const { return step_->tally; }
  Json state() const { return {{"position", step_->position.to_json()}, {"tally", step_->tally.to_json()}}; }

 private:
  using Position = decltype(Example::position);
  struct Loaded {
    std::vector<Example> examples;
    Position position;
    DataTally tally;
  };
  struct Step {
    Prepared prepared;
    Position position;
    DataTally tally;
  };

  Loaded load() {
    std::vector<Example> examples;
    for (std::int64_t i = 0; i < batch_; ++i) {
      if (stops_) throw std::runtime_error("nobody waits for this step");
      examples.push_back(loader_->next());
    }
    Position position = examples.back().position;
    return {std::move(examples), std::move(position), loader_->tally()};
  }

  const std::unique_ptr<Loader> loader_;
  const std::int64_t batch_;
  std::atomic<bool> stops_ = false;
  std::optional<Step> step_;
  OrderedLoader<Loaded, Step> steps_;  ///< Its thread uses what stands above.
};

/// A SequenceLoader or PairLoader at the beginning, or where a StepLoader's state says.
template <typename Loader, typename Settings>
std::unique_ptr<Loader> open_loader(const Settings& data, std::shared_ptr<const Tokenizer> tokenizer,
                                    const LoaderSettings& settings, const Json& state) {
  using Position = decltype(decltype(std::declval<Loader&>().next())::position);
  if (state.is_null()) return std::make_unique<Loader>(data, std::move(tokenizer), settings);
  const Position position = Position::from_json(state.at("position"));
  auto loader = std::make_unique<Loader>(data, std::move(tokenizer), settings, &position);
  loader->tally().restore(state.at("tally"));
  return loader;
}

}  // namespace ablate
