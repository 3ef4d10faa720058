// Safetensors files: named tensors in one file, as Hugging Face's tools read and write them.
//
// Eight bytes: length of the header, little-endian; the header, a JSON object {name: {"dtype", "shape",
// "data_offsets": [begin, end]}, "__metadata__": {text: text}}; then the tensors' bytes, row-major and
// little-endian, at offsets counted from the end of the header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ablate {

/// A tensor in a file.
struct StoredTensor {
  std::string name;
  std::string dtype;  ///< "F32", "BF16", "F16", "F64", "I64", "I32", "I16", "I8", "U8", "BOOL".
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  ///< Of a file: valid while it is open, and not always aligned.

  std::int64_t count() const;  ///< Elements.
};

/// An open file, mapped into memory. Untrusted: the header is bounded, every offset and size is checked.
class SafetensorsFile {
 public:
  /// `path`: a file, a folder with model.safetensors, or an index "*.safetensors.index.json" with the shards
  /// that its "weight_map" names (beside it, not elsewhere); what a shard holds beyond that is left out.
  /// Throws Error naming the file and what is wrong.
  explicit SafetensorsFile(const std::filesystem::path& path);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept;

  const std::vector<StoredTensor>& tensors() const;       ///< Sorted by name.
  const StoredTensor* find(std::string_view name) const;  ///< Null when there is none.
  const std::map<std::string, std::string>& metadata() const;

 private:
  struct Mapping;
  std::unique_ptr<Mapping> mapping_;
};

/// The files that SafetensorsFile opens for `path`, an index first. Throws Error when that cannot be told.
std::vector<std::filesystem::path> safetensors_files(const std::filesystem::path& path);

/// Writes tensors (their `bytes` must match dtype and shape) to a temporary name and renames it; waits for
/// the disk. Data begin at a multiple of 8 bytes and every tensor is aligned. The same input gives the same
/// bytes. Throws Error.
void write_safetensors(const std::filesystem::path& path, std::vector<StoredTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace ablate
