#include "util/safetensors.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <limits>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "util/error.hpp"
#include "util/file.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

static_assert(std::endian::native == std::endian::little,
              "the files are little-endian, and so are the tensors");

constexpr std::uint64_t kMaxHeader = 100'000'000;  // That of the reference implementation.
constexpr std::uint64_t kLengthBytes = 8;
constexpr std::string_view kIndexEnding = ".safetensors.index.json";
constexpr const char* kMetadata = "__metadata__";

constexpr std::pair<std::string_view, std::int64_t> kDtypeBytes[] = {
    {"F32", 4}, {"BF16", 2}, {"F16", 2}, {"F64", 8}, {"I64", 8},
    {"I32", 4}, {"I16", 2},  {"I8", 1},  {"U8", 1},  {"BOOL", 1}};

/// Text of an untrusted file, fit for a message: names of tensors are long.
std::string shown(std::string_view text, std::size_t most = 100) { return printable(text, most); }

std::int64_t dtype_bytes(const std::string& where, std::string_view dtype) {
  for (const auto& [name, bytes] : kDtypeBytes)
    if (name == dtype) return bytes;
  std::vector<std::string> names;
  for (const auto& [name, bytes] : kDtypeBytes) names.emplace_back(name);
  throw Error(fmt::format("{}: unknown dtype '{}'{}", where, shown(dtype), suggestion(dtype, names)));
}

/// Bytes of a tensor. Counts a 0 as 1 for the bound, so that strides of an empty tensor fit too.
std::uint64_t tensor_bytes(const std::string& where, const StoredTensor& tensor) {
  std::int64_t bound = dtype_bytes(where, tensor.dtype);
  bool empty = false;
  for (const std::int64_t size : tensor.shape) {
    if (size < 0) throw Error(fmt::format("{}: shape has {}; expected sizes from 0", where, size));
    empty = empty || size == 0;
    if (__builtin_mul_overflow(bound, std::max<std::int64_t>(size, 1), &bound))
      throw Error(fmt::format("{}: shape [{}] has more bytes than 64 bits count", where,
                              fmt::join(tensor.shape, ", ")));
  }
  return empty ? 0 : static_cast<std::uint64_t>(bound);
}

/// JSON of an untrusted file: no name twice in one object (nlohmann would keep the last), at most three
/// levels.
Json parse_strictly(const std::string& where, std::string_view text) {
  constexpr int kMaxDepth = 3;  // The header, a tensor, its shape.
  std::vector<std::set<std::string>> names;
  const auto check = [&](int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if ((event == Event::object_start || event == Event::array_start) && depth >= kMaxDepth)
      throw Error(
          fmt::format("{}: JSON is nested deeper than the {} levels that are expected", where, kMaxDepth));
    if (event == Event::object_start) names.emplace_back();
    if (event == Event::object_end) names.pop_back();
    if (event == Event::key && !names.back().insert(parsed.get_ref<const std::string&>()).second)
      throw Error(fmt::format("{}: '{}' is there twice", where, shown(parsed.get_ref<const std::string&>())));
    return true;
  };
  // A header begins with its brace: nlohmann would pass over spaces and a byte order mark.
  if (!text.starts_with('{')) throw Error(fmt::format("{}: expected a JSON object, '{{' first", where));
  try {
    return Json::parse(text, check);
  } catch (const Json::exception& error) {
    throw Error(fmt::format("{}: not valid JSON: {}", where, shown(error.what(), 300)));
  }
}

const Json& member(const std::string& where, const Json& object, const char* name, Json::value_t type) {
  const auto found = object.find(name);
  if (found == object.end()) throw Error(fmt::format("{}: has no \"{}\"", where, name));
  if (found->type() != type)
    throw Error(fmt::format("{}: \"{}\" is a JSON {}; expected {}", where, name, found->type_name(),
                            Json(type).type_name()));
  return *found;
}

