#include <torch/torch.h>

#include "model/connector.hpp"
#include "model/layers.hpp"

namespace ablate {

namespace {

/// Two matrices with a GELU between, for each patch; no pooling (LLaVA-1.5's mlp2x_gelu).
struct Mlp final : VisualConnector {
  explicit Mlp(const ConnectorShape& shape)
      : linear1(register_module("linear_1", Linear(shape.encoder_width, shape.llm_width, true))),
        linear2(register_module("linear_2", Linear(shape.llm_width, shape.llm_width, true))) {}

  torch::Tensor forward(const torch::Tensor& features) override {
    return linear2(torch::gelu(linear1(features)));
  }
  void append_weights(Weights& weights, const std::string& prefix) const override {
    linear1->append_weights(weights, prefix + "linear_1.",
                            Init::xavier(linear1->weight.size(1), linear1->weight.size(0)));
    linear2->append_weights(weights, prefix + "linear_2.",
                            Init::xavier(linear2->weight.size(1), linear2->weight.size(0)));
  }

  Linear linear1, linear2;  // [D, V], [D, D]
};

}  // namespace

std::shared_ptr<VisualConnector> make_mlp(const ConnectorShape& shape) {
  return std::make_shared<Mlp>(shape);
}

}  // namespace ablate
