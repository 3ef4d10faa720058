// Attention on the CPU in fp32, by blocks of queries (Dao et al. 2022): the scores of a block live in a
// buffer of the thread, are turned into probabilities there, and are computed again in the backward pass from
// the logarithm of each row's sum. A block looks only at the range of keys that one of its queries sees.
//
// Values of positions that a query does not see never enter its result: their probability is an exact zero,
// and which blocks and ranges there are depends on the visibility alone.
#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "model/kernels_cpu.hpp"

extern "C" void sgemm_(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k,
                       const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
                       const float* beta, float* c, const int* ldc);

namespace ablate::cpu {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

constexpr std::int64_t kQueries = 64;  ///< Queries of one block.

/// c = a b + beta c for matrices in rows; `transposed`: a^T b. c [m, n], a [m, k] or [k, m], b [k, n]; each
/// with the distance of its rows.
void multiply(bool transposed, std::int64_t m, std::int64_t n, std::int64_t k, const float* a,
              std::int64_t a_row, const float* b, std::int64_t b_row, float beta, float* c,
              std::int64_t c_row) {
  // BLAS counts in columns: the same memory is c^T = b^T a^T.
  const int columns = static_cast<int>(n), rows = static_cast<int>(m), inner = static_cast<int>(k);
  const int lda = static_cast<int>(a_row), ldb = static_cast<int>(b_row), ldc = static_cast<int>(c_row);
  const float one = 1;
  sgemm_("N", transposed ? "T" : "N", &columns, &rows, &inner, &one, b, &ldb, a, &lda, &beta, c, &ldc);
}

struct Side {
  const float* cosines = nullptr;  ///< [T, C / 2]; null: no rotation.
  const float* sines = nullptr;
};

/// to[t] = factor * from[t] rotated by position t's angle; direction -1 turns back.
ABLATE_CLONES void rotate_rows(float* __restrict to, std::int64_t to_row, const float* __restrict from,
                               std::int64_t from_row, std::int64_t rows, std::int64_t width, const Side& turn,
                               std::int64_t first, float direction, float factor) {
  const std::int64_t half = width / 2;
  for (std::int64_t t = 0; t < rows; ++t, to += to_row, from += from_row) {
    if (turn.cosines == nullptr) {
      for (std::int64_t i = 0; i < width; ++i) to[i] = from[i] * factor;
      continue;
    }
    const float* const cosines = turn.cosines + (first + t) * half;
    const float* const sines = turn.sines + (first + t) * half;
    for (std::int64_t i = 0; i < half; ++i) {
      const float x = from[i] * factor, y = from[half + i] * factor, sine = sines[i] * direction;
      to[i] = x * cosines[i] - y * sine;
      to[half + i] = y * cosines[i] + x * sine;
    }
  }
}

/// to [columns, rows] = from [rows, columns]^T. BLAS is up to a half faster where neither side is transposed.
void transpose(float* to, const float* from, std::int64_t from_row, std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t kTile = 16;  // So many rows of `from` stay in the nearest cache.
  for (std::int64_t first = 0; first < rows; first += kTile)
    for (std::int64_t j = 0; j < columns; ++j)
      for (std::int64_t i = first; i < std::min(rows, first + kTile); ++i)
        to[j * rows + i] = from[i * from_row + j];
}

/// What a block of queries sees: keys [low, high) at all, row r of it [begin[r], end[r]), but for its gap
/// (null: there are none).
struct Range {
  const std::int32_t *begin, *end, *gap_begin, *gap_end;
  std::int64_t low, high;

