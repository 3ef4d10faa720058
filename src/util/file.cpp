#include "util/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "util/error.hpp"

namespace ablate {

namespace {

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what) {
  throw Error(fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)));
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int Fd::release() { return std::exchange(fd_, -1); }

void Fd::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) fail(path, "cannot be opened");
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) fail(path, "cannot be read");
  if (S_ISDIR(info.st_mode)) throw Error(fmt::format("{}: is a folder; expected a file", path.string()));
  if (!S_ISREG(info.st_mode)) throw Error(fmt::format("{}: is not a regular file", path.string()));
  if (static_cast<std::uint64_t>(info.st_size) > max_bytes)
    throw Error(
        fmt::format("{}: is {} bytes long; expected at most {}", path.string(), info.st_size, max_bytes));
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t count = ::read(fd.get(), text.data() + at, text.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path, "cannot be read");
    if (count == 0) break;
    at += static_cast<std::size_t>(count);
  }
  text.resize(at);
  return text;
}

void write_file(const std::filesystem::path& path, std::string_view content, bool durable) {
  const std::filesystem::path temporary = fmt::format("{}.tmp-{}", path.string(), ::getpid());
  Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!fd) fail(path, "cannot be written");
  if (!write_all(fd.get(), content) || (durable && ::fsync(fd.get()) != 0) ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    ::unlink(temporary.c_str());
    errno = reason;
    fail(path, "cannot be written");
  }
  if (durable) {
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const Fd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) fail(folder, "cannot be written to disk");
  }
}

void make_directories(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed) throw Error(fmt::format("{}: folder cannot be made: {}", path.string(), failed.message()));
}

std::optional<FileLock> FileLock::try_take(const std::filesystem::path& path) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!fd) fail(path, "cannot be opened");
  struct flock whole = whole_file();
  if (::fcntl(fd.get(), F_OFD_SETLK, &whole) == 0) return FileLock(std::move(fd));
  if (errno != EAGAIN && errno != EACCES) fail(path, "cannot be locked");
  return std::nullopt;
}

bool FileLock::is_held(const std::filesystem::path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct flock whole = whole_file();
  return fd && ::fcntl(fd.get(), F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

void FileLock::write_owner(std::string_view text) {
  if (::ftruncate(fd_.get(), 0) != 0 || ::lseek(fd_.get(), 0, SEEK_SET) != 0 || !write_all(fd_.get(), text))
    throw Error(fmt::format("lock file cannot be written: {}", std::strerror(errno)));
}

}  // namespace ablate
