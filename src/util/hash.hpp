// 128-bit content hashes: XXH3, written as 32 hexadecimal digits.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace ablate {

/// A hash value. Not cryptographic: it tells configurations apart, it does not keep secrets.
struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::string hex() const;  ///< 32 lower-case hexadecimal digits.
  bool operator==(const Hash128&) const = default;
};

Hash128 hash128(std::string_view bytes);

/// Hash of a file's content. Throws Error when it cannot be read.
Hash128 hash_file(const std::filesystem::path& path);

}  // namespace ablate

template <>
struct std::hash<ablate::Hash128> {
  std::size_t operator()(const ablate::Hash128& value) const noexcept { return value.low; }
};
