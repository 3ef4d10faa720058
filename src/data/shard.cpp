#include "data/shard.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "data/folder.hpp"

namespace ablate {

namespace {

namespace fs = std::filesystem;

/// Lower case, with the dot; of ".tar.gz" the last part.
std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return extension;
}

bool is_one_of(const std::string& text, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

using OpenShard = std::unique_ptr<Shard> (*)(const ShardFile& file);

/// What a file must be to be taken when its folder is named.
enum class InFolders { always, for_text, never };

struct ShardKind {
  std::string_view extension;
  OpenShard open;
  InFolders in_folders;
  std::string_view untold_format = {};  ///< Empty: bytes of this kind make no document of another.
};

/// Files beside a data set are often .txt or .md, and a scenes file is a recipe as much as data.
constexpr ShardKind kShardTable[] = {{".tar", open_tar_shard, InFolders::always},
                                     {".jsonl", open_lines_shard, InFolders::always},
                                     {".ndjson", open_lines_shard, InFolders::always},
                                     {".txt", open_text_shard, InFolders::for_text, "text"},
                                     {".md", open_text_shard, InFolders::for_text, "text"},
                                     {".toml", open_scene_shard, InFolders::never}};

const ShardKind* find_kind(const std::string& extension) {
  const auto found = std::find_if(std::begin(kShardTable), std::end(kShardTable),
                                  [&](const ShardKind& kind) { return kind.extension == extension; });
  return found == std::end(kShardTable) ? nullptr : found;
}

bool counts_in_folder(const ShardKind* kind, DataRole role) {
  return kind && (kind->in_folders == InFolders::always ||
                  (kind->in_folders == InFolders::for_text && role == DataRole::text));
}

std::string quote_path(const fs::path& path) {
  std::string result = "'";
  for (const char c : path.string()) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

/// A file that holds data, though not as a shard: what to do about it.
std::optional<std::string> find_remedy(const fs::path& path) {
  const std::string extension = lower_extension(path), quoted = quote_path(path);
  if (is_one_of(extension, {".gz", ".tgz"})) return "is compressed; decompress it: gunzip " + quoted;
  if (is_one_of(extension, {".zst", ".tzst"})) return "is compressed; decompress it: zstd -d " + quoted;
  if (is_one_of(extension, {".xz", ".txz"})) return "is compressed; decompress it: unxz " + quoted;
  if (is_one_of(extension, {".bz2", ".tbz", ".tbz2"}))
    return "is compressed; decompress it: bunzip2 " + quoted;
  if (extension == ".zip") return "is a zip file; unpack it: unzip " + quoted;
  if (extension == ".json")
    return fmt::format("is one JSON value; make lines of a list of records: jq -c '.[]' {} > {}", quoted,
                       quote_path(fs::path(path).replace_extension(".jsonl")));
  if (is_one_of(extension, {".parquet", ".arrow"}))
    return "is a table; write its rows as JSON lines (.jsonl) with the pictures beside them, or as .tar "
           "shards";
  return std::nullopt;
}

constexpr const char* kShardKinds = "a shard: .tar, .jsonl, .ndjson, .txt, .md, or a scenes file (.toml)";

/// Whether `path` is compressed data whose decompressed file is not there too.
bool is_compressed_only(const fs::path& path) {
  const std::string extension = lower_extension(path);
  fs::path plain = fs::path(path).replace_extension();
  if (is_one_of(extension, {".tgz", ".tzst", ".txz", ".tbz", ".tbz2"}))
    plain += ".tar";
  else if (!is_one_of(extension, {".gz", ".zst", ".xz", ".bz2", ".zip"}))
    return false;
  std::error_code ignored;
  const ShardKind* kind = find_kind(lower_extension(plain));
  return kind && kind->in_folders == InFolders::always && !fs::exists(plain, ignored);
}

/// What a folder without shards holds instead.
struct FolderContent {
  std::int64_t pictures = 0, texts = 0;
  std::map<std::string, std::int64_t> extensions;
  std::optional<fs::path> mendable;  ///< The first file with a remedy.
};

[[noreturn]] void fail_without_shards(const fs::path& folder, const FolderContent& content) {
  if (content.pictures > 0 && content.texts > 0)
    throw DataError(fmt::format(
        "{}: no shards, but {} loose pictures and {} text files; make a shard of them: tar --sort=name -cf "
        "shard.tar -C {} .",
        folder.string(), content.pictures, content.texts, quote_path(folder)));
  if (content.mendable)
    throw DataError(fmt::format("{}: no shards; {} {}", folder.string(), content.mendable->string(),
                                *find_remedy(*content.mendable)));
  std::vector<std::string> found;
  for (const auto& [extension, count] : content.extensions) {
    if (found.size() < 8)
      found.push_back(fmt::format("{} {}", count, extension.empty() ? "without extension" : extension));
  }
  throw DataError(
      fmt::format("{}: no shards in this folder; found {}; expected .tar, .jsonl or .ndjson files",
                  folder.string(), found.empty() ? "no files" : join(found, ", ")));
}

std::string and_more(std::size_t others) {
  return others == 0 ? "" : fmt::format(" (and {} more like it)", others);
}

/// A set of which some shards are missing would train on a part of the data without saying so.
void check_links(const Folder& folder, DataRole role) {
  std::vector<fs::path> shards;
  for (const FolderFile& link : folder.dangling)
    if (counts_in_folder(find_kind(lower_extension(link.path)), role)) shards.push_back(link.path);
  if (shards.empty()) return;
  std::error_code ignored;
  throw DataError(fmt::format("{} is a link to {}, which is not there{}; expected a shard, or no link",
                              shards.front().string(), fs::read_symlink(shards.front(), ignored).string(),
                              and_more(shards.size() - 1)));
}

/// What people should know of the links in a folder.
void note_links(const Folder& folder, const fs::path& path, const std::vector<ShardFile>& shards,
                std::vector<std::string>& notes) {
  for (const std::string& loop : folder.loops)
    notes.push_back(
        fmt::format("{}: {} is a link to a folder that it lies in: passed over", path.string(), loop));
  if (!folder.has_links) return;
  std::map<std::pair<dev_t, ino_t>, const ShardFile*> seen;
  for (const ShardFile& shard : shards) {
    struct stat info {};
    if (::stat(shard.path.c_str(), &info) != 0) continue;
    const auto [first, is_new] = seen.try_emplace({info.st_dev, info.st_ino}, &shard);
    if (!is_new)
      notes.push_back(fmt::format("{}: {} and {} are one file: its documents are read twice", path.string(),
                                  first->second->name, shard.name));
  }
}

std::vector<ShardFile> find_in_folder(const fs::path& path, DataRole role, std::vector<std::string>* notes) {
  const Folder folder = list_folder(path);
  std::vector<ShardFile> shards;
  std::vector<fs::path> compressed;
  FolderContent content;
  for (const FolderFile& file : folder.files) {
    const std::string extension = lower_extension(file.path);
    const ShardKind* kind = find_kind(extension);
    if (counts_in_folder(kind, role)) shards.push_back({file.path, file.name, role});
    if (is_compressed_only(file.path)) compressed.push_back(file.path);
    if (!content.mendable && find_remedy(file.path)) content.mendable = file.path;
    content.pictures += is_one_of(extension, {".jpg", ".jpeg", ".png", ".webp"});
    content.texts += kind && kind->open == open_text_shard;
    ++content.extensions[extension];
  }
  check_links(folder, role);
  if (shards.empty()) fail_without_shards(path, content);
  // A set of which only some shards are unpacked would train on a part of the data without saying so.
  if (!compressed.empty())
    throw DataError(fmt::format("{} {}{}", compressed.front().string(), *find_remedy(compressed.front()),
                                and_more(compressed.size() - 1)));
  if (notes) note_links(folder, path, shards, *notes);
  return shards;
}

void check_kind(const ShardFile& file) {
  const std::string extension = lower_extension(file.path);
  const ShardKind* kind = find_kind(extension);
  if (kind == nullptr) {
    const auto remedy = find_remedy(file.path);
    throw DataError(
        remedy ? fmt::format("{} {}", file.path.string(), *remedy)
               : fmt::format("{}: extension '{}'; expected {}", file.path.string(), extension, kShardKinds));
  }
  if (kind->open == open_text_shard && (file.role == DataRole::captions || is_conversation(file.role)))
    throw DataError(fmt::format("{}: plain text has neither pictures nor answers; expected .tar or .jsonl",
                                file.path.string()));
}

}  // namespace

std::multimap<std::string, Entry> Shard::find_by_number(const std::set<std::string>& ids,
                                                        const std::string& prefix) const {
  std::multimap<std::string, Entry> found;
  for (const std::string& id : ids) {
    std::int64_t number = 0;
    const char* const end = id.data() + id.size();
    if (!id.starts_with(prefix) || std::from_chars(id.data() + prefix.size(), end, number).ptr != end ||
        number < 0)
      continue;
    const Listing listing = list(number, 1);
    if (!listing.entries.empty() && listing.entries.front().offset == number)
      found.emplace(id, listing.entries.front());
  }
  return found;
}

Fd open_shard_file(const ShardFile& file) {
  Fd fd(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0)
    throw DataError(fmt::format("{}: cannot be opened: {}", file.path.string(), std::strerror(errno)));
  if (!S_ISREG(info.st_mode))
    throw DataError(fmt::format("{}: is no regular file; expected {}", file.path.string(), kShardKinds));
  return fd;
}

std::int64_t shard_bytes(int fd, const fs::path& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0)
    throw DataError(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  return info.st_size;
}

std::string find_untold_format(const fs::path& path) {
  const ShardKind* kind = find_kind(lower_extension(path));
  return kind ? std::string(kind->untold_format) : "";
}

bool is_lines_shard(const fs::path& path) {
  const ShardKind* kind = find_kind(lower_extension(path));
  return kind && kind->open == open_lines_shard;
}

std::unique_ptr<Shard> open_shard(const ShardFile& file) {
  check_kind(file);
  return find_kind(lower_extension(file.path))->open(file);
}

std::vector<ShardFile> find_shards(const fs::path& source, DataRole role, std::vector<std::string>* notes) {
  std::error_code failed;
  const fs::file_status status = fs::status(source, failed);
  if (fs::is_directory(status)) return find_in_folder(source, role, notes);
  if (!fs::exists(status))
    throw DataError(fmt::format("{}: {}; expected {}, or a folder of shards", source.string(),
                                failed ? failed.message() : "No such file or directory", kShardKinds));
  const ShardFile file{source, source.filename().string(), role};
  check_kind(file);
  return {file};
}

}  // namespace ablate
