// Packed sequences as tensors: what a decoder is trained on.
//
// Shape letters: B sequences, T positions, N views of pictures, R pixels on a side, k visual tokens of a
// view, M targets.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>

#include "data/mixture.hpp"
#include "model/visibility.hpp"

namespace ablate {

/// On one device, or on the host before it is copied there.
struct SequenceBatch {
  torch::Tensor tokens;            ///< [B, T] int64
  torch::Tensor positions;         ///< [B, T] int32, from 0 in each document
  torch::Tensor padding;           ///< [B, T] bool: positions of no document
  Visibility visibility;           ///< Attention stays within a document.
  torch::Tensor pixels;            ///< [N, R, R, 3] uint8
  torch::Tensor visual_positions;  ///< [N k] int64: places of visual tokens among the B T positions
  torch::Tensor target_positions;  ///< [M] int64: positions whose successor is to be predicted
  torch::Tensor targets;           ///< [M] int64: those successors
  torch::Tensor target_weights;    ///< [M] fp32: 1, or 0 where an entry only fills up
  torch::Tensor target_roles;      ///< [M] int64: DataRole of the sequence, as a number
};

/// Targets of a sequence.
std::int64_t count_targets(const Sequence& sequence);
/// Views of a sequence's pictures: what goes through the encoder.
std::int64_t count_views(const Sequence& sequence);

/// Documents of a batch, stretches of padding among them.
std::int64_t count_documents(const SequenceBatch& batch);
/// The same batch in a shape that depends on B, T and `documents` alone, for a recorded step: an entry for
/// each position (those without a target weigh nothing), attention by intervals, room for so many documents.
/// Without pictures.
SequenceBatch to_fixed_shape(const SequenceBatch& batch, std::int64_t documents);
/// Overwrites the tensors of `target` with those of a batch of the same shapes.
void copy_batch(const SequenceBatch& batch, SequenceBatch& target);

/// On the host, for copy_to_device(). `resolution`: R, also where there are no pictures. Throws Error for a
/// token that is not below `vocab_size`, naming it: the tokenizer and the model do not belong together.
SequenceBatch make_sequence_batch(std::span<const Sequence> sequences, std::int64_t resolution,
                                  std::int64_t vocab_size, torch::Device device);
SequenceBatch copy_to_device(const SequenceBatch& batch, torch::Device device);

}  // namespace ablate
