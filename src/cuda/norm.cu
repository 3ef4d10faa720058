// RMSNorm and LayerNorm: a team has one row at a time in its registers.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "cuda/dispatch.hpp"
#include "cuda/team.hpp"

namespace ablate::cuda {

namespace {

/// Lanes of a team, and how many packs of a row each of them holds.
template <int kTheLanes, int kTheChunks>
struct Layout {
  static constexpr int kLanes = kTheLanes, kChunks = kTheChunks;
};

/// Calls use(Layout) with the smallest one for that many packs.
template <class Use>
void with_layout(std::int64_t packs, const Use& use) {
  if (packs <= 32) return use(Layout<32, 1>());
  if (packs <= 64) return use(Layout<64, 1>());
  if (packs <= 96) return use(Layout<96, 1>());
  if (packs <= 128) return use(Layout<128, 1>());
  if (packs <= 256) return use(Layout<256, 1>());
  if (packs <= 512) return use(Layout<512, 1>());
  use(Layout<512, 2>());
}
constexpr std::int64_t kMostPacks = 512 * 2;

/// One lane's part of a row: `kChunks` packs, those of the other lanes between them.
template <class X, class L>
struct Part {
  static constexpr int kNumbers = kPack<X>;
  float at[L::kChunks][kNumbers];

  /// The first column of a chunk.
  ABLATE_BOTH static std::int64_t column(int lane, int chunk) {
    return (std::int64_t{chunk} * L::kLanes + lane) * kNumbers;
  }
  template <class Y>
  ABLATE_BOTH void read(const Y* row, std::int64_t width, int lane) {
    ABLATE_UNROLL for (int c = 0; c < L::kChunks; ++c)
        load(row + column(lane, c), width - column(lane, c), at[c]);
  }
  template <class Y>
  ABLATE_BOTH void write(Y* row, std::int64_t width, int lane) const {
    ABLATE_UNROLL for (int c = 0; c < L::kChunks; ++c)
        store(row + column(lane, c), width - column(lane, c), at[c]);
  }
  /// work(number, whether the row has it) for each number.
  template <class Work>
  ABLATE_BOTH void each(std::int64_t width, int lane, const Work& work) {
    ABLATE_UNROLL for (int c = 0; c < L::kChunks; ++c) {
      ABLATE_UNROLL for (int i = 0; i < kNumbers; ++i) work(at[c][i], c, i, column(lane, c) + i < width);
    }
  }
};

template <class X, class L, bool kCentred>
struct NormForward {
  static constexpr int kLanes = L::kLanes;
  X* y;
  float *means, *scales;
  const X* x;
  const float *weight, *bias;
  std::int64_t width;
  float epsilon;

  ABLATE_BOTH void operator()(const Team<kLanes>& team, std::int64_t row) const {
    typename Team<kLanes>::template PerLane<Part<X, L>> held;
    typename Team<kLanes>::template PerLane<float> sums;
    team.each_lane([&](int lane) {
      held[lane].read(x + row * width, width, lane);
      sums[lane] = 0;
      if constexpr (kCentred)
        held[lane].each(width, lane, [&](float value, int, int, bool) { sums[lane] += value; });
    });
    const float mean = kCentred ? team.sum(sums) / static_cast<float>(width) : 0;
    team.each_lane([&](int lane) {
      sums[lane] = 0;
      held[lane].each(width, lane, [&](float value, int, int, bool counts) {
        if (counts) sums[lane] += (value - mean) * (value - mean);
      });
    });
    const float scale = 1 / sqrtf(team.sum(sums) / static_cast<float>(width) + epsilon);
    team.each_lane([&](int lane) {
      Part<X, L> factors, shifts;
      factors.read(weight, width, lane);
      if constexpr (kCentred) shifts.read(bias, width, lane);
      held[lane].each(width, lane, [&](float& value, int c, int i, bool) {
        value = (value - mean) * scale * factors.at[c][i];
        if constexpr (kCentred) value += shifts.at[c][i];
      });
      held[lane].write(y + row * width, width, lane);
      if (lane != 0) return;
      scales[row] = scale;
      if constexpr (kCentred) means[row] = mean;
    });
  }
};

/// With n = (x - mean) scale and g = dy weight: dx = scale (g - n mean(g n)), less scale mean(g) when
/// centred; dweight is the sum of dy n over rows, dbias that of dy. A team has every `parts`th row.
template <class X, class L, bool kCentred>
struct NormBackward {
  static constexpr int kLanes = L::kLanes;
  X* dx;
  float *dweight_parts, *dbias_parts;
  const X *dy, *x;
  const float *means, *scales, *weight;
  std::int64_t rows, width, parts;

  struct Two {
    float g, gn;
  };

