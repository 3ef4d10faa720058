// What a recipe says of its data, as the loaders take it.
#pragma once

#include <cstdint>

#include "config/experiment.hpp"
#include "data/mixture.hpp"
#include "data/pairs.hpp"

namespace ablate {

/// The packed sequences of stage llm, vlm or sft.
MixtureSettings mixture_of(const Experiment& recipe, Stage stage, std::uint64_t seed);
/// The pairs of stage encoder; captions only for contrastive losses.
PairSettings pairs_of(const Experiment& recipe, std::uint64_t seed);

}  // namespace ablate
