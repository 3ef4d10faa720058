#include "store/data_hash.hpp"

#include "store/query.hpp"
#include "util/hash.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

std::string absolute_text(const std::filesystem::path& path) {
  if (path.is_absolute()) return path.string();
  return std::filesystem::absolute(path).lexically_normal().string();
}

}  // namespace

std::optional<FileContent> FileHashes::find_remembered(const std::string& path,
                                                       const FileState& state) const {
  if (!database_) return std::nullopt;
  Query query(*database_, "SELECT hash, size, mtime_ns, ctime_ns, inode FROM data_hash WHERE path = ?", path);
  if (!query.step()) return std::nullopt;
  const FileState then{query.integer(1), query.integer(2), query.integer(3), query.integer(4)};
  if (then != state) return std::nullopt;
  return FileContent{query.text(0), then.size, then};
}

FileContent FileHashes::get(const std::filesystem::path& path) {
  const auto state = find_file_state(path);
  if (!state) return {};
  const std::string key = absolute_text(path);
  if (const auto found = read_.find(key); found != read_.end() && found->second.state == *state)
    return found->second;
  if (auto remembered = find_remembered(key, *state)) return *std::move(remembered);
  if (only_small_ && state->size > kSmallFile) return {hash128("never read: " + key).hex(), state->size, {}};
  FileContent content = read_content(path);
  if (content.state.is_known()) new_hashes_.emplace_back(key, content);
  return read_[key] = content;
}

std::vector<std::string> FileHashes::get_names(const std::filesystem::path& path, int version,
                                               const std::function<std::vector<std::string>()>& read) {
  const FileContent content = get(path);
  const std::string& hash = content.hash;
  if (database_) {
    Query query(*database_, "SELECT names FROM data_names WHERE hash = ? AND version = ?", hash, version);
    if (query.step()) return query.view(0).empty() ? std::vector<std::string>() : split(query.view(0), '\0');
  }
  if (only_small_ && content.bytes > kSmallFile) return {};
  const std::vector<std::string> names = read();
  new_names_.push_back({hash, version, join(names, std::string_view("\0", 1))});
  return names;
}

InputContent FileHashes::get_all(const InputFiles& list) {
  InputContent content{{}, list.names_count, list.format};
  content.files.reserve(list.files.size());
  for (const InputFile& file : list.files)
    content.files.push_back({file.name, file.is_picture, get(file.path)});
  return content;
}

void FileHashes::remember() {
  if (!database_ || (new_hashes_.empty() && new_names_.empty())) return;
  WriteTransaction transaction(*database_);
  {
    Query query(*database_,
                "INSERT OR REPLACE INTO data_hash (path, size, mtime_ns, ctime_ns, inode, hash)"
                " VALUES (?, ?, ?, ?, ?, ?)");
    for (const auto& [path, content] : new_hashes_) {
      const FileState& state = content.state;
      query.bind(path, state.size, state.mtime_ns, state.ctime_ns, state.inode, content.hash).run();
    }
  }
  for (const Names& names : new_names_)
    Query(*database_, "INSERT OR REPLACE INTO data_names (hash, version, names) VALUES (?, ?, ?)", names.hash,
          names.version, names.text)
        .run();
  transaction.commit();
  new_hashes_.clear();
  new_names_.clear();
}

}  // namespace ablate
