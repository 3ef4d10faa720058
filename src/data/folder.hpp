// What lies in a folder of data. Private to this module.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ablate {

struct FolderFile {
  std::filesystem::path path;
  std::string name;  ///< Relative to the folder.
};

/// Names are relative to the folder, and sorted.
struct Folder {
  std::vector<FolderFile> files;     ///< Regular files.
  std::vector<FolderFile> dangling;  ///< Links that lead nowhere.
  std::vector<std::string> loops;    ///< Links to a folder that they lie in: not entered.
  bool has_links = false;
};

/// All that lies in a folder and in its folders; what begins with a dot is left out. Links are followed,
/// those to folders, too: the cache of the Hugging Face hub and curated data sets consist of them. Throws
/// DataError.
Folder list_folder(const std::filesystem::path& path);

}  // namespace ablate
