#include "data/source.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>

#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

template <>
std::span<const Named<DataRole>> names_of<DataRole>() {
  using enum DataRole;
  static constexpr Named<DataRole> kTable[] = {
      {"captions", captions}, {"interleaved", interleaved},     {"text", text},
      {"sft", sft},           {"sft-questions", sft_questions}, {"sft-text", sft_text}};
  return kTable;
}

namespace {

/// Documents of the first shard that are looked at before it is given up.
constexpr std::size_t kGuesses = 100;

DataRole role_of_document(const Document& document) {
  const auto pictures = std::count_if(document.segments.begin(), document.segments.end(),
                                      [](const Segment& segment) { return segment.picture != nullptr; });
  const bool asks = std::any_of(document.segments.begin(), document.segments.end(),
                                [](const Segment& segment) { return !segment.picture && !segment.target; });
  if (asks) return DataRole::sft;
  if (pictures == 0) return DataRole::text;
  const bool is_caption = pictures == 1 && document.segments.size() == 2 && document.segments[0].picture;
  return is_caption ? DataRole::captions : DataRole::interleaved;
}

}  // namespace

std::vector<ShardFile> find_all_shards(const std::vector<std::filesystem::path>& sources, DataRole role) {
  std::vector<ShardFile> all;
  for (const std::filesystem::path& source : sources)
    for (ShardFile& shard : find_shards(source, role)) all.push_back(std::move(shard));
  return all;
}

DataRole guess_role(const std::filesystem::path& source) {
  if (is_scenes_file(source)) return DataRole::captions;
  // Instructions are the widest role: text and pictures in any order, targets or not.
  std::vector<ShardFile> shards;
  try {
    shards = find_shards(source, DataRole::sft);
  } catch (const DataError&) {
    shards = find_shards(source, DataRole::text);
  }
  if (shards.front().role == DataRole::text) return DataRole::text;
  Problem problem;
  const auto shard = open_shard(shards.front());
  const Listing listing = shard->list(0, kGuesses);
  for (const Entry& entry : listing.entries) {
    try {
      return role_of_document(shard->read(entry));
    } catch (const BrokenDocument& broken) {
      problem = broken.problem;
    }
  }
  if (!listing.problems.empty()) problem = listing.problems.front();
  throw DataError(fmt::format("{}: none of its first documents can be read; {}", shards.front().path.string(),
                              problem.message.empty() ? "it is empty" : to_text(problem)));
}

bool is_toml_file(const std::filesystem::path& path) {
  std::error_code failed;
  return ::strcasecmp(path.extension().c_str(), ".toml") == 0 &&
         std::filesystem::is_regular_file(path, failed);
}

bool is_scenes_file(const std::filesystem::path& path) {
  if (!is_toml_file(path)) return false;
  // Told by its table's line, however it is spaced; load_scenes_file() then reads it properly.
  constexpr std::size_t kMaxTomlBytes = 1 << 20;
  for (std::string& line : split(read_file(path, kMaxTomlBytes), '\n')) {
    std::erase_if(line, [](char c) { return c == ' ' || c == '\t'; });
    if (line.starts_with("[scenes]")) return true;
  }
  return false;
}

}  // namespace ablate