std::vector<std::int64_t> whole_numbers(const std::string& where, const Json& list, const char* name) {
  constexpr std::size_t kMost = 64;  // PyTorch's limit on dimensions; and messages stay short.
  if (list.size() > kMost)
    throw Error(
        fmt::format("{}: \"{}\" has {} numbers; expected at most {}", where, name, list.size(), kMost));
  std::vector<std::int64_t> numbers;
  for (const Json& number : list) {
    // What is larger than 64 bits was read as a floating-point number.
    if (!number.is_number_unsigned() ||
        number.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())
      throw Error(fmt::format("{}: \"{}\" has {}; expected whole numbers from 0 that fit into 64 bits", where,
                              name, shown(number.dump(-1, ' ', false, Json::error_handler_t::replace))));
    numbers.push_back(number.get<std::int64_t>());
  }
  return numbers;
}

/// Tensors, sorted by name as JSON objects are, and metadata of one file; the tensors' bytes point into
/// `bytes`.
struct Content {
  std::vector<StoredTensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// The header's text: all bounds are checked here but those of the tensors.
std::string_view header_text(const std::string& where, std::span<const std::byte> bytes) {
  if (bytes.size() < kLengthBytes)
    throw Error(fmt::format("{}: is {} bytes long; expected the header's length, {} bytes: {} are missing",
                            where, bytes.size(), kLengthBytes, kLengthBytes - bytes.size()));
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > kMaxHeader)
    throw Error(
        fmt::format("{}: its header would be {} bytes long; expected at most {}: no safetensors file?", where,
                    length, kMaxHeader));
  if (length > bytes.size() - kLengthBytes)
    throw Error(fmt::format("{}: is {} bytes long; expected {} for its header: {} are missing", where,
                            bytes.size(), kLengthBytes + length, kLengthBytes + length - bytes.size()));
  return {reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, length};
}

struct Extent {
  std::uint64_t begin, end;
  std::size_t tensor;
};

/// The tensors must fill the data, without holes and without overlap.
void check_extents(const std::string& where, const Content& content, std::vector<Extent> extents,
                   std::uint64_t have, std::uint64_t data_start) {
  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t filled = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != filled)
      throw Error(fmt::format("{}: tensor '{}' begins at {}; expected {}: the data {}", where,
                              shown(content.tensors[extent.tensor].name), extent.begin, filled,
                              extent.begin < filled ? "overlap" : "have a hole"));
    filled = extent.end;
  }
  if (filled > have)
    throw Error(fmt::format("{}: is {} bytes long; expected {} for its tensors: {} are missing", where,
                            data_start + have, data_start + filled, filled - have));
  if (filled < have)
    throw Error(fmt::format("{}: is {} bytes long; expected {} for its tensors: {} are too many", where,
                            data_start + have, data_start + filled, have - filled));
}

