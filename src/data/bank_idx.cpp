// IDX, the format of MNIST and Fashion-MNIST: a magic number, sizes, bytes; usually packed with gzip.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "data/bank_builder.hpp"
#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::string_view kImagesTail = "-images-idx3-ubyte", kLabelsTail = "-labels-idx1-ubyte";
constexpr std::uint32_t kImagesMagic = 0x803, kLabelsMagic = 0x801;  ///< Unsigned bytes in 3 or 1 dimensions.
constexpr std::int64_t kMaxIdxItems = 10'000'000, kMaxIdxSide = 1024;
constexpr std::size_t kMaxNamesBytes = 1 << 20;

const std::vector<std::string>& fashion_names() {
  static const std::vector<std::string> kNames = {"T-shirt", "trouser", "pullover", "dress", "coat",
                                                  "sandal",  "shirt",   "sneaker",  "bag",   "ankle boot"};
  return kNames;
}

/// A file of declared size, packed or not: never more is unpacked than asked for.
class IdxFile {
 public:
  explicit IdxFile(const std::filesystem::path& path) : path_(path) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) fail("no regular file");
    file_ = gzopen(path.c_str(), "rb");
    if (!file_) fail("cannot be opened");
  }
  ~IdxFile() { gzclose(file_); }
  IdxFile(const IdxFile&) = delete;
  IdxFile& operator=(const IdxFile&) = delete;

  void read(void* to, std::size_t size) {
    const int got = gzread(file_, to, static_cast<unsigned>(size));
    if (got == static_cast<int>(size)) return;
    check_error();
    fail("ends too early");
  }
  std::uint32_t read_number() {
    char bytes[4];
    read(bytes, sizeof bytes);
    return read_big_endian({bytes, sizeof bytes}, 0);
  }
  void read_magic(std::uint32_t expected) {
    const std::uint32_t magic = read_number();
    if (magic != expected)
      fail(fmt::format("begins with 0x{:08x}; expected 0x{:08x}, an IDX file of {}", magic, expected,
                       expected == kImagesMagic ? "pictures" : "labels"));
  }
  std::int64_t read_size(const char* what, std::int64_t low, std::int64_t high) {
    const std::int64_t size = read_number();
    if (size < low || size > high)
      fail(fmt::format("says {} {}; expected {} to {}", with_commas(size), what, low, with_commas(high)));
    return size;
  }
  /// Also checks the checksum, which stands after the last byte.
  void expect_end() {
    char byte;
    const int got = gzread(file_, &byte, 1);
    if (got < 0) check_error();
    if (got != 0) fail("goes on after the size that it says");
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(fmt::format("{}: {}", path_.string(), what));
  }

 private:
  void check_error() const {
    int code = Z_OK;
    const char* message = gzerror(file_, &code);
    if (code != Z_OK && code != Z_BUF_ERROR) fail(fmt::format("cannot be unpacked: {}", message));
  }

  std::filesystem::path path_;
  gzFile file_ = nullptr;
};

std::vector<std::string> read_names(const std::filesystem::path& path) {
  std::vector<std::string> names;
  try {
    names = split(read_file(path, kMaxNamesBytes), '\n');
  } catch (const Error& error) {
    throw DataError(error.what());
  }
  for (std::string& name : names)
    while (!name.empty() && (name.back() == '\r' || name.back() == ' ')) name.pop_back();
  while (!names.empty() && names.back().empty()) names.pop_back();
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i].empty() || names[i].size() > kMaxLabelBytes || printable(names[i], kWhole) != names[i])
      throw DataError(fmt::format("{}:{}: expected the name of label {}, of at most {} bytes", path.string(),
                                  i + 1, i, kMaxLabelBytes));
  return names;
}

std::vector<std::uint8_t> read_labels(const std::filesystem::path& path) {
  IdxFile file(path);
  file.read_magic(kLabelsMagic);
  std::vector<std::uint8_t> labels(static_cast<std::size_t>(file.read_size("labels", 1, kMaxIdxItems)));
  file.read(labels.data(), labels.size());
  file.expect_end();
  return labels;
}

}  // namespace

std::optional<IdxFiles> find_idx_files(const std::filesystem::path& images) {
  std::string name = images.filename().string();
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  if (!name.ends_with(kImagesTail)) return std::nullopt;
  name = name.substr(0, name.size() - kImagesTail.size()).append(kLabelsTail);
  IdxFiles files{images, {}, {}};
  const std::filesystem::path folder = images.parent_path();
  std::error_code error;
  for (const char* ending : {"", ".gz"})
    if (files.labels.empty() && std::filesystem::exists(folder / (name + ending), error))
      files.labels = folder / (name + ending);
  if (files.labels.empty())
    throw DataError(
        fmt::format("{}: no labels beside it; expected {} or {}.gz", images.string(), name, name));
  if (std::filesystem::exists(folder / "labels.txt", error)) files.names = folder / "labels.txt";
  return files;
}

void read_idx(const IdxFiles& files, BankBuilder& builder) {
  const std::vector<std::string> names = files.names ? read_names(*files.names) : fashion_names();
  const std::vector<std::uint8_t> labels = read_labels(files.labels);
  IdxFile file(files.images);
  file.read_magic(kImagesMagic);
  const std::int64_t count = file.read_size("pictures", 1, kMaxIdxItems);
  if (count != static_cast<std::int64_t>(labels.size()))
    file.fail(fmt::format("says {} pictures, but {} has {} labels", with_commas(count), files.labels.string(),
                          with_commas(static_cast<std::int64_t>(labels.size()))));
  const std::int64_t height = file.read_size("rows", 1, kMaxIdxSide);
  const std::int64_t width = file.read_size("columns", 1, kMaxIdxSide);
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width * height));
  for (const std::uint8_t label : labels) {
    file.read(pixels.data(), pixels.size());
    if (label >= names.size())
      file.fail(
          fmt::format("holds the label {}, which has no name; expected at most {}, or a file labels.txt "
                      "beside it with a name a line",
                      label, names.size() - 1));
    if (!builder.wants(names[label])) continue;
    if (auto item = cut_out_grey(pixels, width, height)) builder.add(names[label], std::move(*item));
  }
  file.expect_end();
}

}  // namespace ablate
