// Content hashes of data files, remembered by what stat(2) tells of them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/database.hpp"
#include "util/input_file.hpp"

namespace ablate {

/// A file of so many bytes is read in no time.
constexpr std::int64_t kSmallFile = 1 << 24;

class FileHashes {
 public:
  /// `database` may be null: then files are remembered for as long as this lives. With `only_small` no large
  /// file is read: one that is not remembered is like no other.
  explicit FileHashes(Database* database, bool only_small = false)
      : database_(database), only_small_(only_small) {}

  /// kAbsent when there is no regular file. Throws Error when it cannot be read.
  FileContent get(const std::filesystem::path& path);
  /// What `read` returns for the file at `path`, which depends on its content alone; kept with that under
  /// `version`. No name has a zero byte.
  std::vector<std::string> get_names(const std::filesystem::path& path, int version,
                                     const std::function<std::vector<std::string>()>& read);
  /// The content of all files of a source.
  InputContent get_all(const InputFiles& list);

  /// Writes into the database what get() and get_names() have read and that it does not have.
  void remember();

 private:
  struct Names {
    std::string hash;
    int version;
    std::string text;
  };
  std::optional<FileContent> find_remembered(const std::string& path, const FileState& state) const;

  Database* database_;
  bool only_small_;
  std::unordered_map<std::string, FileContent> read_;            ///< By absolute path.
  std::vector<std::pair<std::string, FileContent>> new_hashes_;  ///< Path, absolute, and content.
  std::vector<Names> new_names_;
};

}  // namespace ablate
