// Rotary embeddings: a lane has a pack of the first half of a head, and the pack of its second half that
// turns with it.
#include "cuda/dispatch.hpp"
#include "cuda/team.hpp"

namespace ablate::cuda {

namespace {

template <class X>
struct TurnHeads {
  static constexpr int kLanes = 256, kNumbers = kPack<X>;
  HeadParts to, from;
  const float *cosines, *sines;
  std::int64_t tokens, angles, half, packs_of_half;
  float direction;

  ABLATE_BOTH void operator()(const Team<kLanes>& team, std::int64_t task) const {
    team.each_lane([&](int lane) {
      const std::int64_t heads = to.queries.heads + to.keys.heads + to.values.heads;
      const std::int64_t pack = task * kLanes + lane, head = pack / packs_of_half;
      const std::int64_t token = head / heads;
      if (token < tokens) one_pack(token, head % heads, pack % packs_of_half * kNumbers);
    });
  }

  ABLATE_BOTH void one_pack(std::int64_t token, std::int64_t head, std::int64_t column) const {
    const std::int64_t keys = head - to.queries.heads, values = keys - to.keys.heads;
    if (keys < 0)
      turn(to.queries, from.queries, token, head, column, true);
    else if (values < 0)
      turn(to.keys, from.keys, token, keys, column, true);
    else
      turn(to.values, from.values, token, values, column, false);
  }

  ABLATE_BOTH void turn(const Heads& into, const Heads& out_of, std::int64_t token, std::int64_t head,
                        std::int64_t column, bool turns) const {
    const X* const x = static_cast<const X*>(out_of.at) + token * out_of.token_step + head * out_of.head_step;
    X* const y = static_cast<X*>(into.at) + token * into.token_step + head * into.head_step;
    const std::int64_t left = half - column;
    float first[kNumbers], second[kNumbers], cosine[kNumbers], sine[kNumbers];
    load(x + column, left, first);
    load(x + half + column, left, second);
    if (turns) {
      const std::int64_t angle = token % angles * half + column;
      load(cosines + angle, left, cosine);
      load(sines + angle, left, sine);
      ABLATE_UNROLL for (int i = 0; i < kNumbers; ++i) {
        const float a = first[i], b = second[i], s = sine[i] * direction;
        first[i] = a * cosine[i] - b * s;
        second[i] = b * cosine[i] + a * s;
      }
    }
    store(y + column, left, first);
    store(y + half + column, left, second);
  }
};

}  // namespace

void turn_heads(const Place& place, const HeadShape& shape, const HeadParts& to, const HeadParts& from,
                const float* cosines, const float* sines, float direction) {
  with_format(shape.format, [&](auto number) {
    using X = decltype(number);
    const std::int64_t half = shape.head_width / 2, packs = divided_up(half, kPack<X>);
    const std::int64_t heads = to.queries.heads + to.keys.heads + to.values.heads;
    run(place, divided_up(shape.tokens * heads * packs, TurnHeads<X>::kLanes),
        TurnHeads<X>{.to = to,
                     .from = from,
                     .cosines = cosines,
                     .sines = sines,
                     .tokens = shape.tokens,
                     .angles = shape.angles,
                     .half = half,
                     .packs_of_half = packs,
                     .direction = direction});
  });
}

}  // namespace ablate::cuda
