// A bank of labelled pictures, from which scenes are composed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/image.hpp"

namespace ablate {

/// One picture, cut out: what is transparent (or, in IDX files, black) shows the background of the scene.
struct BankItem {
  std::int64_t label = 0;  ///< Index into Bank::labels.
  std::int64_t width = 0, height = 0;
  std::vector<std::uint8_t> pixels;  ///< [height, width, 4]: RGB and opacity.
};

struct Bank {
  std::vector<std::string> labels;  ///< "ankle boot"; sorted, each once.
  std::vector<BankItem> items;
  std::vector<std::vector<std::int64_t>> by_label;  ///< Items of each label.
};

/// Most memory that a bank's pixels may take.
constexpr std::int64_t kMaxBankBytes = std::int64_t{512} << 20;
/// Longest side that an item is kept at: larger pictures are shrunk.
constexpr std::int64_t kMaxItemSide = 96;

/// Reads IDX files (`*-images-idx3-ubyte[.gz]`, with the labels beside them; a folder of them;
/// Fashion-MNIST's ten names for labels 0..9 unless a file labels.txt beside them has one name a line) and
/// WebDataset shards (label = the JSON key `label`, else the caption). Pictures that cannot be read are left
/// out. At most `limit` items of each label (0: all), the first ones. Throws DataError when a file cannot be
/// read, is damaged, or fewer than two labels are found.
std::shared_ptr<const Bank> load_bank(const std::vector<std::filesystem::path>& sources, std::int64_t limit);

/// The files that load_bank would read, in that order: for identity.
std::vector<std::filesystem::path> bank_files(const std::vector<std::filesystem::path>& sources);

}  // namespace ablate
