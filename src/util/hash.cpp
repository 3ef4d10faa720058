#include "util/hash.hpp"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "util/error.hpp"
#include "util/file.hpp"

namespace ablate {

namespace {

struct Stream {
  Stream() : state(XXH3_createState()) { XXH3_128bits_reset(state); }
  ~Stream() { XXH3_freeState(state); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  XXH3_state_t* state;
};

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

Hash128 hash_file(const std::filesystem::path& path) {
  const OpenFile file = open_file(path);
  const Stream stream;
  std::vector<char> buffer(std::clamp<std::uint64_t>(file.size + 1, 1, 1 << 20));
  for (;;) {
    const ssize_t count = ::read(file.fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
    if (count == 0) break;
    XXH3_128bits_update(stream.state, buffer.data(), static_cast<std::size_t>(count));
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(stream.state);
  return {hash.high64, hash.low64};
}

}  // namespace ablate
