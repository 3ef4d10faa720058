#include "util/json.hpp"

#include <fmt/format.h>

#include "util/error.hpp"
#include "util/file.hpp"

template class nlohmann::basic_json<>;

namespace ablate {

Json load_json(const std::filesystem::path& path, std::size_t max_bytes) {
  const std::string text = read_file(path, max_bytes);
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(fmt::format("{}: not valid JSON: {}", path.string(), error.what()));
  }
}

}  // namespace ablate
