#include "data/folder.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "data/problem.hpp"

namespace ablate {

namespace {

namespace fs = std::filesystem;

class FolderWalk {
 public:
  void enter(const fs::path& path, const std::string& name) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) fail(path, std::strerror(errno));
    const std::pair id(info.st_dev, info.st_ino);
    if (std::find(entered_.begin(), entered_.end(), id) != entered_.end()) {
      found_.loops.push_back(name);
      return;
    }
    entered_.push_back(id);
    std::error_code failed;
    for (auto entry = fs::directory_iterator(path, failed); !failed && entry != fs::end(entry);
         entry.increment(failed)) {
      const std::string leaf = entry->path().filename().string();
      if (!leaf.starts_with('.')) look_at(*entry, name.empty() ? leaf : name + "/" + leaf);
    }
    if (failed) fail(path, failed.message());
    entered_.pop_back();
  }

  Folder finish() {
    const auto by_name = [](const FolderFile& a, const FolderFile& b) { return a.name < b.name; };
    std::sort(found_.files.begin(), found_.files.end(), by_name);
    std::sort(found_.dangling.begin(), found_.dangling.end(), by_name);
    std::sort(found_.loops.begin(), found_.loops.end());
    return std::move(found_);
  }

 private:
  [[noreturn]] static void fail(const fs::path& path, const std::string& why) {
    throw DataError(fmt::format("{}: cannot be read: {}", path.string(), why));
  }

  void look_at(const fs::directory_entry& entry, const std::string& name) {
    std::error_code ignored;  // a file that vanished, or that nobody may look at, is no shard
    const bool is_link = entry.is_symlink(ignored);
    const fs::file_type type = entry.status(ignored).type();
    found_.has_links = found_.has_links || is_link;
    if (type == fs::file_type::directory)
      enter(entry.path(), name);
    else if (type == fs::file_type::regular)
      found_.files.push_back({entry.path(), name});
    else if (is_link && (type == fs::file_type::not_found || type == fs::file_type::none ||
                         type == fs::file_type::unknown))
      found_.dangling.push_back({entry.path(), name});
  }

  std::vector<std::pair<dev_t, ino_t>> entered_;  ///< The folders around the one that is looked at.
  Folder found_;
};

}  // namespace

Folder list_folder(const fs::path& path) {
  FolderWalk walk;
  walk.enter(path, "");
  return walk.finish();
}

}  // namespace ablate
