#include "model/compat.hpp"

#include <c10/util/Exception.h>

#include <boost/test/unit_test.hpp>
#include <new>
#include <stdexcept>

namespace ablate {

BOOST_AUTO_TEST_SUITE(compat_functions)

BOOST_AUTO_TEST_CASE(messages_of_too_little_memory_are_known) {
  for (const char* message :
       {// LibTorch 1.13, 2.6: its own allocator.
        "CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0; 31.75 GiB total capacity; 612.33 MiB "
        "already "
        "allocated; 14.75 MiB free; 622.00 MiB reserved in total by PyTorch) If reserved memory is >> "
        "allocated "
        "memory try setting max_split_size_mb to avoid fragmentation.",
        "CUDA out of memory. Tried to allocate 128.00 GiB. GPU 0 has a total capacity of 139.81 GiB of which "
        "101.55 GiB is free. Process 4711 has 38.25 GiB memory in use. Of the allocated memory 37.11 GiB is "
        "allocated by PyTorch, and 512.00 MiB is reserved by PyTorch but unallocated.",
        // What asks the driver without it: contexts, page-locked memory, modules.
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some other API "
        "call, "
        "so the stacktrace below might be incorrect.\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1.",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
        "cusolver error: CUSOLVER_STATUS_ALLOC_FAILED, when calling `cusolverDnCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED",
        "[enforce fail at alloc_cpu.cpp:75] err == 0. DefaultCPUAllocator: can't allocate memory: you tried "
        "to "
        "allocate 4398046511104 bytes. Error code 12 (Cannot allocate memory)"})
    BOOST_TEST(compat::tells_of_no_memory(message), message);
}

BOOST_AUTO_TEST_CASE(messages_of_other_failures_are_no_lack_of_memory) {
  for (const char* message :
       {"", "CUDA error: an illegal memory access was encountered",
        "CUDA error: device-side assert triggered",
        "CUDA error: no kernel image is available for execution on the device",
        "CUDA error: misaligned address", "CUDA error: unspecified launch failure",
        "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasGemmEx( handle, opa, opb, m, n, k)`",
        "CUDA error: CUBLAS_STATUS_INVALID_VALUE when calling `cublasSgemm( handle, opa, opb, m, n, k)`",
        "CUDA error: CUBLAS_STATUS_NOT_SUPPORTED when calling `cublasLtMatmulAlgoGetHeuristic( ltHandle)`",
        "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED", "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR",
        "cuDNN error: CUDNN_STATUS_BAD_PARAM", "cuDNN error: CUDNN_STATUS_MAPPING_ERROR",
        "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!",
        "The size of tensor a (8) must match the size of tensor b (7) at non-singleton dimension 1"})
    BOOST_TEST(!compat::tells_of_no_memory(message), message);
}

BOOST_AUTO_TEST_CASE(exceptions_are_judged_by_class_and_by_message) {
  BOOST_TEST(compat::is_out_of_memory(std::bad_alloc()));
  BOOST_TEST(compat::is_out_of_memory(c10::OutOfMemoryError({"f", "file.cpp", 1}, "no words")));
  BOOST_TEST(compat::is_out_of_memory(c10::Error({"f", "file.cpp", 1}, "CUDA error: out of memory")));
  BOOST_TEST(compat::is_out_of_memory(std::runtime_error("cuDNN error: CUDNN_STATUS_ALLOC_FAILED")));
  BOOST_TEST(!compat::is_out_of_memory(c10::Error({"f", "file.cpp", 1}, "CUDA error: misaligned address")));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
