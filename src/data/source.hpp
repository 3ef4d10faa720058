// Sources: what the paths of `data.captions` and its neighbours name.
#pragma once

#include <filesystem>
#include <vector>

#include "config/names.hpp"
#include "data/shard.hpp"

namespace ablate {

template <>
std::span<const Named<DataRole>> names_of<DataRole>();

/// The shards of several sources, in order. Throws DataError.
std::vector<ShardFile> find_all_shards(const std::vector<std::filesystem::path>& sources, DataRole role);

/// What the first readable document of a source looks like: for commands that look at data and are not told.
/// Throws DataError when it has none.
DataRole guess_role(const std::filesystem::path& source);

/// Whether it is a TOML file: named as data, it must be scenes.
bool is_toml_file(const std::filesystem::path& path);
/// Whether it is a scenes file: TOML with a table [scenes].
bool is_scenes_file(const std::filesystem::path& path);

}  // namespace ablate
