#include "data/recipe.hpp"

#include <fmt/format.h>

#include "util/error.hpp"

namespace ablate {

namespace {

std::vector<std::filesystem::path> paths_of(const std::vector<std::string>& names) {
  return {names.begin(), names.end()};
}

/// All together, or each by its share.
std::vector<MixtureSource> sft_sources(const Data& data) {
  MixtureSource all{.role = DataRole::sft, .paths = {}};
  const auto add = [&](const std::vector<std::string>& paths, DataRole role) {
    all.paths.insert(all.paths.end(), paths.begin(), paths.end());
    all.roles.insert(all.roles.end(), paths.size(), role);
  };
  add(data.sft, DataRole::sft);
  add(data.sft_questions, DataRole::sft_questions);
  add(data.sft_text, DataRole::sft_text);
  if (data.sft_shares.empty()) return {std::move(all)};
  std::vector<MixtureSource> sources;
  for (std::size_t i = 0; i < all.paths.size(); ++i)
    sources.push_back({all.roles[i], {all.paths[i]}, data.sft_shares.at(i)});
  return sources;
}

}  // namespace

MixtureSettings mixture_of(const Experiment& recipe, Stage stage, std::uint64_t seed) {
  const Data& data = recipe.data;
  const std::int64_t resolution = resolution_of(recipe, stage);
  MixtureSettings settings{.seed = seed,
                           .seq_len = data.seq_len,
                           .max_images = data.max_images,
                           .image_tokens = resolution > 0 ? visual_tokens(recipe, resolution) : 0,
                           .resolution = resolution,
                           .image_fit = data.image_fit,
                           .sub_images = train_of(recipe, stage).sub_images,
                           .synthetic_share = data.synthetic_share};
  if (stage == Stage::llm)
    settings.sources = {{DataRole::text, paths_of(data.text), 1}};
  else if (stage == Stage::sft) {
    settings.sources = sft_sources(data);
    settings.chat = {data.chat_format, data.system_prompt};
    settings.instruction = data.sft_instruction;
  } else
    settings.sources = {{DataRole::captions, paths_of(data.captions), data.mix[0]},
                        {DataRole::interleaved, paths_of(data.interleaved), data.mix[1]},
                        {DataRole::text, paths_of(data.text), data.mix[2]}};
  return settings;
}

PairSettings pairs_of(const Experiment& recipe, std::uint64_t seed) {
  return {.paths = paths_of(recipe.data.encoder),
          .seed = seed,
          .resolution = recipe.encoder.resolution,
          .context = is_contrastive(recipe.encoder.loss) ? recipe.encoder.text.context : 0,
          .image_fit = recipe.data.image_fit,
          .synthetic_share = recipe.data.synthetic_share};
}

std::shared_ptr<const Tokenizer> tokenizer_of(const Experiment& recipe, Stage stage, const char* expected) {
  if (recipe.data.tokenizer.empty())
    throw Error(fmt::format("data.tokenizer: no SentencePiece model is named; {}", expected));
  // Its model has the shape of the stage before, whose vocabulary must hold ChatML's marks as well.
  auto tokenizer = std::make_shared<const Tokenizer>(
      recipe.data.tokenizer, stage == Stage::sft ? recipe.data.chat_format : ChatFormat::plain);
  const bool of_encoder = stage == Stage::encoder;
  const std::int64_t vocabulary = of_encoder ? recipe.encoder.text.vocab_size : recipe.llm.vocab_size;
  if (tokenizer->vocab_size() > vocabulary)
    throw Error(fmt::format("{}.vocab_size: found {}; expected at least {}, the pieces of {}",
                            of_encoder ? "encoder.text" : "llm", vocabulary, tokenizer->vocab_size(),
                            recipe.data.tokenizer));
  return tokenizer;
}

}  // namespace ablate
