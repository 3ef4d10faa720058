#include "util/hash.hpp"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <vector>

#include "util/error.hpp"

namespace ablate {

namespace {

struct Stream {
  Stream() : state(XXH3_createState()) { XXH3_128bits_reset(state); }
  ~Stream() { XXH3_freeState(state); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  void add(std::string_view bytes) { XXH3_128bits_update(state, bytes.data(), bytes.size()); }
  Hash128 digest() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(state);
    return {hash.high64, hash.low64};
  }
  XXH3_state_t* state;
};

void add_file(Stream& stream, const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> buffer(1 << 20);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0)
    stream.add({buffer.data(), static_cast<std::size_t>(file.gcount())});
  if (!file.eof()) throw Error(fmt::format("{}: cannot be read", path.string()));
}

}  // namespace

std::string Hash128::hex() const {
  std::string text(32, '0');
  for (std::size_t i = 0; i < 16; ++i) {
    const auto shift = 60 - 4 * i;
    text[i] = "0123456789abcdef"[high >> shift & 15];
    text[16 + i] = "0123456789abcdef"[low >> shift & 15];
  }
  return text;
}

Hash128 hash128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

Hash128 hash_path(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  Stream stream;
  std::error_code failed;
  if (!fs::is_directory(path, failed)) {
    add_file(stream, path);
    return stream.digest();
  }
  std::vector<std::string> names;
  for (auto entry = fs::recursive_directory_iterator(path, failed); !failed && entry != fs::end(entry);
       entry.increment(failed))
    if (entry->is_regular_file() && !entry->is_symlink())
      names.push_back(fs::relative(*entry, path).string());
  if (failed) throw Error(fmt::format("{}: {}", path.string(), failed.message()));
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    // The size and a zero byte keep "ab" + "c" and "a" + "bc" apart.
    stream.add(fmt::format("{}{}{}{}", name, '\0', fs::file_size(path / name), '\0'));
    add_file(stream, path / name);
  }
  return stream.digest();
}

}  // namespace ablate