  struct Stretch {
    std::int64_t from, to;
  };
  /// The keys that row r sees, counted from `low`: one stretch or two; what is left over is empty.
  std::array<Stretch, 2> seen(std::int64_t r) const {
    const std::int64_t from = begin[r] - low, to = end[r] - low;
    if (gap_begin == nullptr) return {Stretch{from, to}, Stretch{to, to}};
    return {Stretch{from, gap_begin[r] - low}, Stretch{gap_end[r] - low, to}};
  }
  /// Zeroes what row r does not see.
  void clear_unseen(std::int64_t r, float* row) const {
    std::fill(row, row + (begin[r] - low), 0.0f);
    if (gap_begin != nullptr) std::fill(row + (gap_begin[r] - low), row + (gap_end[r] - low), 0.0f);
    std::fill(row + (end[r] - low), row + (high - low), 0.0f);
  }
};

/// Scores become probabilities times their row's sum, zero for what a row does not see. Gives the reciprocals
/// of the sums, and log(sum of e^score).
ABLATE_CLONES void softmax_rows(float* scores, std::int64_t row_stride, std::int64_t rows, const Range& range,
                                float* inverse_sums, float* log_sums) {
  for (std::int64_t r = 0; r < rows; ++r, scores += row_stride) {
    float greatest = -std::numeric_limits<float>::infinity(), sum = 0;
    for (const auto [from, to] : range.seen(r))
      if (from < to) greatest = std::max(greatest, max_of(scores + from, to - from));
    for (const auto [from, to] : range.seen(r)) sum += exp_in_place(scores + from, to - from, greatest);
    range.clear_unseen(r, scores);
    inverse_sums[r] = 1 / sum;
    log_sums[r] = greatest + std::log(sum);
  }
}

/// Scores become probabilities, and dprobabilities become dscores = p (dp - sum of dp p), where that sum is
/// dout . out of the row.
ABLATE_CLONES void softmax_rows_backward(float* __restrict scores, float* __restrict dprobabilities,
                                         std::int64_t row_stride, std::int64_t rows, const Range& range,
                                         const float* __restrict log_sums, const float* __restrict out,
                                         std::int64_t out_row, const float* __restrict dout,
                                         std::int64_t width) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float dot = sum_of(width, [=](std::int64_t i) { return out[i] * dout[i]; });
    const float log_sum = log_sums[r];
    for (const auto [from, to] : range.seen(r))
      for (std::int64_t i = from; i < to; ++i) {
        const float p = fast_exp(scores[i] - log_sum);
        scores[i] = p;
        dprobabilities[i] = p * (dprobabilities[i] - dot);
      }
    for (float* const row : {scores, dprobabilities}) range.clear_unseen(r, row);
    scores += row_stride;
    dprobabilities += row_stride;
    out += out_row;
    dout += width;
  }
}

ABLATE_CLONES void scale_rows(float* x, std::int64_t row_stride, std::int64_t rows, std::int64_t width,
                              const float* factors) {
  for (std::int64_t r = 0; r < rows; ++r, x += row_stride)
    for (std::int64_t i = 0; i < width; ++i) x[i] *= factors[r];
}

/// One call's shapes and what does not change from head to head.
struct AttentionCall {
  std::int64_t B, T, H, K, C;
  torch::Tensor begin, end, gap_begin, gap_end, cosines, sines;

  AttentionCall(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads, tensor_list masks)
      : B(qkv.size(0)),
        T(qkv.size(1)),
        H(heads),
        K(kv_heads),
        C(qkv.size(2) / (heads + 2 * kv_heads)),
        begin(masks[0]),
        end(masks[1]),
        gap_begin(masks[2]),
        gap_end(masks[3]),
        cosines(masks[4]),
        sines(masks[5]) {}

