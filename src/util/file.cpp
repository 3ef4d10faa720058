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

OpenFile open_file(const std::filesystem::path& path) {
  OpenFile file{Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK))};
  if (!file.fd) fail(path, "cannot be opened");
  struct stat info {};
  if (::fstat(file.fd.get(), &info) != 0) fail(path, "cannot be read");
  if (S_ISDIR(info.st_mode)) throw Error(fmt::format("{}: is a folder; expected a file", path.string()));
  if (!S_ISREG(info.st_mode)) throw Error(fmt::format("{}: is not a regular file", path.string()));
  file.size = static_cast<std::uint64_t>(info.st_size);
  return file;
}

std::string read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const OpenFile file = open_file(path);
  if (file.size > max_bytes)
    throw Error(
        fmt::format("{}: is {} bytes long; expected at most {}", path.string(), file.size, max_bytes));
  std::string text(static_cast<std::size_t>(file.size), '\0');
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t count = ::read(file.fd.get(), text.data() + at, text.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path, "cannot be read");
    if (count == 0) break;
    at += static_cast<std::size_t>(count);
  }
  text.resize(at);
  return text;
}

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)),
      temporary_(fmt::format("{}.tmp-{}", path_.string(), ::getpid())),
      fd_(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (!fd_) fail(path_, "cannot be written");
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view piece) {
  if (!write_all(fd_.get(), piece)) fail(path_, "cannot be written");
}

void AtomicFile::commit(bool durable) {
  if ((durable && ::fsync(fd_.get()) != 0) || ::rename(temporary_.c_str(), path_.c_str()) != 0)
    fail(path_, "cannot be written");
  temporary_.clear();
  if (durable) {
    const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
    const Fd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) fail(folder, "cannot be written to disk");
  }
}

void write_file(const std::filesystem::path& path, std::string_view content, bool durable) {
  AtomicFile file(path);
  file.write(content);
  file.commit(durable);
}

std::filesystem::path real_path(const std::filesystem::path& path) {
  std::error_code failed;
  const std::filesystem::path absolute = std::filesystem::absolute(path);
  std::filesystem::path real = std::filesystem::weakly_canonical(absolute, failed);
  // A link to what does not exist yet is followed, too: that is where a file would be made.
  constexpr int kMostLinks = 40;  // As in the kernel: links may go round in circles.
  for (int links = 0; !failed && links < kMostLinks; ++links) {
    const std::filesystem::path target = std::filesystem::read_symlink(real, failed);
    if (failed) return real;  // It is no link.
    real = std::filesystem::weakly_canonical(real.parent_path() / target, failed);
  }
  return failed ? absolute.lexically_normal()
                : real;  // A folder that may not be searched, a circle of links.
}

std::filesystem::path resolve_path(const std::filesystem::path& folder, const std::filesystem::path& path) {
  const std::filesystem::path joined = std::filesystem::absolute(folder / path);
  const std::filesystem::path normal = joined.lexically_normal(), real = real_path(joined);
  return real_path(normal) == real ? normal : real;
}

void make_directories(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed) throw Error(fmt::format("{}: folder cannot be made: {}", path.string(), failed.message()));
}

void rename_folder(const std::filesystem::path& from, const std::filesystem::path& to) {
  const auto sync = [](const std::filesystem::path& folder) {
    const Fd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) fail(folder, "cannot be written to disk");
  };
  sync(from);
  if (::rename(from.c_str(), to.c_str()) != 0) fail(to, "cannot be written");
  sync(to.has_parent_path() ? to.parent_path() : ".");
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
