#include "model/visibility.hpp"

#include <torch/torch.h>

#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <vector>

#include "model/kernel_fixture.hpp"
#include "model/kernels.hpp"

using namespace ablate;

namespace {

using Borders = std::vector<std::int32_t>;

Borders borders_of(const Visibility& visibility) {
  const auto* first = visibility.borders.data_ptr<std::int32_t>();
  return {first, first + visibility.borders.numel()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(visibility_of_documents)

BOOST_AUTO_TEST_CASE(borders_are_where_documents_begin_in_all_rows) {
  const torch::Tensor documents = torch::tensor({{0, 0, 1, -1, -1}, {0, 1, 1, 1, 2}}, torch::kInt32);
  const Visibility visibility = see_documents(documents, torch::kCPU);
  BOOST_TEST(borders_of(visibility) == (Borders{0, 2, 3, 5, 6, 9, 10}), boost::test_tools::per_element());
  BOOST_TEST(visibility.longest == 3);
  // A document of one row does not go on in the next.
  const Visibility same = see_documents(torch::tensor({{0, 1, 1}, {1, 1, 1}}, torch::kInt32), torch::kCPU);
  BOOST_TEST(borders_of(same) == (Borders{0, 1, 3, 6}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_not_documents_alone_has_no_borders) {
  const torch::Tensor documents = torch::tensor({{0, 0, 1}}, torch::kInt32);
  BOOST_TEST(
      !see_documents(documents, torch::kCPU, torch::tensor({{0, 1, 0}}, torch::kInt32)).borders.defined());
  BOOST_TEST(!see_prefix(torch::tensor({2}), 4).borders.defined());
  BOOST_TEST(!see_causal(4, torch::kCPU).borders.defined());
  BOOST_TEST(!as_intervals(see_all(4, torch::kCPU), 2).borders.defined());
  BOOST_TEST(!with_room_for_documents(see_causal(4, torch::kCPU), 7).borders.defined());
}

BOOST_AUTO_TEST_CASE(document_by_document_attention_is_that_of_the_mask) {
  const std::int64_t B = 3, T = 50, H = 4, K = 2, C = 16;
  const torch::Tensor documents = some_documents(B, T);
  const Visibility visibility = see_documents(documents, torch::kCPU);
  const Rotary rotary = rotary_of(1, T, C);
  const torch::Tensor counts = (documents >= 0).unsqueeze(2).to(torch::kFloat64);  // Padding does not.
  const torch::Tensor qkv = noise({B, T, (H + 2 * K) * C}, 1), gradient = noise({B, T, H * C}, 2);
  for (const Visibility& seen : {visibility, with_room_for_documents(visibility, 40)}) {
    const Tensors got = with_gradients(
        [&](const Tensors& in) {
          return reference::attend_documents(reference::split_heads(in[0], H, K, rotary), seen) * counts;
        },
        {qkv}, torch::kFloat64, gradient);
    const Tensors want = with_gradients(
        [&](const Tensors& in) { return exact_attention(in[0], H, K, visibility, rotary) * counts; }, {qkv},
        torch::kFloat64, gradient);
    for (std::size_t i = 0; i < want.size(); ++i) BOOST_TEST(distance(got[i], want[i]) < 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(room_for_documents_is_filled_with_empty_ones) {
  const Visibility visibility =
      see_documents(torch::tensor({{0, 0, 1}, {0, 1, 1}}, torch::kInt32), torch::kCPU);
  const Visibility roomy = with_room_for_documents(visibility, 6);
  BOOST_TEST(borders_of(roomy) == (Borders{0, 2, 3, 4, 6, 6, 6}), boost::test_tools::per_element());
  BOOST_TEST(roomy.longest == 3);  // As long as a row.
  BOOST_TEST(with_room_for_documents(visibility, 4).borders.numel() == 5);
  BOOST_CHECK_THROW(with_room_for_documents(visibility, 3), std::logic_error);
}

BOOST_AUTO_TEST_CASE(rows_that_are_one_document_each_have_borders_as_intervals) {
  const Visibility rows = as_intervals(see_causal(5, torch::kCPU), 3);
  BOOST_TEST(borders_of(rows) == (Borders{0, 5, 10, 15}), boost::test_tools::per_element());
  BOOST_TEST(rows.longest == 5);
}

BOOST_AUTO_TEST_CASE(a_mask_is_prepared_where_attention_needs_one) {
  const Visibility documents = see_documents(torch::tensor({{0, 1}}, torch::kInt32), torch::kCPU);
  BOOST_TEST(!prepared(documents, torch::zeros({1, 2, 8}), 8).mask.defined());  // Our kernels read intervals.
  const Visibility masked = prepared(documents, torch::zeros({1, 2, 8}, torch::kBFloat16), 8);
  BOOST_TEST_REQUIRE(masked.mask.defined());
  BOOST_CHECK(masked.mask.scalar_type() == torch::kBFloat16);
  BOOST_TEST(
      !prepared(see_causal(2, torch::kCPU), torch::zeros({1, 2, 8}, torch::kBFloat16), 8).mask.defined());
}

BOOST_AUTO_TEST_SUITE_END()
