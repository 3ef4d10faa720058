// Who sees whom in attention: for each position one interval of positions.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace ablate {

/// Position t of row b sees positions begin[b, t] <= s < end[b, t], never none; but for those of its gap,
/// where there are gaps. Every mask of this project is of this form: everything, causal, a visible prefix,
/// packed documents, several continuations of one beginning.
struct Visibility {
  enum class Kind { full, causal, intervals };
  Kind kind = Kind::full;
  torch::Tensor begin, end;  ///< [B, T] int32, on the model's device; B may be 1 for all rows alike.
  /// Likewise: positions gap_begin <= s < gap_end, all within begin and end, are not seen. Undefined: no
  /// gaps.
  torch::Tensor gap_begin, gap_end;
  /// [B, 1, T, T]. Bool, true: sees; or what is added to the scores, 0 or -infinity. For kind intervals,
  /// where with_added_mask() has made it.
  torch::Tensor mask;
  /// Where the documents lie among the B T positions of all rows, one after the other: the first position of
  /// each, then B T, and that once more for each document that is not there. [documents + 1] int32, on the
  /// model's device. Only where that is all there is to see: of see_documents() without branches. A stretch
  /// of padding counts as one document, since nothing reads what its positions see.
  torch::Tensor borders;
  std::int64_t longest = 0;  ///< Positions of the longest document, or more.
};

/// The same on `device`.
Visibility copy_to_device(const Visibility& visibility, torch::Device device);

/// The mask [B, 1, T, T], made anew where the visibility does not have it.
torch::Tensor dense_mask(const Visibility& visibility);

/// With the mask in the form that is added, in the number format of the scores: made once for all layers,
/// each of which would make it of a bool one and keep it. As it is unless the kind is intervals.
Visibility with_added_mask(const Visibility& visibility, torch::ScalarType type);

/// The same in the form of intervals, with a row for each of `rows`.
Visibility as_intervals(const Visibility& visibility, std::int64_t rows);
/// The same with room for so many documents, each of up to all T positions: of fixed shape. Throws
/// std::logic_error where there are more.
Visibility with_room_for_documents(const Visibility& visibility, std::int64_t documents);
Visibility see_all(std::int64_t tokens, torch::Device device);
Visibility see_causal(std::int64_t tokens, torch::Device device);
/// s < prefix[b] or s <= t. prefix [B] int64 (AIM's prefix attention, El-Nouby et al. 2024, section 3.2).
Visibility see_prefix(const torch::Tensor& prefix, std::int64_t tokens);
/// s <= t within t's document. documents [B, T] int32, rising within a row; padding, -1, sees itself alone.
/// On the CPU; the result is on `device`.
///
/// `branches`, where it is defined, divides documents into a trunk and what may follow it: [B, T] int32, 0 in
/// the trunk, then 1, 2, ... for the branches after it. A branch sees the trunk and itself, no other branch.
Visibility see_documents(const torch::Tensor& documents, torch::Device device,
                         const torch::Tensor& branches = {});

}  // namespace ablate
