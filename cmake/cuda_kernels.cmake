# ABLATE_CUDA_KERNELS: whether src/cuda is compiled for the device, which takes a LibTorch with CUDA and nvcc. Without, its
# functions run on the host, for tests, and LibTorch's operators on the GPU.
set(ABLATE_CUDA_KERNELS OFF)
if(TORCH_CUDA_LIBRARIES)
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    # nvcc's default, for which CMake adds no flag: CMake 3.25 does not know how to ask for C++20, and src/CMakeLists.txt does.
    set(CMAKE_CUDA_STANDARD 17)
    set(ABLATE_CUDA_KERNELS ON)
  else()
    message(STATUS "No nvcc was found: on GPUs LibTorch's operators take the place of the kernels in src/cuda")
  endif()
endif()
