// Lists of ids as the database keeps them: [3,7].
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ablate {

/// Writes ids[i] for each of `indices` into `json`, in place of what it held.
void write_ids(std::string& json, std::span<const std::uint32_t> indices, std::span<const std::int64_t> ids);

/// Calls `use(id)` for each id of a list that write_ids made.
template <typename Use>
void for_each_id(std::string_view json, Use use) {
  std::int64_t id = 0;
  bool any = false;
  for (const char c : json) {
    const bool is_digit = c >= '0' && c <= '9';
    if (is_digit) id = id * 10 + (c - '0');
    if (!is_digit && any) {
      use(id);
      id = 0;
    }
    any = is_digit;
  }
}

}  // namespace ablate
