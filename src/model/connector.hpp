// Connectors map the features of a picture's patches to the decoder's visual tokens. A new one is a value of
// ConnectorKind, a file, and a line in make_connector().
//
// Shape letters: N pictures, P patches of a square grid, V encoder width, k visual tokens, D decoder width.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <memory>
#include <string>

#include "config/experiment.hpp"
#include "model/weights.hpp"

namespace ablate {

/// What a connector stands between.
struct ConnectorShape {
  Connector connector;
  std::int64_t patches = 0;        ///< P
  std::int64_t encoder_width = 0;  ///< V
  std::int64_t llm_width = 0;      ///< D
};

struct VisualConnector : torch::nn::Module {
  virtual torch::Tensor forward(const torch::Tensor& features) = 0;  ///< [N, P, V] -> [N, k, D]
  virtual void append_weights(Weights& weights, const std::string& prefix) const = 0;
};

std::shared_ptr<VisualConnector> make_connector(const ConnectorShape& shape);

// One function for each kind, in the file of that name.
std::shared_ptr<VisualConnector> make_average_pool(const ConnectorShape& shape);
std::shared_ptr<VisualConnector> make_attention_pool(const ConnectorShape& shape);
std::shared_ptr<VisualConnector> make_c_abstractor(const ConnectorShape& shape);
std::shared_ptr<VisualConnector> make_mlp(const ConnectorShape& shape);

}  // namespace ablate
