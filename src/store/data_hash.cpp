#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <filesystem>

#include "store/query.hpp"
#include "store/sweeps.hpp"

namespace ablate {

namespace {

namespace fs = std::filesystem;

/// A file that changed so lately may change again within the same tick of the file system's clock: it is not
/// remembered.
constexpr std::int64_t kSettledNs = 2'000'000'000;

struct FileState {
  std::int64_t size = 0, mtime_ns = 0;
  bool operator==(const FileState&) const = default;
};

std::optional<FileState> find_file_state(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return FileState{info.st_size, std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec};
}

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Hashes files through the table data_hash, and writes down at the end what was new.
class FileHashes {
 public:
  explicit FileHashes(Database& database) : database_(database) {}

  std::string get(const fs::path& path) {
    const auto before = find_file_state(path);
    if (!before) throw Error(fmt::format("{}: cannot be read; expected a regular file", path.string()));
    {
      Query query(database_, "SELECT hash FROM data_hash WHERE path = ? AND size = ? AND mtime_ns = ?",
                  path.string(), before->size, before->mtime_ns);
      if (query.step()) return query.text(0);
    }
    std::string hash = hash_path(path).hex();
    if (find_file_state(path) == before && now_ns() - before->mtime_ns > kSettledNs)
      found_.push_back({path.string(), *before, hash});
    return hash;
  }

  void remember() {
    if (found_.empty()) return;
    WriteTransaction transaction(database_);
    Query query(database_,
                "INSERT OR REPLACE INTO data_hash (path, size, mtime_ns, hash) VALUES (?, ?, ?, ?)");
    for (const Found& file : found_)
      query.bind(file.path, file.state.size, file.state.mtime_ns, file.hash).run();
    transaction.commit();
  }

 private:
  struct Found {
    std::string path;
    FileState state;
    std::string hash;
  };
  Database& database_;
  std::vector<Found> found_;
};

/// Of the sorted relative paths and the content hashes of a folder's regular files, as hash_path has it: no
/// links.
std::string hash_folder(FileHashes& files, const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (auto entry = fs::recursive_directory_iterator(folder, failed); !failed && entry != fs::end(entry);
       entry.increment(failed))
    if (!entry->is_symlink() && entry->is_regular_file())
      names.push_back(entry->path().lexically_relative(folder).string());
  if (failed) throw Error(fmt::format("{}: {}", folder.string(), failed.message()));
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += name + '\0' + files.get(folder / name) + '\n';
  return hash128(text).hex();
}

}  // namespace

std::string fingerprint(Database& database, const std::string& path, bool remember) {
  std::error_code failed;
  const fs::path absolute = fs::canonical(path, failed);
  if (failed == std::errc::no_such_file_or_directory || failed == std::errc::not_a_directory) return "";
  if (failed) throw Error(fmt::format("{}: cannot be read: {}", path, failed.message()));
  FileHashes files(database);
  const std::string hash = fs::is_directory(absolute) ? hash_folder(files, absolute) : files.get(absolute);
  if (remember) files.remember();
  return hash;
}

}  // namespace ablate
