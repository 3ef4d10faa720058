#include "data/pairs.hpp"

#include <algorithm>

#include "data/source.hpp"

namespace ablate {

PairSource::PairSource(PairSettings settings, const StreamPosition* from)
    : settings_(std::move(settings)),
      stream_(find_all_shards(settings_.paths, DataRole::captions), settings_.seed, "documents/encoder") {
  if (from) stream_.seek(*from);
}

PairPlan PairSource::next() {
  PairPlan plan;
  plan.drawn = stream_.next(plan.report);
  plan.position = stream_.position();
  return plan;
}

const std::string& choose_caption(const DrawnDocument& drawn, double share) {
  const double u = static_cast<double>(drawn.bits >> 11) * 0x1p-53;
  const Document& document = drawn.document;
  return !document.synthetic_caption.empty() && u < share ? document.synthetic_caption
                                                          : document.segments.back().text;
}

Pair load_pair(PairPlan plan, const PairSettings& settings, const Tokenizer* tokenizer) {
  const Document& document = plan.drawn.document;
  Pair pair{.id = document.id,
            .pixels = {},
            .tokens = {},
            .length = 0,
            .report = std::move(plan.report),
            .position = std::move(plan.position)};
  try {
    pair.pixels =
        load_picture(*document.segments.front().picture, settings.resolution, settings.image_fit).pixels;
  } catch (const BrokenDocument& broken) {
    Problem problem = broken.problem;
    problem.where = document.id;
    pair.report.add_counted(std::move(problem));
    return pair;
  }
  if (settings.context == 0) return pair;
  CaptionTokens caption = tokenize_caption(choose_caption(plan.drawn, settings.synthetic_share), *tokenizer,
                                           static_cast<std::size_t>(settings.context));
  pair.tokens = std::move(caption.tokens);
  pair.length = caption.length;
  return pair;
}

CaptionTokens tokenize_caption(std::string_view caption, const Tokenizer& tokenizer, std::size_t context) {
  CaptionTokens made{tokenizer.encode(caption), 0};
  made.tokens.resize(std::min(made.tokens.size(), context - 1));
  made.tokens.push_back(tokenizer.special().document_end);
  made.length = static_cast<std::int64_t>(made.tokens.size());
  made.tokens.resize(context, tokenizer.special().pad);
  return made;
}

}  // namespace ablate
