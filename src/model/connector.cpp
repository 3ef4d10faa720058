#include "model/connector.hpp"

namespace ablate {

std::shared_ptr<VisualConnector> make_connector(const ConnectorShape& shape) {
  switch (shape.connector.kind) {
    case ConnectorKind::average_pool:
      return make_average_pool(shape);
    case ConnectorKind::attention_pool:
      return make_attention_pool(shape);
    case ConnectorKind::c_abstractor:
      return make_c_abstractor(shape);
    case ConnectorKind::mlp:
      return make_mlp(shape);
  }
  throw std::logic_error("unknown connector");
}

}  // namespace ablate
