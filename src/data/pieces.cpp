#include "data/pieces.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>

#include "util/error.hpp"

namespace ablate {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kOwnScope = 0;  // Sanitizers have to see every symbol; their builds have no LibTorch.
#else
constexpr int kOwnScope = RTLD_DEEPBIND;
#endif

const PieceLibrary& load_piece_library() {
  const std::filesystem::path file =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "libablate_sentencepiece.so";
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | kOwnScope);
  void* function = library ? ::dlsym(library, "ablate_piece_library") : nullptr;
  if (!function)
    throw Error(
        fmt::format("{}: cannot be loaded ({}); it belongs beside the program", file.string(), ::dlerror()));
  return *reinterpret_cast<const PieceLibrary* (*)()>(function)();
}

}  // namespace

const PieceLibrary& piece_library() {
  static const PieceLibrary& library = load_piece_library();
  return library;
}

}  // namespace ablate
