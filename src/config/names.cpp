#include "config/names.hpp"

#include "config/experiment.hpp"
#include "config/sweep.hpp"

namespace ablate {

template <>
std::span<const Named<Stage>> names_of<Stage>() {
  using enum Stage;
  static constexpr Named<Stage> kTable[] = {{"encoder", encoder}, {"llm", llm},   {"vlm", vlm},
                                            {"sft", sft},         {"demo", demo}, {"eval", eval}};
  return kTable;
}

template <>
std::span<const Named<EncoderLoss>> names_of<EncoderLoss>() {
  using enum EncoderLoss;
  static constexpr Named<EncoderLoss> kTable[] = {
      {"clip", clip}, {"siglip", siglip}, {"aim", aim}, {"vae", vae}, {"none", none}};
  return kTable;
}

template <>
std::span<const Named<ConnectorKind>> names_of<ConnectorKind>() {
  using enum ConnectorKind;
  static constexpr Named<ConnectorKind> kTable[] = {{"average-pool", average_pool},
                                                    {"attention-pool", attention_pool},
                                                    {"c-abstractor", c_abstractor},
                                                    {"mlp", mlp}};
  return kTable;
}

template <>
std::span<const Named<Activation>> names_of<Activation>() {
  using enum Activation;
  static constexpr Named<Activation> kTable[] = {
      {"gelu", gelu}, {"quick-gelu", quick_gelu}, {"gelu-tanh", gelu_tanh}};
  return kTable;
}

template <>
std::span<const Named<LrSchedule>> names_of<LrSchedule>() {
  using enum LrSchedule;
  static constexpr Named<LrSchedule> kTable[] = {
      {"constant", constant}, {"linear", linear}, {"cosine", cosine}};
  return kTable;
}

template <>
std::span<const Named<Precision>> names_of<Precision>() {
  using enum Precision;
  static constexpr Named<Precision> kTable[] = {{"fp32", fp32}, {"bf16", bf16}};
  return kTable;
}

template <>
std::span<const Named<ImageFit>> names_of<ImageFit>() {
  using enum ImageFit;
  static constexpr Named<ImageFit> kTable[] = {{"stretch", stretch}, {"crop", crop}, {"pad", pad}};
  return kTable;
}

template <>
std::span<const Named<SubImages>> names_of<SubImages>() {
  using enum SubImages;
  static constexpr Named<SubImages> kTable[] = {{"none", none}, {"quadrants", quadrants}, {"grid", grid}};
  return kTable;
}

template <>
std::span<const Named<ModelPart>> names_of<ModelPart>() {
  using enum ModelPart;
  static constexpr Named<ModelPart> kTable[] = {{"encoder", encoder}, {"connector", connector}, {"llm", llm}};
  return kTable;
}

template <>
std::span<const Named<OptimizerKind>> names_of<OptimizerKind>() {
  using enum OptimizerKind;
  static constexpr Named<OptimizerKind> kTable[] = {{"adamw", adamw}, {"adafactor", adafactor}};
  return kTable;
}

template <>
std::span<const Named<EvaluatedStage>> names_of<EvaluatedStage>() {
  using enum EvaluatedStage;
  static constexpr Named<EvaluatedStage> kTable[] = {
      {"last", last}, {"llm", llm}, {"vlm", vlm}, {"sft", sft}};
  return kTable;
}

template <>
std::span<const Named<ChatFormat>> names_of<ChatFormat>() {
  using enum ChatFormat;
  static constexpr Named<ChatFormat> kTable[] = {{"plain", plain}, {"vicuna", vicuna}, {"chatml", chatml}};
  return kTable;
}

template <>
std::span<const Named<EvalTask>> names_of<EvalTask>() {
  using enum EvalTask;
  static constexpr Named<EvalTask> kTable[] = {{"heldout-loss", heldout_loss},
                                               {"caption", caption},
                                               {"vqa", vqa},
                                               {"doctext", doctext},
                                               {"fewshot", fewshot},
                                               {"retrieval", retrieval},
                                               {"zero-shot", zero_shot},
                                               {"demo-accuracy", demo_accuracy},
                                               {"demo-robustness", demo_robustness}};
  return kTable;
}

template <>
std::span<const Named<EncoderPreset>> names_of<EncoderPreset>() {
  using enum EncoderPreset;
  static constexpr Named<EncoderPreset> kTable[] = {
      {"custom", custom},   {"vit-ti16", vit_ti16}, {"vit-s16", vit_s16},     {"vit-b16", vit_b16},
      {"vit-l14", vit_l14}, {"vit-h14", vit_h14},   {"so400m-14", so400m_14}, {"aim-600m", aim_600m},
      {"aim-1b", aim_1b},   {"aim-3b", aim_3b}};
  return kTable;
}

template <>
std::span<const Named<LlmPreset>> names_of<LlmPreset>() {
  using enum LlmPreset;
  static constexpr Named<LlmPreset> kTable[] = {
      {"custom", custom}, {"0.1m", m0_1}, {"0.4m", m0_4}, {"1m", m1}, {"3m", m3}, {"9m", m9},
      {"85m", m85},       {"302m", m302}, {"1.2b", b1_2}, {"3b", b3}, {"7b", b7}, {"30b", b30}};
  return kTable;
}

template <>
std::span<const Named<Upcycle>> names_of<Upcycle>() {
  using enum Upcycle;
  static constexpr Named<Upcycle> kTable[] = {{"none", none}, {"llm", llm}, {"vlm", vlm}, {"sft", sft}};
  return kTable;
}

template <>
std::span<const Named<Design>> names_of<Design>() {
  using enum Design;
  static constexpr Named<Design> kTable[] = {
      {"grid", grid}, {"one-at-a-time", one_at_a_time}, {"zip", zip}, {"sample", sample}};
  return kTable;
}

template <>
std::span<const Named<Sampler>> names_of<Sampler>() {
  using enum Sampler;
  static constexpr Named<Sampler> kTable[] = {{"sobol", sobol}, {"random", random}};
  return kTable;
}

template <>
std::span<const Named<Scale>> names_of<Scale>() {
  using enum Scale;
  static constexpr Named<Scale> kTable[] = {{"linear", linear}, {"log", log}};
  return kTable;
}

template <>
std::span<const Named<Combine>> names_of<Combine>() {
  using enum Combine;
  static constexpr Named<Combine> kTable[] = {{"product", product}, {"union", unite}};
  return kTable;
}

}  // namespace ablate
