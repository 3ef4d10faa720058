// Kernels are written as what a team of lanes does, in steps that all lanes take together: on the device a
// lane is a thread; on the host one loop runs all lanes of a step. The arithmetic is the same source, so that
// it is tested where there is no card.
#pragma once

#include <cstdint>
#include <cstring>
#ifdef __CUDACC__
#include <cuda_runtime.h>

#include <stdexcept>
#include <string>
#endif

#include "cuda/kernels.hpp"
#include "cuda/numbers.hpp"

namespace ablate::cuda {

/// `kLanes` is 32, a warp, or more of them, a block.
template <int kLanes>
class Team {
  static_assert(kLanes % 32 == 0);

 public:
#ifdef __CUDA_ARCH__
  /// A register of each lane.
  template <class T>
  class PerLane {
   public:
    __device__ T& operator[](int) { return value_; }

   private:
    T value_;
  };

  template <class Work>
  __device__ void each_lane(const Work& work) const {
    work(static_cast<int>(threadIdx.x));
  }

  /// All lanes' values joined, in the same order each time; every lane has the result.
  template <class T, class Join>
  __device__ T reduce(PerLane<T>& values, const Join& join) const {
    T mine = values[0];
    ABLATE_UNROLL for (int distance = 16; distance > 0; distance /= 2) mine =
        join(mine, of_lane_beside(mine, distance));
    if constexpr (kLanes > 32) {
      __shared__ T of_warp[kLanes / 32];
      __syncthreads();  // Until all have read what the reduction before left there.
      if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = mine;
      __syncthreads();
      mine = of_warp[0];
      ABLATE_UNROLL for (int warp = 1; warp < kLanes / 32; ++warp) mine = join(mine, of_warp[warp]);
    }
    return mine;
  }

 private:
  template <class T>
  __device__ static T of_lane_beside(const T& mine, int distance) {
    static_assert(sizeof(T) % sizeof(float) == 0);
    float words[sizeof(T) / sizeof(float)];
    memcpy(words, &mine, sizeof(T));
    for (float& word : words) word = __shfl_xor_sync(0xffffffffu, word, distance);
    T theirs;
    memcpy(&theirs, words, sizeof(T));
    return theirs;
  }
#else
  template <class T>
  class PerLane {
   public:
    ABLATE_BOTH T& operator[](int lane) { return values_[lane]; }

   private:
    T values_[kLanes];
  };

  template <class Work>
  ABLATE_BOTH void each_lane(const Work& work) const {
    for (int lane = 0; lane < kLanes; ++lane) work(lane);
  }

  template <class T, class Join>
  ABLATE_BOTH T reduce(PerLane<T>& values, const Join& join) const {
    T joined{};
    for (int warp = 0; warp < kLanes; warp += 32) {
      T now[32], next[32];
      for (int lane = 0; lane < 32; ++lane) now[lane] = values[warp + lane];
      for (int distance = 16; distance > 0; distance /= 2) {
        for (int lane = 0; lane < 32; ++lane) next[lane] = join(now[lane], now[lane ^ distance]);
        std::memcpy(now, next, sizeof now);
      }
      joined = warp == 0 ? now[0] : join(joined, now[0]);
    }
    return joined;
  }
#endif

 public:
  ABLATE_BOTH float sum(PerLane<float>& values) const {
    return reduce(values, [](float a, float b) { return a + b; });
  }
};

#ifdef __CUDACC__
/// A block is four warps that know nothing of each other, or one team.
template <class Body>
constexpr int kTeamsOfBlock = Body::kLanes == 32 ? 4 : 1;

template <class Body>
__global__ void __launch_bounds__(Body::kLanes* kTeamsOfBlock<Body>)
    run_team(const Body body, std::int64_t tasks) {
  const std::int64_t task = std::int64_t{blockIdx.x} * kTeamsOfBlock<Body> + threadIdx.y;
  if (task < tasks) body(Team<Body::kLanes>(), task);
}
#endif

/// body(team, task) for each task in [0, tasks), a team of `Body::kLanes` lanes for each.
template <class Body>
void run(const Place& place, std::int64_t tasks, const Body& body) {
  if (tasks == 0) return;
#ifdef __CUDACC__
  if (place.on_gpu) {
    const auto blocks = static_cast<unsigned>((tasks + kTeamsOfBlock<Body> - 1) / kTeamsOfBlock<Body>);
    run_team<<<blocks, dim3(Body::kLanes, kTeamsOfBlock<Body>), 0, static_cast<cudaStream_t>(place.stream)>>>(
        body, tasks);
    const cudaError_t error = cudaGetLastError();
    if (error != cudaSuccess)
      throw std::runtime_error(std::string("CUDA error: ") + cudaGetErrorString(error));
    return;
  }
#endif
  (void)place;
  for (std::int64_t task = 0; task < tasks; ++task) body(Team<Body::kLanes>(), task);
}

}  // namespace ablate::cuda
