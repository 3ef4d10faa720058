// SwiGLU: a lane has one pack of a row's gate and the pack of its up that belongs to it.
#include "cuda/dispatch.hpp"
#include "cuda/team.hpp"

namespace ablate::cuda {

namespace {

ABLATE_BOTH float sigmoid(float x) { return 1 / (1 + exp_of(-x)); }

template <class X>
struct Swiglu {
  static constexpr int kLanes = 256, kNumbers = kPack<X>;
  X* y;              ///< [rows, width], null in the backward pass
  X* dgate_up;       ///< [rows, 2 width], null in the forward pass
  const X* dy;       ///< [rows, width], likewise
  const X* gate_up;  ///< [rows, 2 width]
  std::int64_t rows, width, packs_of_row;

  ABLATE_BOTH void operator()(const Team<kLanes>& team, std::int64_t task) const {
    team.each_lane([&](int lane) {
      const std::int64_t pack = task * kLanes + lane, row = pack / packs_of_row;
      const std::int64_t column = pack % packs_of_row * kNumbers, left = width - column;
      if (row >= rows) return;
      const std::int64_t gate_at = row * 2 * width + column, at = row * width + column;
      float gate[kNumbers], up[kNumbers], dout[kNumbers];
      load(gate_up + gate_at, left, gate);
      load(gate_up + gate_at + width, left, up);
      if (y != nullptr) {
        ABLATE_UNROLL for (int i = 0; i < kNumbers; ++i) gate[i] *= sigmoid(gate[i]) * up[i];
        store(y + at, left, gate);
        return;
      }
      load(dy + at, left, dout);
      ABLATE_UNROLL for (int i = 0; i < kNumbers; ++i) {
        const float s = sigmoid(gate[i]), dgate = dout[i] * up[i] * s * (1 + gate[i] * (1 - s));
        up[i] = dout[i] * gate[i] * s;
        gate[i] = dgate;
      }
      store(dgate_up + gate_at, left, gate);
      store(dgate_up + gate_at + width, left, up);
    });
  }
};

void run_swiglu(const Place& place, Format format, std::int64_t rows, std::int64_t width, void* y,
                void* dgate_up, const void* dy, const void* gate_up) {
  with_format(format, [&](auto number) {
    using X = decltype(number);
    const std::int64_t packs = divided_up(width, kPack<X>);
    run(place, divided_up(rows * packs, Swiglu<X>::kLanes),
        Swiglu<X>{.y = static_cast<X*>(y),
                  .dgate_up = static_cast<X*>(dgate_up),
                  .dy = static_cast<const X*>(dy),
                  .gate_up = static_cast<const X*>(gate_up),
                  .rows = rows,
                  .width = width,
                  .packs_of_row = packs});
  });
}

}  // namespace

void swiglu_forward(const Place& place, Format format, std::int64_t rows, std::int64_t width, void* y,
                    const void* gate_up) {
  run_swiglu(place, format, rows, width, y, nullptr, nullptr, gate_up);
}

void swiglu_backward(const Place& place, Format format, std::int64_t rows, std::int64_t width, void* dgate_up,
                     const void* dy, const void* gate_up) {
  run_swiglu(place, format, rows, width, nullptr, dgate_up, dy, gate_up);
}

}  // namespace ablate::cuda