  std::int64_t row() const { return (H + 2 * K) * C; }
  float scale() const { return 1 / std::sqrt(static_cast<float>(C)); }
  /// The distance of rows in the buffer of scores; not a power of two, whose rows would share cache sets.
  std::int64_t score_row() const { return (T + 15) / 16 * 16 + 16; }
  Side turn(std::int64_t b) const {
    if (!cosines.defined()) return {};
    const std::int64_t offset = cosines.size(0) == 1 ? 0 : b * T * (C / 2);
    return {cosines.data_ptr<float>() + offset, sines.data_ptr<float>() + offset};
  }
  Range range(std::int64_t b, std::int64_t first, std::int64_t rows) const {
    const std::int64_t offset = (begin.size(0) == 1 ? 0 : b * T) + first;
    const auto at = [&](const torch::Tensor& x) {
      return x.defined() ? x.data_ptr<std::int32_t>() + offset : nullptr;
    };
    const std::int32_t *const from = at(begin), *const to = at(end);
    return {.begin = from,
            .end = to,
            .gap_begin = at(gap_begin),
            .gap_end = at(gap_end),
            .low = *std::min_element(from, from + rows),
            .high = *std::max_element(to, to + rows)};
  }
  /// Calls work(b, key-value head, buffer of so many floats) for each of them, on all threads.
  template <class Work>
  void for_groups(std::int64_t floats, const Work& work) const {
    at::parallel_for(0, B * K, 1, [&](std::int64_t first, std::int64_t last) {
      const torch::Tensor buffer = torch::empty({floats}, torch::kFloat32);
      for (std::int64_t i = first; i < last; ++i) work(i / K, i % K, buffer.data_ptr<float>());
    });
  }
  /// Calls work(head, first query, queries) for the blocks of the query heads of a key-value head.
  template <class Work>
  void for_query_blocks(std::int64_t group, const Work& work) const {
    for (std::int64_t h = group * (H / K); h < (group + 1) * (H / K); ++h)
      for (std::int64_t t = 0; t < T; t += kQueries) work(h, t, std::min(kQueries, T - t));
  }
};

void attention_forward(const AttentionCall& call, const torch::Tensor& qkv, const torch::Tensor& out,
                       const torch::Tensor& log_sums) {
  const std::int64_t T = call.T, H = call.H, C = call.C, row = call.row(), score_row = call.score_row();
  const std::int64_t floats = 3 * T * C + kQueries * (score_row + C + 1);
  call.for_groups(floats, [&](std::int64_t b, std::int64_t group, float* buffer) {
    float *const k = buffer, *const k_transposed = k + T * C, *const v = k_transposed + T * C;
    float *const q = v + T * C, *const scores = q + kQueries * C, *const sums = scores + kQueries * score_row;
    const float* const from = qkv.data_ptr<float>() + b * T * row;
    const Side turn = call.turn(b);
    rotate_rows(k, C, from + (H + group) * C, row, T, C, turn, 0, 1, 1);
    transpose(k_transposed, k, C, T, C);
    rotate_rows(v, C, from + (H + call.K + group) * C, row, T, C, {}, 0, 1, 1);
    call.for_query_blocks(group, [&](std::int64_t h, std::int64_t first, std::int64_t rows) {
      const Range range = call.range(b, first, rows);
      const std::int64_t keys = range.high - range.low;
      rotate_rows(q, C, from + first * row + h * C, row, rows, C, turn, first, 1, call.scale());
      multiply(false, rows, keys, C, q, C, k_transposed + range.low, T, 0, scores, score_row);
      softmax_rows(scores, score_row, rows, range, sums,
                   log_sums.data_ptr<float>() + (b * H + h) * T + first);
      float* const to = out.data_ptr<float>() + (b * T + first) * H * C + h * C;
      multiply(false, rows, C, keys, scores, score_row, v + range.low * C, C, 0, to, H * C);
      scale_rows(to, H * C, rows, C, sums);
    });
  });
}

