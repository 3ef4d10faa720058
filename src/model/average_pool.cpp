#include <torch/torch.h>

#include "model/connector.hpp"
#include "model/grid.hpp"
#include "model/layers.hpp"

namespace ablate {

namespace {

/// Averages over a square grid, then one linear map (MM1, section 3.2).
struct AveragePool final : VisualConnector {
  explicit AveragePool(const ConnectorShape& shape)
      : out_side(square_side(shape.connector.tokens)),
        projection(register_module("projection", Linear(shape.encoder_width, shape.llm_width, true))) {}

  torch::Tensor forward(const torch::Tensor& features) override {
    return projection(pool_grid(features, out_side));
  }
  void append_weights(Weights& weights, const std::string& prefix) const override {
    projection->append_weights(weights, prefix + "projection.",
                               Init::xavier(projection->weight.size(1), projection->weight.size(0)));
  }

  std::int64_t out_side;
  Linear projection;  // [D, V]
};

}  // namespace

std::shared_ptr<VisualConnector> make_average_pool(const ConnectorShape& shape) {
  return std::make_shared<AveragePool>(shape);
}

}  // namespace ablate
