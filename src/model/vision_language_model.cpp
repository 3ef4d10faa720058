#include "model/vision_language_model.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include "model/grid.hpp"

namespace ablate {

PatchProjectionImpl::PatchProjectionImpl(const Encoder& encoder, std::int64_t llm_width)
    : projection(register_module("projection", Linear(3 * encoder.patch * encoder.patch, llm_width, true))),
      newline(register_parameter("newline", empty_weight({llm_width}))) {}

torch::Tensor PatchProjectionImpl::forward(const torch::Tensor& patches) {
  const torch::Tensor tokens = projection(patches);  // [N, P, D]
  const std::int64_t N = tokens.size(0), side = square_side(tokens.size(1)), D = tokens.size(2);
  const torch::Tensor ends = newline.to(tokens.dtype()).expand({N, side, 1, D});
  return torch::cat({tokens.view({N, side, side, D}), ends}, 2).view({N, side * (side + 1), D});
}

void PatchProjectionImpl::append_weights(Weights& weights, const std::string& prefix) const {
  projection->append_weights(weights, prefix + "vision_embed_tokens.",
                             Init::xavier(projection->weight.size(1), projection->weight.size(0)));
  weights.push_back({prefix + "image_newline", newline, Init::normal(0.02)});
}

VisionLanguageModel::VisionLanguageModel(const Experiment& experiment, std::int64_t resolution)
    : encoder(experiment.encoder), decoder(register_module("decoder", Decoder(experiment.llm))) {
  if (resolution == 0) return;
  if (encoder.loss == EncoderLoss::none) {
    patch_projection = register_module("patch_projection", PatchProjection(encoder, experiment.llm.width));
    return;
  }
  vision = register_module("vision", VisionTransformer(encoder, resolution));
  connector =
      register_module("connector", make_connector({experiment.connector, patches(resolution, encoder.patch),
                                                   encoder.width, experiment.llm.width}));
}

torch::Tensor VisionLanguageModel::visual_tokens(const torch::Tensor& pixels) {
  const torch::Tensor input = patchify(pixels, encoder, PatchOrder::channel_row_column, compute);
  return patch_projection ? patch_projection(input) : connector->forward(vision->patch_features(input));
}

torch::Tensor VisionLanguageModel::embed(const SequenceBatch& batch) {
  torch::Tensor x = decoder->embed(batch.tokens, compute);  // [B, T, D]
  if (batch.pixels.size(0) > 0) {
    const torch::Tensor visual = visual_tokens(batch.pixels).flatten(0, 1);  // [N k, D]
    if (visual.size(0) != batch.visual_positions.size(0))
      throw std::runtime_error(fmt::format("the pictures make {} visual tokens; expected {}, their positions",
                                           visual.size(0), batch.visual_positions.size(0)));
    x = x.flatten(0, 1).index_copy(0, batch.visual_positions, visual).view(x.sizes());
  }
  return x;
}

torch::Tensor VisionLanguageModel::hidden(const SequenceBatch& batch) {
  return decoder(embed(batch), batch.positions, batch.visibility, batch.padding);
}

HeadLoss VisionLanguageModel::loss(const SequenceBatch& batch, const torch::Tensor& target_weight,
                                   double z_loss) {
  const torch::Tensor states = hidden(batch).flatten(0, 1).index_select(0, batch.target_positions);  // [M, D]
  return head_loss(states, decoder->head(), batch.targets, batch.target_weights * target_weight, z_loss);
}

void VisionLanguageModel::set_recompute(bool on) {
  decoder->recompute = on;
  if (vision) vision->recompute = on;
}

Weights VisionLanguageModel::vision_weights() const {
  Weights found;
  if (vision) vision->append_weights(found, "vision_tower.vision_model.");
  return found;
}

Weights VisionLanguageModel::connector_weights() const {
  Weights found;
  if (connector) connector->append_weights(found, "multi_modal_projector.");
  if (patch_projection) patch_projection->append_weights(found, "multi_modal_projector.");
  return found;
}

Weights VisionLanguageModel::decoder_weights() const {
  Weights found;
  decoder->append_weights(found, reads_pictures() ? "language_model." : "");
  return found;
}

Weights VisionLanguageModel::weights() const {
  Weights all = vision_weights();
  for (const Weights& part : {connector_weights(), decoder_weights()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace ablate
