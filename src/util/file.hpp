// Files that are whole or absent: atomic writes, bounded reads, advisory locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ablate {

/// A file descriptor that closes itself. -1: none.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release();
  void reset();

 private:
  int fd_ = -1;
};

/// A regular file open for reading, and its size when it was opened.
struct OpenFile {
  Fd fd;
  std::uint64_t size = 0;
};
/// Throws Error when it cannot be opened or is no regular file; never waits for a pipe.
OpenFile open_file(const std::filesystem::path& path);

/// The whole file. Throws Error when it cannot be read, is no regular file or is larger than `max_bytes`.
std::string read_file(const std::filesystem::path& path, std::size_t max_bytes);

/// A file written in pieces to `path.tmp-PID` and then renamed, so that readers see the old file or the new
/// one, never a half. Without commit() it disappears. All throw Error; the old file is then untouched.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(std::string_view piece);
  /// `durable` also waits for the disk (fsync of file and folder).
  void commit(bool durable);

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;  ///< Empty when it was renamed.
  Fd fd_;
};

/// An AtomicFile of one piece.
void write_file(const std::filesystem::path& path, std::string_view content, bool durable = false);

/// The file that a path means: absolute, without "." and "..", links followed, whether or not there is
/// anything at their ends. Two paths that mean one file give the same.
std::filesystem::path real_path(const std::filesystem::path& path);

/// The file that a path written in a file of `folder` means, where the operating system finds it: ".." after
/// a linked folder leaves the folder that the link leads to. Without "." and ".."; links stay where they can.
std::filesystem::path resolve_path(const std::filesystem::path& folder, const std::filesystem::path& path);

/// Creates a folder and its parents. Throws Error naming what stands in the way.
void make_directories(const std::filesystem::path& path);

/// Gives a folder whose files are on the disk its final name, and waits for the disk. Throws Error.
void rename_folder(const std::filesystem::path& from, const std::filesystem::path& to);

/// Holds an exclusive lock on a file for as long as it lives: an open-file-description lock (fcntl(2),
/// F_OFD_SETLK). It belongs to the open file, so a child process that inherits the descriptor goes on holding
/// it after its parent has died.
class FileLock {
 public:
  /// Takes the lock at once, or returns nothing when another process holds it. Throws Error when the file
  /// cannot be made.
  static std::optional<FileLock> try_take(const std::filesystem::path& path);
  /// Whether some process holds the lock. A file that does not exist is not held.
  static bool is_held(const std::filesystem::path& path);

  int fd() const { return fd_.get(); }
  /// Replaces the file's text: who holds it, for the message of the next one who asks.
  void write_owner(std::string_view text);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace ablate
