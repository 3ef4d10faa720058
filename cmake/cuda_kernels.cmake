# ABLATE_CUDA_KERNELS: whether src/cuda is compiled for the device, which takes a LibTorch with CUDA and nvcc. Without, its
# functions run on the host, for tests, and LibTorch's operators on the GPU.
set(ABLATE_CUDA_KERNELS OFF)
if(TORCH_CUDA_LIBRARIES)
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    # LibTorch asks for the standard of C++, which CMake 3.25 does not know how to ask nvcc for; src/CMakeLists.txt does.
    unset(CMAKE_CUDA_STANDARD)
    unset(CMAKE_CUDA_STANDARD_REQUIRED)
    set(ABLATE_CUDA_KERNELS ON)
  else()
    message(STATUS "No nvcc was found: on GPUs LibTorch's operators take the place of the kernels in src/cuda")
  endif()
endif()
