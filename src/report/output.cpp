#include "report/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "util/error.hpp"

namespace ablate {

namespace {

/// 0, or the errno that stopped it.
int write_whole(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : EIO;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

void write_out(std::string_view text) {
  const int failed = write_whole(STDOUT_FILENO, text);
  if (failed == EPIPE) throw BrokenPipe{};
  if (failed != 0) throw Error(fmt::format("standard output cannot be written: {}", std::strerror(failed)));
}

void try_write_out(std::string_view text) noexcept { write_whole(STDOUT_FILENO, text); }

void write_err(std::string_view text) noexcept { write_whole(STDERR_FILENO, text); }

OutputFile::OutputFile(std::filesystem::path path)
    : path_(std::move(path)), temporary_(fmt::format("{}.tmp-{}", path_.string(), ::getpid())) {
  fd_ = Fd(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!fd_) throw Error(fmt::format("{}: cannot be written: {}", path_.string(), std::strerror(errno)));
}

OutputFile::~OutputFile() {
  if (fd_) ::unlink(temporary_.c_str());
}

void OutputFile::write(std::string_view text) {
  if (const int failed = write_whole(fd_.get(), text))
    throw Error(fmt::format("{}: cannot be written: {}", path_.string(), std::strerror(failed)));
}

void OutputFile::commit() {
  if (::rename(temporary_.c_str(), path_.c_str()) != 0)
    throw Error(fmt::format("{}: cannot be written: {}", path_.string(), std::strerror(errno)));
  fd_.reset();
}

}  // namespace ablate
