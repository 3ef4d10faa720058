// How a bank is put together. Private to this module.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/bank.hpp"
#include "data/image_formats.hpp"

namespace ablate {

/// Longest label, in bytes.
constexpr std::size_t kMaxLabelBytes = 60;

/// Takes items under their labels' names, within the bank's limits.
class BankBuilder {
 public:
  explicit BankBuilder(std::int64_t limit) : limit_(limit) {}
  /// Whether another item of this label is wanted.
  bool wants(const std::string& label) const;
  /// Throws DataError when the bank would become too large.
  void add(const std::string& label, BankItem item);
  Bank finish();

 private:
  struct Labelled {
    std::string label;
    BankItem item;
  };
  std::int64_t limit_, bytes_ = 0;
  std::vector<Labelled> items_;
  std::map<std::string, std::int64_t> counts_;
};

/// The files of one IDX set.
struct IdxFiles {
  std::filesystem::path images, labels;
  std::optional<std::filesystem::path> names;  ///< labels.txt
};
/// Nothing when `images` is not called as IDX pictures are. Throws DataError when its labels are not there.
std::optional<IdxFiles> find_idx_files(const std::filesystem::path& images);
/// Throws DataError.
void read_idx(const IdxFiles& files, BankBuilder& builder);

/// An item of at most kMaxItemSide without empty margins; nothing when it shows nothing. `pixels` is [height,
/// width]: the opacity.
std::optional<BankItem> cut_out_grey(std::vector<std::uint8_t> pixels, std::int64_t width,
                                     std::int64_t height);
/// `has_alpha` false: what is white around the thing is taken away first.
std::optional<BankItem> cut_out(RgbaImage image, bool has_alpha);

}  // namespace ablate
