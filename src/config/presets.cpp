#include "config/fields.hpp"

namespace ablate {

namespace {

struct EncoderShape {
  EncoderPreset preset;
  std::int64_t patch, width, layers, heads, mlp_width;
};
// Dosovitskiy et al. 2021 (Ti, S, B), open_clip's model configurations (L, H), SigLIP's SO400M,
// apple/ml-aim's models.py.
constexpr EncoderShape kEncoders[] = {
    {EncoderPreset::vit_ti16, 16, 192, 12, 3, 768},    {EncoderPreset::vit_s16, 16, 384, 12, 6, 1536},
    {EncoderPreset::vit_b16, 16, 768, 12, 12, 3072},   {EncoderPreset::vit_l14, 14, 1024, 24, 16, 4096},
    {EncoderPreset::vit_h14, 14, 1280, 32, 16, 5120},  {EncoderPreset::so400m_14, 14, 1152, 27, 16, 4304},
    {EncoderPreset::aim_600m, 14, 1536, 24, 12, 6144}, {EncoderPreset::aim_1b, 14, 2048, 24, 16, 8192},
    {EncoderPreset::aim_3b, 14, 3072, 24, 24, 12288},
};

struct LlmShape {
  LlmPreset preset;
  std::int64_t layers, width, heads;
};
// Non-embedding parameters are 12 * layers * width^2. MM1 names the sizes 9M, 85M, 302M, 1.2B, 3B, 7B and
// 30B, but not the shapes: 12 x 256, 12 x 768, 24 x 1024 and 24 x 2048 give the first four to the digit; the
// others are near.
constexpr LlmShape kLlms[] = {
    {LlmPreset::m0_1, 2, 64, 2},     {LlmPreset::m0_4, 2, 128, 4},    {LlmPreset::m1, 5, 128, 4},
    {LlmPreset::m3, 7, 192, 6},      {LlmPreset::m9, 12, 256, 4},     {LlmPreset::m85, 12, 768, 12},
    {LlmPreset::m302, 24, 1024, 16}, {LlmPreset::b1_2, 24, 2048, 16}, {LlmPreset::b3, 32, 2752, 43},
    {LlmPreset::b7, 32, 4096, 32},   {LlmPreset::b30, 48, 7168, 56},
};

/// SwiGLU has three matrices instead of two: 8/3 of the width keeps 12 * layers * width^2; to the next
/// multiple of 16.
std::int64_t swiglu_width(std::int64_t width) { return (width * 8 / 3 + 8) / 16 * 16; }

}  // namespace

void apply_preset(Encoder& encoder, EncoderPreset preset) {
  for (const EncoderShape& shape : kEncoders) {
    if (shape.preset != preset) continue;
    encoder.patch = shape.patch;
    encoder.width = shape.width;
    encoder.layers = shape.layers;
    encoder.heads = shape.heads;
    encoder.mlp_width = shape.mlp_width;
  }
}

void apply_preset(Llm& llm, LlmPreset preset) {
  for (const LlmShape& shape : kLlms) {
    if (shape.preset != preset) continue;
    llm.layers = shape.layers;
    llm.width = shape.width;
    llm.heads = shape.heads;
    llm.kv_heads = shape.heads;
    llm.mlp_width = swiglu_width(shape.width);
  }
}

}  // namespace ablate
