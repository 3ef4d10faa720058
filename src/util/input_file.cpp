#include "util/input_file.hpp"

#include <sys/stat.h>
#include <time.h>

#include "util/hash.hpp"

namespace ablate {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kSettledNs = 2 * kNsPerSecond;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * kNsPerSecond + time.tv_nsec;
}

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return nanoseconds(now);
}

}  // namespace

std::optional<FileState> find_file_state(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return FileState{info.st_size, nanoseconds(info.st_mtim), nanoseconds(info.st_ctim),
                   static_cast<std::int64_t>(info.st_ino)};
}

FileContent read_content(const std::filesystem::path& path) {
  const auto before = find_file_state(path);
  if (!before) return {};
  const bool settled = now_ns() - before->ctime_ns > kSettledNs;
  FileContent content{hash_file(path).hex(), before->size, {}};
  if (settled && find_file_state(path) == before) content.state = *before;
  return content;
}

std::string InputContent::hash() const {
  if (files.size() == 1 && !names_count && format.empty()) return files.front().content.hash;
  std::string text;
  if (!format.empty()) text.append(format).append(1, '\0');
  for (const File& file : files)
    if (names_count)
      text.append(file.name).append(1, '\0').append(file.content.hash).append(1, '\n');
    else
      text += file.content.hash;
  return hash128(text).hex();
}

}  // namespace ablate
