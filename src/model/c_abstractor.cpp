#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <vector>

#include "model/connector.hpp"
#include "model/grid.hpp"
#include "model/layers.hpp"

namespace ablate {

namespace {

// Honeybee's C-Abstractor (Cha et al. 2024): learned positions, `depth` RegNet blocks, adaptive average
// pooling, `depth` blocks, two linear maps with a SiLU between. A 1 x 1 convolution is a linear map of each
// pixel, so features stay [N, pixels, channels]; weights are listed in the shapes and under the names that
// Honeybee's files have.

void append_convolution(Weights& weights, const std::string& name, const Linear& linear) {
  const std::int64_t out = linear->weight.size(0), in = linear->weight.size(1);
  // He et al. 2015, eq. 10, by outputs, as timm's RegNet starts.
  weights.push_back({name + "weight", linear->weight.view({out, in, 1, 1}),
                     Init::normal(std::sqrt(2.0 / static_cast<double>(out)))});
  if (linear->bias.defined()) weights.push_back({name + "bias", linear->bias, Init::constant(0)});
}

/// 1 x 1, 3 x 3 for each channel, squeeze and excite, 1 x 1, and a shortcut.
struct RegNetBlock final : torch::nn::Module {
  RegNetBlock(std::int64_t in, std::int64_t width)
      : conv1(register_module("conv1", Linear(in, width, false))),
        conv3(register_module("conv3", Linear(width, width, false))),
        squeeze(register_module("squeeze", Linear(width, std::lround(0.25 * static_cast<double>(in)), true))),
        excite(register_module("excite", Linear(squeeze->weight.size(0), width, true))),
        norm1(register_module("norm1", LayerNorm(width, 1e-5))),
        norm2(register_module("norm2", LayerNorm(width, 1e-5))),
        norm3(register_module("norm3", LayerNorm(width, 1e-5))),
        depthwise(register_parameter("depthwise", empty_weight({width, 1, 3, 3}))) {
    if (in == width) return;
    shortcut = register_module("shortcut", Linear(in, width, false));
    shortcut_norm = register_module("shortcut_norm", LayerNorm(width, 1e-5));
  }

  torch::Tensor forward(const torch::Tensor& x) {  // [N, side^2, in] -> [N, side^2, width]
    const std::int64_t N = x.size(0), pixels = x.size(1), side = square_side(pixels),
                       width = depthwise.size(0);
    torch::Tensor y = torch::silu(norm1(conv1(x)));
    y = torch::conv2d(y.transpose(1, 2).reshape({N, width, side, side}), depthwise.to(x.dtype()), {}, 1, 1, 1,
                      width);
    y = torch::silu(norm2(y.flatten(2).transpose(1, 2)));
    y = y * torch::sigmoid(excite(torch::silu(squeeze(y.mean(1, true)))));
    y = norm3(conv3(y));
    return torch::silu(y + (shortcut ? shortcut_norm(shortcut(x)) : x));
  }

  void append_weights(Weights& weights, const std::string& prefix) const {
    append_convolution(weights, prefix + "conv1.conv.", conv1);
    norm1->append_weights(weights, prefix + "conv1.bn.");
    weights.push_back({prefix + "conv2.conv.weight", depthwise, Init::normal(std::sqrt(2.0 / 9))});
    norm2->append_weights(weights, prefix + "conv2.bn.");
    append_convolution(weights, prefix + "se.fc1.", squeeze);
    append_convolution(weights, prefix + "se.fc2.", excite);
    append_convolution(weights, prefix + "conv3.conv.", conv3);
    norm3->append_weights(weights, prefix + "conv3.bn.");
    if (!shortcut) return;
    append_convolution(weights, prefix + "downsample.conv.", shortcut);
    shortcut_norm->append_weights(weights, prefix + "downsample.bn.");
  }

  Linear conv1, conv3, squeeze, excite, shortcut{nullptr};
  LayerNorm norm1, norm2, norm3, shortcut_norm{nullptr};
  torch::Tensor depthwise;  // [width, 1, 3, 3]
};

struct CAbstractor final : VisualConnector {
  explicit CAbstractor(const ConnectorShape& shape)
      : out_side(square_side(shape.connector.tokens)),
        positions(register_parameter("positions", empty_weight({1, shape.patches, shape.encoder_width}))) {
    const std::int64_t width = shape.connector.width, depth = shape.connector.depth;
    for (std::int64_t i = 0; i < 2 * depth; ++i)
      blocks.push_back(
          register_module(fmt::format("block{}", i),
                          std::make_shared<RegNetBlock>(i == 0 ? shape.encoder_width : width, width)));
    readout1 =
        register_module("readout1", Linear(depth == 0 ? shape.encoder_width : width, shape.llm_width, true));
    readout2 = register_module("readout2", Linear(shape.llm_width, shape.llm_width, true));
  }

  torch::Tensor forward(const torch::Tensor& features) override {
    torch::Tensor x = features + positions.to(features.dtype());  // [N, P, V]
    for (std::size_t i = 0; i < blocks.size() / 2; ++i) x = blocks[i]->forward(x);
    x = pool_grid(x, out_side);  // [N, k, width]
    for (std::size_t i = blocks.size() / 2; i < blocks.size(); ++i) x = blocks[i]->forward(x);
    return readout2(torch::silu(readout1(x)));
  }

  void append_weights(Weights& weights, const std::string& prefix) const override {
    weights.push_back({prefix + "abstractor.pos_emb", positions, Init::normal(0.02)});
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const std::size_t half = blocks.size() / 2;
      blocks[i]->append_weights(
          weights, fmt::format("{}abstractor.net.{}.b{}.", prefix, i < half ? 0 : 2, i % half + 1));
    }
    const auto fan = [](const Linear& linear) {
      return Init::xavier(linear->weight.size(1), linear->weight.size(0));
    };
    readout1->append_weights(weights, prefix + "abstractor.readout.0.", fan(readout1));
    readout2->append_weights(weights, prefix + "abstractor.readout.2.", fan(readout2));
  }

  std::int64_t out_side;
  torch::Tensor positions;  // [1, P, V]
  std::vector<std::shared_ptr<RegNetBlock>> blocks;
  Linear readout1{nullptr}, readout2{nullptr};  // [D, width], [D, D]
};

}  // namespace

std::shared_ptr<VisualConnector> make_c_abstractor(const ConnectorShape& shape) {
  return std::make_shared<CAbstractor>(shape);
}

}  // namespace ablate
