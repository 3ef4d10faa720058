#include "data/pieces.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>

#include "util/error.hpp"

namespace ablate {

namespace {

#ifdef ABLATE_SANITIZE
constexpr int kOwnScope = 0;  // Sanitizers have to see every symbol; their builds have no LibTorch.
#else
constexpr int kOwnScope = RTLD_DEEPBIND;
#endif

/// Where the plugin is: beside the program as the build leaves it, or where `cmake --install` puts it.
std::filesystem::path piece_library_file() {
  constexpr const char* kName = "libablate_sentencepiece.so";
  const std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::filesystem::path beside = folder / kName;
  const std::filesystem::path installed = folder.parent_path() / "lib/ablate" / kName;
  return !std::filesystem::exists(beside) && std::filesystem::exists(installed) ? installed : beside;
}

const PieceLibrary& load_piece_library() {
  const std::filesystem::path file = piece_library_file();
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | kOwnScope);
  void* function = library ? ::dlsym(library, "ablate_piece_library") : nullptr;
  if (!function)
    throw Error(fmt::format(
        "{}: cannot be loaded ({}); it belongs beside the program, or into ../lib/ablate from there",
        file.string(), ::dlerror()));
  return *reinterpret_cast<const PieceLibrary* (*)()>(function)();
}

}  // namespace

const PieceLibrary& piece_library() {
  static const PieceLibrary& library = load_piece_library();
  return library;
}

}  // namespace ablate
