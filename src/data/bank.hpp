// A bank of labelled pictures, from which scenes are composed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/image.hpp"

namespace ablate {

/// One thing, cut out along its edges: where it is transparent, the background of the scene shows.
struct BankItem {
  std::int64_t label = 0;  ///< Index into Bank::labels.
  std::int64_t width = 0, height = 0;
  std::int64_t channels = 4;  ///< 4: RGB, multiplied by the opacity, and the opacity; 1: the opacity alone.
  std::vector<std::uint8_t> pixels;  ///< [height, width, channels]
};

struct Bank {
  std::vector<std::string> labels;  ///< "ankle boot"; sorted, each once, and each with an item.
  std::vector<BankItem> items;
  std::vector<std::vector<std::int64_t>> by_label;  ///< Items of each label.
};

/// Most memory that a bank's pixels may take.
constexpr std::int64_t kMaxBankBytes = std::int64_t{512} << 20;
/// Longest side that an item is kept at: larger pictures are shrunk.
constexpr std::int64_t kMaxItemSide = 96;

/// Reads files, or all in a folder that it knows:
/// - `*-images-idx3-ubyte[.gz]` with `*-labels-idx1-ubyte[.gz]` beside it: grey is the opacity. Labels 0..9
///   have the ten names of Fashion-MNIST, unless labels.txt beside them holds one name a line.
/// - WebDataset shards (.tar) of captioned pictures: the label is the caption up to its first punctuation,
///   without an article: "hand saw" of "A hand saw. Tags: tool"; more than four words are no label. A
///   picture without transparency loses what is white around it.
///
/// Pictures that cannot be read or that show nothing are left out. At most `limit` items of each label (0:
/// all), the first ones. Throws DataError when a file cannot be read or is damaged, or fewer than two labels
/// are found.
std::shared_ptr<const Bank> load_bank(const std::vector<std::filesystem::path>& sources, std::int64_t limit);

/// The files that load_bank would read, in that order: for identity. Throws DataError for a source that is
/// not there.
std::vector<std::filesystem::path> bank_files(const std::vector<std::filesystem::path>& sources);

}  // namespace ablate