  ABLATE_BOTH void operator()(const Team<kLanes>& team, std::int64_t part) const {
    typename Team<kLanes>::template PerLane<Part<X, L>> dweight, dbias;
    team.each_lane([&](int lane) {
      dweight[lane] = {};
      if constexpr (kCentred) dbias[lane] = {};
    });
    for (std::int64_t row = part; row < rows; row += parts) one_row(team, row, dweight, dbias);
    team.each_lane([&](int lane) {
      dweight[lane].write(dweight_parts + part * width, width, lane);
      if constexpr (kCentred) dbias[lane].write(dbias_parts + part * width, width, lane);
    });
  }

  template <class Sums>
  ABLATE_BOTH void one_row(const Team<kLanes>& team, std::int64_t row, Sums& dweight, Sums& dbias) const {
    typename Team<kLanes>::template PerLane<Part<X, L>> normed, gradient;
    typename Team<kLanes>::template PerLane<Two> sums;
    const float scale = scales[row], mean = kCentred ? means[row] : 0;
    team.each_lane([&](int lane) {
      Part<X, L> factors;
      normed[lane].read(x + row * width, width, lane);
      gradient[lane].read(dy + row * width, width, lane);
      factors.read(weight, width, lane);
      sums[lane] = {};
      gradient[lane].each(width, lane, [&](float& g, int c, int i, bool) {
        float& n = normed[lane].at[c][i];
        n = (n - mean) * scale;
        dweight[lane].at[c][i] += g * n;
        if constexpr (kCentred) dbias[lane].at[c][i] += g;
        g *= factors.at[c][i];
        sums[lane].g += g;
        sums[lane].gn += g * n;
      });
    });
    const Two all = team.reduce(sums, [](Two a, Two b) { return Two{a.g + b.g, a.gn + b.gn}; });
    const float of_g = kCentred ? all.g / static_cast<float>(width) : 0;
    const float of_gn = all.gn / static_cast<float>(width);
    team.each_lane([&](int lane) {
      gradient[lane].each(width, lane, [&](float& g, int c, int i, bool) {
        g = scale * (g - of_g - normed[lane].at[c][i] * of_gn);
      });
      gradient[lane].write(dx + row * width, width, lane);
    });
  }
};

/// Calls use(X, Layout, whether it is centred) as the shape has it.
template <class Use>
void with_shape(const NormRows& shape, const Use& use) {
  with_format(shape.format, [&](auto number) {
    using X = decltype(number);
    with_layout((shape.width + kPack<X> - 1) / kPack<X>, [&](auto layout) {
      if (shape.centred)
        use(number, layout, std::true_type());
      else
        use(number, layout, std::false_type());
    });
  });
}

}  // namespace

bool has_device_code() {
#ifdef __CUDACC__
  return true;
#else
  return false;
#endif
}

std::int64_t widest_norm(Format format) {
  return kMostPacks * (format == Format::bf16 ? kPack<Bf16> : kPack<float>);
}

void norm_forward(const Place& place, const NormRows& shape, void* y, float* means, float* scales,
                  const void* x, const float* weight, const float* bias) {
  with_shape(shape, [&](auto number, auto layout, auto centred) {
    using X = decltype(number);
    run(place, shape.rows,
        NormForward<X, decltype(layout), centred()>{.y = static_cast<X*>(y),
                                                    .means = means,
                                                    .scales = scales,
                                                    .x = static_cast<const X*>(x),
                                                    .weight = weight,
                                                    .bias = bias,
                                                    .width = shape.width,
                                                    .epsilon = shape.epsilon});
  });
}

std::int64_t norm_parts(const Place& place, const NormRows& shape) {
  std::int64_t teams = 0;
  with_shape(shape, [&](auto, auto layout, auto) {
    // About as many lanes as a multiprocessor has registers for; more teams would make more partial sums.
    teams = std::min(16, 1024 / decltype(layout)::kLanes);
  });
  return std::min(shape.rows, place.processors * teams);
}

void norm_backward(const Place& place, const NormRows& shape, void* dx, float* dweight_parts,
                   float* dbias_parts, const void* dy, const void* x, const float* means, const float* scales,
                   const float* weight) {
  const std::int64_t parts = norm_parts(place, shape);
  with_shape(shape, [&](auto number, auto layout, auto centred) {
    using X = decltype(number);
    run(place, parts,
        NormBackward<X, decltype(layout), centred()>{.dx = static_cast<X*>(dx),
                                                     .dweight_parts = dweight_parts,
                                                     .dbias_parts = dbias_parts,
                                                     .dy = static_cast<const X*>(dy),
                                                     .x = static_cast<const X*>(x),
                                                     .means = means,
                                                     .scales = scales,
                                                     .weight = weight,
                                                     .rows = shape.rows,
                                                     .width = shape.width,
                                                     .parts = parts});
  });
}

}  // namespace ablate::cuda