Content read_content(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  const std::string where = path.string();
  const std::string_view text = header_text(where, bytes);
  const Json header = parse_strictly(where + ": header", text);
  const std::uint64_t data_start = kLengthBytes + text.size();
  Content content;
  std::vector<Extent> extents;
  for (const auto& [name, value] : header.items()) {
    const std::string at = fmt::format("{}: '{}'", where, shown(name));
    if (!value.is_object())
      throw Error(fmt::format("{}: is a JSON {}; expected an object", at, value.type_name()));
    if (name == kMetadata) {
      for (const auto& [key, entry] : value.items()) {
        if (!entry.is_string())
          throw Error(
              fmt::format("{}: \"{}\" is a JSON {}; expected text", at, shown(key), entry.type_name()));
        content.metadata.emplace(key, entry.get<std::string>());
      }
      continue;
    }
    StoredTensor tensor;
    tensor.name = name;
    tensor.dtype = member(at, value, "dtype", Json::value_t::string).get<std::string>();
    tensor.shape = whole_numbers(at, member(at, value, "shape", Json::value_t::array), "shape");
    const auto offsets =
        whole_numbers(at, member(at, value, "data_offsets", Json::value_t::array), "data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1])
      throw Error(
          fmt::format("{}: \"data_offsets\" are [{}]; expected [begin, end]", at, fmt::join(offsets, ", ")));
    const std::uint64_t size = static_cast<std::uint64_t>(offsets[1] - offsets[0]);
    const std::uint64_t expected = tensor_bytes(at, tensor);
    if (size != expected)
      throw Error(fmt::format("{}: has {} bytes; expected {} for {} [{}]", at, size, expected, tensor.dtype,
                              fmt::join(tensor.shape, ", ")));
    const Extent extent{static_cast<std::uint64_t>(offsets[0]), static_cast<std::uint64_t>(offsets[1]),
                        content.tensors.size()};
    extents.push_back(extent);
    content.tensors.push_back(std::move(tensor));
  }
  const auto data = bytes.subspan(data_start);
  check_extents(where, content, extents, data.size(), data_start);
  for (const Extent& extent : extents)
    content.tensors[extent.tensor].bytes = data.subspan(extent.begin, extent.end - extent.begin);
  return content;
}

/// Shard to the names of its tensors.
std::map<std::string, std::set<std::string>> read_index(const std::filesystem::path& path) {
  const std::string where = path.string();
  const Json index = parse_strictly(where, read_file(path, kMaxHeader));
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [tensor, shard] : member(where, index, "weight_map", Json::value_t::object).items()) {
    const std::string at = fmt::format("{}: '{}'", where, shown(tensor));
    if (!shard.is_string())
      throw Error(fmt::format("{}: is a JSON {}; expected the name of a file", at, shard.type_name()));
    const auto name = shard.get<std::string>();
    if (name.empty() || name == "." || name == ".." ||
        name.find_first_of(std::string_view("/\0", 2)) != name.npos)
      throw Error(
          fmt::format("{}: is in '{}'; expected the plain name of a file beside the index", at, shown(name)));
    shards[name].insert(tensor);
  }
  return shards;
}

/// The file or index that `path` stands for.
std::filesystem::path resolve(const std::filesystem::path& path) {
  std::error_code ignored;  // What cannot be looked at fails when it is opened.
  if (!std::filesystem::is_directory(path, ignored)) return path;
  for (const char* name : {"model.safetensors", "model.safetensors.index.json"})
    if (std::filesystem::exists(path / name, ignored)) return path / name;
  throw Error(
      fmt::format("{}: has neither model.safetensors nor model.safetensors.index.json", path.string()));
}

const StoredTensor* find_tensor(const std::vector<StoredTensor>& sorted, std::string_view name) {
  const auto found = std::ranges::lower_bound(sorted, name, {}, &StoredTensor::name);
  return found != sorted.end() && found->name == name ? &*found : nullptr;
}

}  // namespace

std::int64_t StoredTensor::count() const {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) product *= size;
  return product;
}

struct SafetensorsFile::Mapping {
  /// A file in memory. Reading beyond the end of one that another program has shortened meanwhile raises
  /// SIGBUS: files that are renamed into place, as ours are, never shrink.
  class Map {
   public:
    explicit Map(const std::filesystem::path& path) {
      const OpenFile file = open_file(path);
      size_ = file.size;
      if (size_ == 0) return;
      void* const data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.fd.get(), 0);
      if (data == MAP_FAILED)
        throw Error(fmt::format("{}: cannot be mapped: {}", path.string(), std::strerror(errno)));
      data_ = static_cast<const std::byte*>(data);
    }
    Map(Map&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Map& operator=(Map&&) = delete;
    ~Map() {
      if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
    }
    std::span<const std::byte> bytes() const { return {data_, size_}; }

   private:
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
  };

  std::vector<Map> maps;
  std::vector<StoredTensor> tensors;
  std::map<std::string, std::string> metadata;