void attention_backward(const AttentionCall& call, const torch::Tensor& qkv, const torch::Tensor& out,
                        const torch::Tensor& log_sums, const torch::Tensor& dout, const torch::Tensor& dqkv) {
  const std::int64_t T = call.T, H = call.H, C = call.C, row = call.row(), score_row = call.score_row();
  const std::int64_t floats = 5 * T * C + kQueries * (2 * score_row + 3 * C);
  call.for_groups(floats, [&](std::int64_t b, std::int64_t group, float* buffer) {
    float *const k = buffer, *const k_transposed = k + T * C, *const v_transposed = k_transposed + T * C;
    float *const dk = v_transposed + T * C, *const dv = dk + T * C;
    float *const q = dv + T * C, *const dq = q + kQueries * C, *const dblock = dq + kQueries * C;
    float *const scores = dblock + kQueries * C, *const dscores = scores + kQueries * score_row;
    const float* const from = qkv.data_ptr<float>() + b * T * row;
    float* const to = dqkv.data_ptr<float>() + b * T * row;
    const Side turn = call.turn(b);
    rotate_rows(k, C, from + (H + group) * C, row, T, C, turn, 0, 1, 1);
    transpose(k_transposed, k, C, T, C);
    transpose(v_transposed, from + (H + call.K + group) * C, row, T, C);
    std::fill(dk, dk + 2 * T * C, 0.0f);  // dv too.
    call.for_query_blocks(group, [&](std::int64_t h, std::int64_t first, std::int64_t rows) {
      const Range range = call.range(b, first, rows);
      const std::int64_t keys = range.high - range.low, at = (b * T + first) * H * C + h * C;
      rotate_rows(q, C, from + first * row + h * C, row, rows, C, turn, first, 1, call.scale());
      rotate_rows(dblock, C, dout.data_ptr<float>() + at, H * C, rows, C, {}, 0, 1, 1);
      multiply(false, rows, keys, C, q, C, k_transposed + range.low, T, 0, scores, score_row);
      multiply(false, rows, keys, C, dblock, C, v_transposed + range.low, T, 0, dscores, score_row);
      softmax_rows_backward(scores, dscores, score_row, rows, range,
                            log_sums.data_ptr<float>() + (b * H + h) * T + first, out.data_ptr<float>() + at,
                            H * C, dblock, C);
      multiply(true, keys, C, rows, scores, score_row, dblock, C, 1, dv + range.low * C, C);
      multiply(true, keys, C, rows, dscores, score_row, q, C, 1, dk + range.low * C, C);
      multiply(false, rows, C, keys, dscores, score_row, k + range.low * C, C, 0, dq, C);
      rotate_rows(to + first * row + h * C, row, dq, C, rows, C, turn, first, -1, call.scale());
    });
    rotate_rows(to + (H + group) * C, row, dk, C, T, C, turn, 0, -1, 1);
    rotate_rows(to + (H + call.K + group) * C, row, dv, C, T, C, {}, 0, 1, 1);
  });
}

struct AttentionFunction : torch::autograd::Function<AttentionFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& qkv, std::int64_t heads,
                               std::int64_t kv_heads, const Visibility& visibility, const Rotary& rotary) {
    const auto dense = [](const torch::Tensor& x) { return x.defined() ? x.contiguous() : x; };
    const tensor_list masks = {dense(visibility.begin),   dense(visibility.end), dense(visibility.gap_begin),
                               dense(visibility.gap_end), dense(rotary.cosines), dense(rotary.sines)};
    const AttentionCall call(qkv, heads, kv_heads, masks);
    torch::Tensor out = torch::empty({call.B, call.T, call.H * call.C}, qkv.options());
    const torch::Tensor log_sums = torch::empty({call.B, call.H, call.T}, qkv.options());
    attention_forward(call, qkv, out, log_sums);
    tensor_list saved = {qkv, out, log_sums};
    saved.insert(saved.end(), masks.begin(), masks.end());
    context->save_for_backward(std::move(saved));
    context->saved_data["heads"] = heads;
    context->saved_data["kv_heads"] = kv_heads;
    return out;
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const tensor_list saved = context->get_saved_variables();
    const torch::Tensor& qkv = saved[0];
    const AttentionCall call(qkv, context->saved_data["heads"].toInt(),
                             context->saved_data["kv_heads"].toInt(), {saved.begin() + 3, saved.end()});
    torch::Tensor dqkv = torch::empty_like(qkv);
    attention_backward(call, qkv, saved[1], saved[2], gradients[0].contiguous(), dqkv);
    return {dqkv, {}, {}, {}, {}};
  }
};

}  // namespace

torch::Tensor attention(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads,
                        const Visibility& visibility, const Rotary& rotary) {
  return AttentionFunction::apply(qkv.contiguous(), heads, kv_heads, visibility, rotary);
}

}  // namespace ablate::cpu
