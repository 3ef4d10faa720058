#include "model/feed_forward.hpp"

#include <torch/torch.h>

#include "model/kernels.hpp"
#include "model/layers.hpp"

namespace ablate {

namespace {

struct MlpLayers final : FeedForward {
  explicit MlpLayers(const FeedForwardShape& shape)
      : activation(shape.activation),
        fc1(register_module("fc1", Linear(shape.width, shape.hidden_width, shape.biases))),
        fc2(register_module("fc2", Linear(shape.hidden_width, shape.width, shape.biases))) {}

  torch::Tensor forward(const torch::Tensor& x) override { return fc2(activate(fc1(x), activation)); }
  void append_weights(Weights& weights, const std::string& prefix, Init first, Init last) const override {
    fc1->append_weights(weights, prefix + "fc1.", first);
    fc2->append_weights(weights, prefix + "fc2.", last);
  }

  Activation activation;
  Linear fc1, fc2;
};

struct SwigluLayers final : FeedForward {
  explicit SwigluLayers(const FeedForwardShape& shape)
      : gate_up(register_module("gate_up", Linear(shape.width, 2 * shape.hidden_width, false))),
        down(register_module("down", Linear(shape.hidden_width, shape.width, false))) {}

  torch::Tensor forward(const torch::Tensor& x) override { return down(swiglu(gate_up(x))); }
  void append_weights(Weights& weights, const std::string& prefix, Init first, Init last) const override {
    const std::int64_t F = down->weight.size(1);
    weights.push_back({prefix + "gate_proj.weight", gate_up->weight.narrow(0, 0, F), first});
    weights.push_back({prefix + "up_proj.weight", gate_up->weight.narrow(0, F, F), first});
    weights.push_back({prefix + "down_proj.weight", down->weight, last});
  }

  Linear gate_up, down;  ///< gate_up [2 F, D]: one product for both.
};

std::shared_ptr<FeedForward> make_layers(const FeedForwardShape& shape) {
  switch (shape.kind) {
    case FeedForwardKind::mlp:
      return std::make_shared<MlpLayers>(shape);
    case FeedForwardKind::swiglu:
      return std::make_shared<SwigluLayers>(shape);
  }
  throw std::logic_error("unknown feed-forward layer");
}

}  // namespace

std::shared_ptr<FeedForward> make_feed_forward(const FeedForwardShape& shape, torch::nn::Module& block) {
  std::shared_ptr<FeedForward> made = make_layers(shape);
  for (const auto& layer : made->named_children()) block.register_module(layer.key(), layer.value());
  return made;
}

}  // namespace ablate