  Content read(const std::filesystem::path& path) {
    maps.emplace_back(path);
    return read_content(path, maps.back().bytes());
  }
  void read_shards(const std::filesystem::path& index);
};

void SafetensorsFile::Mapping::read_shards(const std::filesystem::path& index) {
  const auto shards = read_index(index);
  std::vector<std::string> missing;
  std::error_code ignored;
  for (const auto& [shard, names] : shards)
    if (!std::filesystem::exists(index.parent_path() / shard, ignored)) missing.push_back(shown(shard));
  if (!missing.empty())
    throw Error(fmt::format("{}: {} of {} shards are missing beside it: {}", index.string(), missing.size(),
                            shards.size(), join(missing, ", ")));
  for (const auto& [shard, names] : shards) {
    const auto path = index.parent_path() / shard;
    Content content = read(path);
    for (const std::string& name : names) {
      const StoredTensor* tensor = find_tensor(content.tensors, name);
      if (!tensor)
        throw Error(fmt::format("{}: has no tensor '{}'; {} says that it does", path.string(), shown(name),
                                index.filename().string()));
      tensors.push_back(*tensor);
    }
    metadata.merge(content.metadata);
  }
  std::ranges::sort(tensors, {}, &StoredTensor::name);
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : mapping_(std::make_unique<Mapping>()) {
  const auto file = resolve(path);
  if (file.string().ends_with(kIndexEnding)) {
    mapping_->read_shards(file);
    return;
  }
  Content content = mapping_->read(file);
  mapping_->tensors = std::move(content.tensors);
  mapping_->metadata = std::move(content.metadata);
}

std::vector<std::filesystem::path> safetensors_files(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> files = {resolve(path)};
  if (files.front().string().ends_with(kIndexEnding))
    for (const auto& [shard, names] : read_index(files.front()))
      files.push_back(files.front().parent_path() / shard);
  return files;
}

SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;

const std::vector<StoredTensor>& SafetensorsFile::tensors() const { return mapping_->tensors; }

const StoredTensor* SafetensorsFile::find(std::string_view name) const {
  return find_tensor(mapping_->tensors, name);
}

const std::map<std::string, std::string>& SafetensorsFile::metadata() const { return mapping_->metadata; }

void write_safetensors(const std::filesystem::path& path, std::vector<StoredTensor> tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::string where = path.string();
  const auto at = [&](const StoredTensor& tensor) {
    return fmt::format("{}: '{}'", where, shown(tensor.name));
  };
  for (const StoredTensor& tensor : tensors)
    if (const auto expected = tensor_bytes(at(tensor), tensor); tensor.bytes.size() != expected)
      throw Error(fmt::format("{}: has {} bytes; expected {} for {} [{}]", at(tensor), tensor.bytes.size(),
                              expected, tensor.dtype, fmt::join(tensor.shape, ", ")));
  // The reference implementation's order: the widest numbers first, so that every tensor is aligned.
  std::ranges::sort(tensors, {}, [&](const StoredTensor& tensor) {
    return std::pair(-dtype_bytes(where, tensor.dtype), std::string_view(tensor.name));
  });
  Json header = Json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  std::uint64_t end = 0;
  for (const StoredTensor& tensor : tensors) {
    if (tensor.name == kMetadata || header.contains(tensor.name))
      throw Error(fmt::format("{}: the name is taken", at(tensor)));
    const std::uint64_t begin = end;
    end += tensor.bytes.size();
    header[tensor.name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::exception& error) {
    throw Error(fmt::format("{}: a name or the metadata are no UTF-8: {}", where, shown(error.what())));
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();
  if (length > kMaxHeader)
    throw Error(fmt::format("{}: its header has {} bytes; expected at most {}", where, length, kMaxHeader));

  AtomicFile file(path);
  file.write({reinterpret_cast<const char*>(&length), sizeof length});
  file.write(text);
  for (const StoredTensor& tensor : tensors)
    file.write({reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()});
  file.commit(/*durable=*/true);
}

}  // namespace ablate
