#include <cmath>

#include "law/baselines.hpp"

namespace ablate {

namespace {

PublishedValue law_of_mm1(double params, double) {
  return {std::exp(-0.4214 * std::log(params) - 0.5535), 512.0 * 4096};
}

PublishedValue law_of_step(double params, double tokens) {
  if (tokens <= 0) return {};
  return {1.79 * std::pow(params, -0.713) * std::pow(tokens, 0.307), 0.58 * std::pow(tokens, 0.571)};
}

/// C is counted as 6 N D: their M (operations a token without embeddings) is about 6 N.
PublishedValue law_of_deepseek(double params, double tokens) {
  if (tokens <= 0) return {};
  const double flops = 6 * params * tokens;
  return {0.3118 * std::pow(flops, -0.1250), 0.2920 * std::pow(flops, 0.3271)};
}

PublishedValue law_of_kaplan(double params, double) {
  const double lr = 0.003239 - 0.0001395 * std::log(params);
  return {lr > 0 ? std::optional(lr) : std::nullopt, std::nullopt};
}

PublishedValue law_of_porian(double params, double) { return {3.7 * std::pow(params, -0.36), std::nullopt}; }

}  // namespace

std::span<const PublishedLaw> published_laws() {
  static const std::vector<PublishedLaw> laws = {
      {"MM1", "arXiv 2403.09611", "lr = exp(-0.4214 ln N - 0.5535), batch 512 x 4096 tokens", "", law_of_mm1},
      {"Step Law", "arXiv 2503.04715", "lr = 1.79 N^-0.713 D^0.307, batch = 0.58 D^0.571 tokens", "",
       law_of_step},
      {"DeepSeek LLM", "arXiv 2401.02954", "lr = 0.3118 C^-0.1250, batch = 0.2920 C^0.3271 tokens, C = 6 N D",
       "", law_of_deepseek},
      {"OpenAI", "arXiv 2001.08361", "lr = 0.003239 - 0.0001395 ln N (none above 1.2e10)", "", law_of_kaplan},
      {"Porian", "arXiv 2406.19146",
       "lr = 3.7 N^-0.36 at the compute-optimal D (its batch is left out: unit not certain)", "",
       law_of_porian},
      {"Bjorck", "arXiv 2409.19913", "lr = 1.3192 e^-5 N^-0.23 D^-0.32, fixed batch",
       "its units are ambiguous: with e^-5 = exp(-5), raw N and D give 2e-8 at 1B and 100B, billions give "
       "2e-3",
       nullptr},
  };
  return laws;
}

}  // namespace ablate
