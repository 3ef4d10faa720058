// Which tokens go to which experts of a mixture, and in which order they stand there: index tables by which
// tokens are gathered expert by expert, and the experts' answers brought back.
//
// Shape letters: B sequences, T positions, N = B T, k choices, E experts, C capacity, M rows.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace ablate {

/// Rows of tokens sorted by expert. A choice is a token and one of its k experts, numbered token * k + its
/// rank.
struct TokenDispatch {
  torch::Tensor choices;  ///< [M] int64: the choice that stands in each row; 0 in empty ones.
  torch::Tensor filled;   ///< [M] fp32: 1, or 0 in empty rows.
  torch::Tensor rows;     ///< [N, k] int64: the row of each choice; 0 for those that are not kept.
  torch::Tensor kept;     ///< [N, k] fp32: 1, or 0 for choices of padding and of experts that are full.
  std::vector<std::int64_t> ends;  ///< Of each expert: one past its last row.
};

/// Each sequence is a group of its own, in which an expert takes `capacity` tokens (0: all that choose it):
/// first come the first choices in the order of positions, then the second ones, and so on (Lepikhin et al.
/// 2021, algorithm 1). Padding chooses nobody.
///
/// experts [B, T, k] int64, without repetition within a token; padding [B, T] bool, undefined: there is none.
/// Reads the indices on the host; there are as many rows as kept choices, or an empty one where there are
/// none.
TokenDispatch sort_by_expert(const torch::Tensor& experts, const torch::Tensor& padding,
                             std::int64_t num_experts, std::int64_t capacity);
/// The same choices in tables whose shapes depend on B, T, E and C alone, without a look from the host: E B C
/// rows, some of them empty. `capacity` > 0.
TokenDispatch seat_by_expert(const torch::Tensor& experts, const torch::Tensor& padding,
                             std::int64_t num_experts, std::int64_t capacity);

/// Row by row the token that stands there: x [N, D] -> [M, D]. Empty rows hold any token.
torch::Tensor gather_tokens(const torch::Tensor& x, const TokenDispatch& dispatch);
/// Sum over the choices of each token of gate * row: rows [M, D], gates [N, k] (0 for choices that are not
/// kept) -> [N, D].
torch::Tensor combine_rows(const torch::Tensor& rows, const torch::Tensor& gates,
                           const TokenDispatch& dispatch);

/// x W_e^T with the matrix of the expert that a row belongs to: x [M, I], weight [E, O, I] -> [M, O]. One
/// product for each expert, or a batch of products where all have as many rows.
torch::Tensor grouped_linear(const torch::Tensor& x, const torch::Tensor& weight,
                             const std::vector<std::int64_t>& ends);

}  // namespace ablate
