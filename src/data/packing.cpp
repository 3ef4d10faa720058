#include "data/packing.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace ablate {

std::vector<std::vector<std::size_t>> pack(std::span<const PackedSize> documents,
                                           const PackedSize& sequence) {
  std::vector<std::size_t> order(documents.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto rank = [&](std::size_t i) {
    return documents[i].tokens * 4 <= sequence.tokens ? 0 : documents[i].tokens;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return rank(a) > rank(b); });
  std::int64_t shortest = sequence.tokens;
  for (const PackedSize& document : documents) shortest = std::min(shortest, document.tokens);

  struct Room {
    PackedSize left;
    std::size_t sequence = 0;
  };
  std::vector<Room> open;  // Sequences that still have room for the shortest document.
  std::vector<std::vector<std::size_t>> sequences;
  for (const std::size_t index : order) {
    const PackedSize& size = documents[index];
    if (size.tokens > sequence.tokens || size.images > sequence.images)
      throw std::logic_error("a document does not fit a sequence");
    auto best = open.end();
    for (auto room = open.begin(); room != open.end(); ++room)
      if (size.tokens <= room->left.tokens && size.images <= room->left.images &&
          (best == open.end() || room->left.tokens < best->left.tokens))
        best = room;
    if (best == open.end()) {
      open.push_back({sequence, sequences.size()});
      sequences.emplace_back();
      best = std::prev(open.end());
    }
    best->left.tokens -= size.tokens;
    best->left.images -= size.images;
    sequences[best->sequence].push_back(index);
    if (best->left.tokens < shortest) open.erase(best);
  }
  return sequences;
}

}  // namespace ablate
