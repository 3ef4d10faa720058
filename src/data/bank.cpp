#include "data/bank.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "data/bank_builder.hpp"
#include "data/shard.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kListedAtOnce = 1000;
/// Of a caption that is a name; longer ones are sentences about the picture.
constexpr std::ptrdiff_t kMaxLabelWords = 4;
constexpr const char* kBankKinds =
    "IDX files (*-images-idx3-ubyte[.gz]), a folder of them, or WebDataset shards (.tar)";

bool is_tar(const std::filesystem::path& path) { return path.extension() == ".tar"; }

/// IDX pictures and shards, in the order of the sources; those of a folder by name.
std::vector<std::filesystem::path> picture_files(const std::vector<std::filesystem::path>& sources) {
  std::vector<std::filesystem::path> files;
  for (const auto& source : sources) {
    std::error_code error;
    if (!std::filesystem::is_directory(source, error)) {
      if (!std::filesystem::exists(source, error))
        throw DataError(fmt::format("{}: no such file or folder; expected {}", source.string(), kBankKinds));
      if (!is_tar(source) && !find_idx_files(source))
        throw DataError(fmt::format("{}: expected {}", source.string(), kBankKinds));
      files.push_back(source);
      continue;
    }
    std::vector<std::filesystem::path> found;
    std::filesystem::directory_iterator entries(source, error), end;
    for (; !error && entries != end; entries.increment(error))
      if (is_tar(entries->path()) || find_idx_files(entries->path())) found.push_back(entries->path());
    if (error) throw DataError(fmt::format("{}: {}", source.string(), error.message()));
    std::sort(found.begin(), found.end());
    for (const auto& path : found) {
      // A file that stands there packed and unpacked counts once.
      const bool is_double =
          path.extension() == ".gz" &&
          std::binary_search(found.begin(), found.end(), std::filesystem::path(path).replace_extension());
      if (!is_double) files.push_back(path);
    }
    if (found.empty())
      throw DataError(fmt::format("{}: nothing in it; expected {}", source.string(), kBankKinds));
  }
  return files;
}

/// "hand saw" of "A hand saw. Tags: tool"; empty when the caption begins with no short name.
std::string label_of(std::string_view caption) {
  std::string_view label = caption.substr(0, caption.find_first_of(".,:;!?()\n"));
  for (const std::string_view article : {"a ", "an ", "the ", "some ", "A ", "An ", "The ", "Some "}) {
    if (!label.starts_with(article)) continue;
    label.remove_prefix(article.size());
    break;
  }
  while (label.starts_with(' ')) label.remove_prefix(1);
  while (label.ends_with(' ')) label.remove_suffix(1);
  const bool is_sentence = std::count(label.begin(), label.end(), ' ') >= kMaxLabelWords;
  return is_sentence || label.size() > kMaxLabelBytes || printable(label, kWhole) != label
             ? ""
             : std::string(label);
}

void add_document(const Document& document, BankBuilder& builder) {
  const Picture* picture = nullptr;
  std::string label;
  for (const Segment& segment : document.segments) {
    if (segment.picture)
      picture = segment.picture.get();
    else if (label.empty())
      label = label_of(segment.text);
  }
  const auto* bytes = picture ? std::get_if<std::string>(picture) : nullptr;
  if (!bytes || label.empty() || !builder.wants(label)) return;
  bool has_alpha = false;
  RgbaImage image = decode_rgba(*bytes, kMaxItemSide, has_alpha);
  if (auto item = cut_out(std::move(image), has_alpha)) builder.add(label, std::move(*item));
}

void read_tar_bank(const std::filesystem::path& path, BankBuilder& builder) {
  const auto shard = open_tar_shard({path, path.filename().string(), DataRole::captions});
  Listing listing;
  do {
    listing = shard->list(listing.next, kListedAtOnce);
    for (const Entry& entry : listing.entries) {
      try {
        add_document(shard->read(entry), builder);
      } catch (const BrokenDocument&) {
        // Left out, as the header says: a bank lives on the pictures that it has.
      }
    }
  } while (!listing.end);
}

}  // namespace

bool BankBuilder::wants(const std::string& label) const {
  const auto found = counts_.find(label);
  return limit_ == 0 || found == counts_.end() || found->second < limit_;
}

void BankBuilder::add(const std::string& label, BankItem item) {
  bytes_ += static_cast<std::int64_t>(item.pixels.size());
  if (bytes_ > kMaxBankBytes)
    throw DataError(fmt::format("a bank of more than {} of pictures; expected a smaller bank_limit",
                                human_bytes(static_cast<double>(kMaxBankBytes))));
  ++counts_[label];
  items_.push_back({label, std::move(item)});
}

Bank BankBuilder::finish() {
  Bank bank;
  std::map<std::string, std::int64_t> indices;
  for (const auto& [label, count] : counts_) {
    indices[label] = static_cast<std::int64_t>(bank.labels.size());
    bank.labels.push_back(label);
  }
  bank.by_label.resize(bank.labels.size());
  for (Labelled& labelled : items_) {
    labelled.item.label = indices[labelled.label];
    bank.by_label[static_cast<std::size_t>(labelled.item.label)].push_back(
        static_cast<std::int64_t>(bank.items.size()));
    bank.items.push_back(std::move(labelled.item));
  }
  return bank;
}

std::shared_ptr<const Bank> load_bank(const std::vector<std::filesystem::path>& sources, std::int64_t limit) {
  BankBuilder builder(limit);
  for (const auto& file : picture_files(sources)) {
    if (const auto idx = find_idx_files(file))
      read_idx(*idx, builder);
    else
      read_tar_bank(file, builder);
  }
  auto bank = std::make_shared<const Bank>(builder.finish());
  if (bank->labels.size() < 2)
    throw DataError(fmt::format("{}: pictures of {} labels; expected at least 2",
                                sources.empty() ? "no bank" : sources.front().string(), bank->labels.size()));
  return bank;
}

std::vector<std::filesystem::path> bank_files(const std::vector<std::filesystem::path>& sources) {
  std::vector<std::filesystem::path> files;
  for (const auto& file : picture_files(sources)) {
    files.push_back(file);
    if (const auto idx = find_idx_files(file)) {
      files.push_back(idx->labels);
      if (idx->names) files.push_back(*idx->names);
    }
  }
  return files;
}

}  // namespace ablate
