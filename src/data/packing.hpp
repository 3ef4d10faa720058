// Packing: documents of different lengths side by side in sequences of one length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ablate {

struct PackedSize {
  std::int64_t tokens = 0, images = 0;
};

/// Indices of the documents of each sequence. Best fit, longest first (Johnson 1974): each document goes
/// where the least room is left after it. Documents of at most a quarter of a sequence come last, in their
/// own order: they fill gaps just as well, and no sequence collects all documents of one length. Every
/// document must fit a sequence of its own.
std::vector<std::vector<std::size_t>> pack(std::span<const PackedSize> documents, const PackedSize& sequence);

}  // namespace ablate
