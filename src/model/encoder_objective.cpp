#include "model/encoder_objective.hpp"

#include <torch/torch.h>

#include "model/aim.hpp"
#include "model/contrastive.hpp"
#include "model/vae.hpp"
#include "util/error.hpp"

namespace ablate {

EncoderObjective::EncoderObjective(const Encoder& config, std::uint64_t random_seed)
    : encoder(config),
      seed(random_seed),
      vision(register_module("vision", VisionTransformer(config, config.resolution))) {}

std::shared_ptr<EncoderObjective> make_encoder_objective(const Encoder& encoder, std::uint64_t seed) {
  switch (encoder.loss) {
    case EncoderLoss::clip:
      return make_clip_objective(encoder, seed);
    case EncoderLoss::siglip:
      return make_siglip_objective(encoder, seed);
    case EncoderLoss::aim:
      return std::make_shared<AimObjective>(encoder, seed);
    case EncoderLoss::vae:
      return std::make_shared<VaeObjective>(encoder, seed);
    case EncoderLoss::none:
      break;
  }
  throw Error("encoder.loss is none: there is no encoder to train; expected clip, siglip, aim or vae");
}

}  // namespace ablate
