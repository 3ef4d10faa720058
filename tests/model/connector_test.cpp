// Golden numbers: tests/model/golden/decoder.py. Parameter counts: Honeybee's C-Abstractor, computed from its
// definition for MM1's ViT-L/14 and ViT-H/14.
#include "model/connector.hpp"

#include <torch/torch.h>

#include <boost/test/unit_test.hpp>

#include "config/names.hpp"
#include "golden.hpp"
#include "model/grid.hpp"
#include "util/error.hpp"

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

struct GoldenConnector {
  Connector connector;
  std::int64_t tokens;
  double first[3], square;
};

const GoldenConnector kGoldenConnectors[] = {
    {{.kind = ConnectorKind::average_pool, .tokens = 4},
     4,
     {0.06506692655402206, -0.09629253506588384, 0.317084580850603},
     1.6267965087020217},
    {{.kind = ConnectorKind::average_pool, .tokens = 9},
     9,
     {0.0639956929257708, -0.13250766204145192, 0.29024966144173253},
     3.6814878915224147},
    {{.kind = ConnectorKind::mlp},
     16,
     {-0.1657301765415326, 0.1952621852309972, -0.06109474020737782},
     9.58702055640468},
    {{.kind = ConnectorKind::attention_pool, .tokens = 4, .heads = 3},
     4,
     {0.1583549026648201, -0.07501079692160095, 0.1869668989413089},
     1.573627865876142},
    {{.kind = ConnectorKind::c_abstractor, .tokens = 4, .width = 8, .depth = 2},
     4,
     {0.2117941508577676, 0.09396615145362809, -0.07168195947683821},
     1.566445867747369},
    {{.kind = ConnectorKind::c_abstractor, .tokens = 9, .width = 8, .depth = 1},
     9,
     {0.21058575553683143, 0.09697397734250039, -0.05850198272498359},
     3.3871308352426226},
    {{.kind = ConnectorKind::c_abstractor, .tokens = 4, .width = 8, .depth = 0},
     4,
     {0.22678548556765038, 0.08915401146270426, -0.0910737100112977},
     1.6789267233482001},
};

std::int64_t count_parameters(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const torch::Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(connector)

BOOST_AUTO_TEST_CASE(outputs_are_those_of_other_implementations) {
  const torch::Tensor features = golden::numbers("features", {2, 16, 12});
  for (const GoldenConnector& expected : kGoldenConnectors) {
    BOOST_TEST_CONTEXT(to_name(expected.connector.kind) << " " << expected.tokens) {
      const auto made = make_connector(
          {.connector = expected.connector, .patches = 16, .encoder_width = 12, .llm_width = 10});
      Weights weights;
      made->append_weights(weights, "multi_modal_projector.");
      golden::fill(weights);
      const torch::Tensor tokens = made->forward(features);
      BOOST_TEST(tokens.sizes() == torch::IntArrayRef({2, expected.tokens, 10}));
      for (std::int64_t i = 0; i < 3; ++i)
        BOOST_TEST(tokens[1][1][i].item<double>() == expected.first[i], tt::tolerance(5e-5));
      BOOST_TEST(tokens.square().sum().item<double>() == expected.square, tt::tolerance(1e-5));
    }
  }
}

BOOST_AUTO_TEST_CASE(every_kind_lists_all_its_parameters_and_trains) {
  for (const auto& kind : names_of<ConnectorKind>()) {
    BOOST_TEST_CONTEXT(kind.name) {
      const auto made =
          make_connector({.connector = {.kind = kind.value, .tokens = 4, .width = 8, .depth = 2, .heads = 2},
                          .patches = 16,
                          .encoder_width = 12,
                          .llm_width = 10});
      Weights weights;
      made->append_weights(weights, "x.");
      std::int64_t listed = 0;
      for (const Weight& weight : weights) listed += weight.tensor.numel();
      BOOST_TEST(listed == count_parameters(*made));
      initialise(weights, 1);
      made->forward(golden::numbers("features", {2, 16, 12})).square().sum().backward();
      for (const auto& parameter : made->named_parameters())
        BOOST_TEST(parameter.value().grad().abs().sum().item<double>() > 0, parameter.key());
    }
  }
}

BOOST_AUTO_TEST_CASE(c_abstractors_of_mm1_have_the_published_size) {
  const Connector mm1{.kind = ConnectorKind::c_abstractor, .tokens = 144, .width = 1024, .depth = 3};
  BOOST_TEST(count_parameters(*make_connector({mm1, 576, 1024, 4096})) == 37398016);
  BOOST_TEST(count_parameters(*make_connector({mm1, 729, 1280, 2048})) == 24763200);
}

BOOST_AUTO_TEST_CASE(a_grid_is_pooled_in_adaptive_bins) {
  const torch::Tensor ramp = torch::arange(25, torch::kFloat32).view({1, 25, 1});
  // Bins of 5 -> 2: rows 0-2 and 2-4.
  const torch::Tensor pooled = pool_grid(ramp, 2).flatten();
  BOOST_TEST(torch::allclose(pooled, torch::tensor({6.0f, 8.0f, 16.0f, 18.0f})));
  const torch::Tensor even = torch::arange(16, torch::kFloat32).view({1, 16, 1});
  BOOST_TEST(torch::allclose(pool_grid(even, 2).flatten(), torch::tensor({2.5f, 4.5f, 10.5f, 12.5f})));
  BOOST_TEST(torch::equal(pool_grid(even, 4), even));
  BOOST_CHECK_THROW(square_side(7), Error);
}

BOOST_AUTO_TEST_SUITE_END()
