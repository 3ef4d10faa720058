#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "data/shard.hpp"
#include "util/file.hpp"

namespace ablate {

namespace {

namespace fs = std::filesystem;

std::string show_name(const std::string& name) { return printable(name, kShownName); }

}  // namespace

std::string read_range(int fd, std::int64_t offset, std::int64_t size, const fs::path& path) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t count =
        ::pread(fd, bytes.data() + at, bytes.size() - at, offset + static_cast<std::int64_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      throw DataError(fmt::format("{}: cannot be read at byte {}: {}", path.string(),
                                  offset + static_cast<std::int64_t>(at), std::strerror(errno)));
    if (count == 0)
      throw DataError(fmt::format("{}: ends at byte {}; expected {} bytes from byte {} (has it changed?)",
                                  path.string(), offset + static_cast<std::int64_t>(at), size, offset));
    at += static_cast<std::size_t>(count);
  }
  return bytes;
}

void check_picture_name(const std::string& name) {
  const auto fail = [&](std::string_view what) {
    fail_document(ProblemKind::path, fmt::format("picture '{}' {}", show_name(name), what));
  };
  if (const auto scheme = name.find("://"); scheme != name.npos && scheme <= 8)
    fail_document(ProblemKind::missing_image,
                  fmt::format("picture '{}' is a URL; expected a file: download pictures first, and name the "
                              "files",
                              show_name(name)));
  if (name.empty()) fail("has no name");
  if (name.find('\0') != name.npos) fail("has a zero byte in its name");
  const fs::path path(name);
  if (path.is_absolute()) fail("is an absolute path; expected one relative to the file that names it");
  if (std::find(path.begin(), path.end(), "..") != path.end())
    fail("has '..' in its path; expected one that stays in the folder of the file that names it");
}

std::string read_picture_file(const fs::path& beside, const std::string& name) {
  check_picture_name(name);
  const auto fail = [&](ProblemKind kind, std::string_view what) {
    fail_document(kind, fmt::format("picture '{}' {}", show_name(name), what));
  };
  const fs::path path = beside.parent_path() / name;
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0)
    fail(ProblemKind::missing_image, fmt::format("cannot be read: {}", std::strerror(errno)));
  if (!S_ISREG(info.st_mode)) fail(ProblemKind::missing_image, "is no regular file");
  if (info.st_size > kMaxDocumentBytes)
    fail(ProblemKind::too_large,
         fmt::format("has {} bytes; expected at most {}", info.st_size, kMaxDocumentBytes));
  try {
    return read_range(fd.get(), 0, info.st_size, path);
  } catch (const DataError& error) {
    fail_document(ProblemKind::missing_image, error.what());
  }
}

}  // namespace ablate
