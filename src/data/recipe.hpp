// What a recipe says of its data, as the loaders take it.
#pragma once

#include <cstdint>
#include <memory>

#include "config/experiment.hpp"
#include "data/mixture.hpp"
#include "data/pairs.hpp"
#include "data/tokenizer.hpp"

namespace ablate {

/// The packed sequences of stage llm, vlm or sft.
MixtureSettings mixture_of(const Experiment& recipe, Stage stage, std::uint64_t seed);
/// The pairs of stage encoder; captions only for contrastive losses.
PairSettings pairs_of(const Experiment& recipe, std::uint64_t seed);
/// The tokenizer of a stage that trains or has trained a model. Throws Error when none is named, with what is
/// `expected` then, and for one that has more pieces than the vocabulary of the stage's model.
std::shared_ptr<const Tokenizer> tokenizer_of(const Experiment& recipe, Stage stage, const char* expected);

}  // namespace ablate
