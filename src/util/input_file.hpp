// The files that a source is read from, what tells that one of them has changed, and the hash of their
// content.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ablate {

/// A file that a source is read from.
struct InputFile {
  std::string name;  ///< As messages show it, and the same from one listing to the next.
  std::filesystem::path path;
  bool is_picture = false;  ///< The records of the lines before it name it; it need not be there.
};

/// All of them, in the order in which they are read.
struct InputFiles {
  std::vector<InputFile> files;
  bool names_count = false;  ///< Shards of a folder: one that is renamed may be read in another order.
  /// How the bytes are read, where neither they nor a name that counts tell it: "text". Else empty.
  std::string format = {};
  std::vector<std::filesystem::path> missing;  ///< What the source names and cannot be read without.
  std::vector<std::string> notes;              ///< What people should know of a listing, a sentence each.
};

/// What stat(2) tells of a regular file: another content has another state. Links are followed.
struct FileState {
  std::int64_t size = 0;                    ///< Bytes.
  std::int64_t mtime_ns = 0, ctime_ns = 0;  ///< Since 1970.
  std::int64_t inode = 0;
  bool operator==(const FileState&) const = default;
  /// All zero is no file's state.
  bool is_known() const { return inode != 0; }
};
/// Nothing when there is no regular file.
std::optional<FileState> find_file_state(const std::filesystem::path& path);

/// The hash of a picture that is not there.
constexpr const char* kAbsent = "--------------------------------";

/// Content and state of a file.
struct FileContent {
  std::string hash = kAbsent;  ///< 32 hexadecimal digits, or kAbsent.
  std::int64_t bytes = 0;      ///< Its size.
  /// That under which it was read. All zero, which no file's is, when it changed while it was read or less
  /// than two seconds before: it may change again within the same tick of the file system's clock.
  FileState state;
};
/// Reads all of a file; kAbsent when there is no regular file. Throws Error when it cannot be read.
FileContent read_content(const std::filesystem::path& path);

/// What a source held.
struct InputContent {
  struct File {
    std::string name;
    bool is_picture = false;
    FileContent content;
  };
  std::vector<File> files;
  bool names_count = false;
  std::string format = {};  ///< As in InputFiles.

  /// The identity of all of it. That of a single file whose name does not count is the hash of its bytes,
  /// unless it has a format.
  std::string hash() const;
};

}  // namespace ablate
