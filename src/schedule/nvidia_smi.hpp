// What nvidia-smi says of this machine's cards, and which of them CUDA would see.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ablate {

struct Card {
  std::int64_t index = 0;   ///< As nvidia-smi counts: in the order of the PCI bus.
  std::string uuid;         ///< "GPU-5d5ba0d6-...".
  double memory_bytes = 0;  ///< 0: not told.
  std::string name;         ///< "NVIDIA H200"
};

/// Of `nvidia-smi --query-gpu=index,uuid,memory.total,name --format=csv,noheader,nounits`. Lines of another
/// form, which tell of errors, are passed over, and so are cards that say that they do not work.
std::vector<Card> parse_cards(std::string_view listing);

struct VisibleCards {
  std::vector<Card> cards;
  std::string slice;  ///< Or one slice of a card (MIG), by its uuid: CUDA takes no second one.
};

/// What is left of `cards` under this value of CUDA_VISIBLE_DEVICES, in its order. As in CUDA, an entry is a
/// number or the beginning of one card's uuid, the list ends at the first entry that is neither (-1, for
/// instance), and a list that names a card twice leaves none.
VisibleCards visible_cards(const std::vector<Card>& cards, std::string_view variable);

}  // namespace ablate
