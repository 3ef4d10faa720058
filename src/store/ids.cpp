#include "store/ids.hpp"

#include <charconv>

namespace ablate {

void write_ids(std::string& json, std::span<const std::uint32_t> indices, std::span<const std::int64_t> ids) {
  json = '[';
  char digits[24];
  for (const std::uint32_t index : indices) {
    if (json.size() > 1) json += ',';
    json.append(digits, std::to_chars(digits, digits + sizeof digits, ids[index]).ptr);
  }
  json += ']';
}

}  // namespace ablate
