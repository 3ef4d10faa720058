#include "data/input_files.hpp"

#include "config/scenes_file.hpp"
#include "data/bank.hpp"
#include "data/shard.hpp"
#include "data/source.hpp"
#include "util/safetensors.hpp"

namespace ablate {

namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code failed;
  return fs::exists(path, failed);
}

void add_if_missing(const fs::path& path, InputFiles& list) {
  if (!is_there(path)) list.missing.push_back(path);
}

void list_weights(const fs::path& source, InputFiles& list) {
  for (const fs::path& path : safetensors_files(source)) {
    add_if_missing(path, list);
    list.files.push_back({path.filename().string(), path});
  }
}

void list_scenes(const fs::path& source, InputFiles& list) {
  list.files.push_back({source.filename().string(), source});
  const ScenesFile scenes = load_scenes_file(source);
  for (const fs::path& path : scenes.bank) add_if_missing(path, list);
  if (!list.missing.empty()) return;
  for (const fs::path& path : bank_files(scenes.bank)) {
    add_if_missing(path, list);
    list.files.push_back({path.string(), path});
  }
}

void list_shards(const fs::path& source, SourceKind kind, const PictureNames& picture_names,
                 InputFiles& list) {
  list.names_count = fs::is_directory(source);
  if (!list.names_count) list.format = find_untold_format(source);
  // The role tells only whether .txt and .md count in a folder; a file of them may be named as either.
  const DataRole role = kind == SourceKind::text ? DataRole::text : DataRole::interleaved;
  for (const ShardFile& shard : find_shards(source, role, &list.notes)) {
    list.files.push_back({shard.name, shard.path});
    // A picture makes a record of text a broken one, whether it is there or not.
    if (kind == SourceKind::text || !is_lines_shard(shard.path)) continue;
    const fs::path folder = shard.path.parent_path(), folder_name = fs::path(shard.name).parent_path();
    for (const std::string& name : picture_names(InputFile(list.files.back())))
      list.files.push_back({(folder_name / name).string(), folder / name, /*is_picture=*/true});
  }
}

}  // namespace

InputFiles list_input_files(const fs::path& source, SourceKind kind, const PictureNames& picture_names) {
  InputFiles list;
  add_if_missing(source, list);
  if (!list.missing.empty()) return list;
  if (kind == SourceKind::weights)
    list_weights(source, list);
  else if (kind == SourceKind::tokenizer)
    list.files.push_back({source.filename().string(), source});
  else if (is_toml_file(source))
    list_scenes(source, list);
  else
    list_shards(source, kind, picture_names, list);
  return list;
}

}  // namespace ablate
