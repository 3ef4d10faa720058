#include "train/device.hpp"

#include <ATen/Context.h>
#include <torch/types.h>
#include <torch/version.h>

#include <boost/test/unit_test.hpp>

#include "train/failures.hpp"

namespace ablate {

BOOST_AUTO_TEST_SUITE(device)

BOOST_AUTO_TEST_CASE(bf16_is_computed_in_where_it_is_asked_for_and_on_a_cpu_where_that_is_allowed) {
  BOOST_CHECK(compute_type(Precision::bf16, torch::kCUDA) == torch::kBFloat16);
  BOOST_CHECK(compute_type(Precision::bf16, torch::kCPU) == torch::kFloat32);
  BOOST_CHECK(compute_type(Precision::fp32, torch::kCUDA) == torch::kFloat32);
  BOOST_CHECK(compute_type(Precision::fp32, torch::kCPU) == torch::kFloat32);
  BOOST_CHECK(compute_type(Precision::bf16, torch::kCPU, /*cpu_bf16=*/true) == torch::kBFloat16);
  BOOST_CHECK(compute_type(Precision::fp32, torch::kCPU, /*cpu_bf16=*/true) == torch::kFloat32);
}

BOOST_AUTO_TEST_CASE(reproducible_algorithms_are_asked_for_on_the_cpu_alone) {
  set_up_device(torch::kCUDA, 1);
  BOOST_TEST(!at::globalContext().deterministicAlgorithms());
  set_up_device(torch::kCPU, 1);
  BOOST_TEST(at::globalContext().deterministicAlgorithms());
}

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 5)
BOOST_AUTO_TEST_CASE(attention_is_cudnns_only_where_shapes_stay) {
  set_up_device(torch::kCUDA, 1, /*shapes_vary=*/true);
  BOOST_TEST(!at::globalContext().userEnabledCuDNNSDP());
  set_up_device(torch::kCUDA, 1, /*shapes_vary=*/false);
  BOOST_TEST(at::globalContext().userEnabledCuDNNSDP());
}
#endif

BOOST_AUTO_TEST_CASE(data_are_prepared_ahead_on_a_gpu_alone) {
  BOOST_TEST(steps_ahead(torch::kCUDA) == 1u);
  BOOST_TEST(steps_ahead(torch::kCPU) == 0u);
}

BOOST_AUTO_TEST_CASE(what_the_gpu_says_of_its_memory_is_out_of_memory) {
  const auto message = [](const char* of_library) {
    try {
      with_plain_failures("cuda", [&] { throw c10::Error({"f", "file.cpp", 1}, std::string(of_library)); });
    } catch (const OutOfMemory& error) {
      return std::string("memory: ") + error.what();
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  BOOST_TEST(message("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`") ==
             "memory: out of memory on cuda");
  BOOST_TEST(message("CUDA error: misaligned address") == "CUDA error: misaligned address");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
