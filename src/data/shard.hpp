// Shards: files in which documents lie one after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "data/document.hpp"
#include "data/problem.hpp"
#include "util/file.hpp"

namespace ablate {

/// The place of one document in its shard: bytes, or for scenes the number of the document and 1.
struct Entry {
  std::int64_t offset = 0, size = 0;
};

/// A stretch of a shard.
struct Listing {
  std::vector<Entry> entries;     ///< In the order of the shard.
  std::int64_t next = 0;          ///< Where the next listing goes on.
  bool end = false;               ///< Nothing stands after it.
  std::vector<Problem> problems;  ///< What makes no document: each counts as one broken document.
};

/// One shard. Several threads may call all functions at once.
class Shard {
 public:
  virtual ~Shard() = default;
  /// The documents from byte `from` (0, or `next` of the listing before), at most `limit`, problems
  /// counted. Reads headers or lines only: time and memory go with `limit`, not with the size of the shard.
  virtual Listing list(std::int64_t from, std::size_t limit) const = 0;
  /// Throws BrokenDocument. The document fits the role that the shard was opened with.
  virtual Document read(const Entry& entry) const = 0;
  /// Where the documents of these ids are (Document::id), as far as they are found among the first `most`.
  /// None is read. Of a tar, several may have one id.
  virtual std::multimap<std::string, Entry> find(const std::set<std::string>& ids,
                                                 std::size_t most) const = 0;

 protected:
  /// The same where ids are `prefix` and the number at which the entry starts.
  std::multimap<std::string, Entry> find_by_number(const std::set<std::string>& ids,
                                                   const std::string& prefix) const;
};

/// A shard that has not been opened.
struct ShardFile {
  std::filesystem::path path;
  std::string name;  ///< As messages and documents show it: relative to the source that it came from.
  DataRole role = DataRole::captions;
};

/// The extension tells the kind: .tar (tar_shard.cpp), .jsonl or .ndjson (lines_shard.cpp), .txt or .md
/// (text_shard.cpp), .toml (scene_shard.cpp); upper case counts as lower. Throws DataError naming the file
/// when it cannot be opened or is of another kind; for a scenes file ConfigError.
std::unique_ptr<Shard> open_shard(const ShardFile& file);

// One function for each kind, called by open_shard.
std::unique_ptr<Shard> open_tar_shard(const ShardFile& file);
std::unique_ptr<Shard> open_lines_shard(const ShardFile& file);
std::unique_ptr<Shard> open_text_shard(const ShardFile& file);
std::unique_ptr<Shard> open_scene_shard(const ShardFile& file);

/// The shards of a source: the file itself, or all shards in a folder and its folders, sorted by path (links
/// are followed; scenes count only when they are named themselves; .txt and .md only as text). `notes`, where
/// it is given, gets what people should know of a folder's links. Throws DataError when there are none,
/// saying what was found and how to make a shard of it, and when some of a folder's shards are still
/// compressed or links that lead nowhere.
std::vector<ShardFile> find_shards(const std::filesystem::path& source, DataRole role,
                                   std::vector<std::string>* notes = nullptr);

/// A shard's file, open for reading. Throws DataError when it cannot be opened or is no regular file.
Fd open_shard_file(const ShardFile& file);
/// The length of an open file.
std::int64_t shard_bytes(int fd, const std::filesystem::path& path);
/// Reads `size` bytes at `offset` of an open file. Throws DataError when the file ends before.
std::string read_range(int fd, std::int64_t offset, std::int64_t size, const std::filesystem::path& path);

/// The format of a shard that its bytes do not tell, since any bytes could be of it: "text"; else empty. The
/// same bytes under another extension are then other data.
std::string find_untold_format(const std::filesystem::path& path);

/// Whether it holds JSON records, which may name pictures beside it.
bool is_lines_shard(const std::filesystem::path& path);
/// The pictures that the records of a .jsonl or .ndjson file name, each once, in their order; names that no
/// reader would open are left out. Reads all of the file. Throws DataError.
std::vector<std::string> read_picture_names(const std::filesystem::path& lines);

/// Throws BrokenDocument for the name of a picture that is a URL (missing_image), or absolute or has `..`
/// (path).
void check_picture_name(const std::string& name);
/// The picture `name` beside the file `beside`: a relative path without `..`, and a regular file of at most
/// kMaxDocumentBytes. Records cannot name a file elsewhere; links in the folder are the user's, and are
/// followed as those to shards are. Throws BrokenDocument (kinds path, missing_image, too_large).
std::string read_picture_file(const std::filesystem::path& beside, const std::string& name);

}  // namespace ablate
