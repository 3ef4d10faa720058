// Which files a source is read from: the one list for loaders, identity and messages.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "config/fields.hpp"
#include "util/input_file.hpp"

namespace ablate {

/// The pictures that a .jsonl file of the source names. They depend on its content alone, so whoever knows
/// that need not read it again.
using PictureNames = std::function<std::vector<std::string>(const InputFile& lines)>;

/// Raised when records name other pictures than before to the same content: lists that were kept are void.
constexpr int kPictureNamesVersion = 3;

/// The files of a data source or init file, in the order in which they are read:
/// - shards, of which those of JSON lines are followed by the pictures that their records name
/// - a scenes file and its bank
/// - a tokenizer's model
/// - safetensors: the file, or an index and its shards
///
/// Links are followed. Throws DataError, ConfigError or Error when they cannot be told; a source, a bank or a
/// shard of an index that is not there is told in `missing`, and the rest of the list is then void.
InputFiles list_input_files(const std::filesystem::path& source, SourceKind kind,
                            const PictureNames& picture_names);

}  // namespace ablate
