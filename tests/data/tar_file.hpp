// Tar archives for tests, byte by byte.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace ablate {

/// A ustar header with a right checksum; `size_field` is written as it is given.
inline std::string tar_header(const std::string& name, const std::string& size_field, char type = '0') {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(100, 24,
                 std::string("0000644\0"
                             "0000000\0"
                             "0000000\0",
                             24));
  header.replace(124, size_field.size(), size_field);
  header.replace(136, 12, std::string("00000000000\0", 12));
  header[156] = type;
  header.replace(257, 8,
                 std::string("ustar\0"
                             "00",
                             8));
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  header.replace(148, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  return header;
}

inline std::string tar_size(std::size_t size) { return fmt::format("{:011o}", size); }

/// One member: header, content, and zeros up to a whole record.
inline std::string tar_member(const std::string& name, const std::string& content, char type = '0') {
  return tar_header(name, tar_size(content.size()), type) + content +
         std::string((512 - content.size() % 512) % 512, '\0');
}

inline std::string tar_end() { return std::string(1024, '\0'); }

/// KEY.jpg and KEY.txt.
inline std::string tar_sample(const std::string& key, const std::string& caption = "A cat") {
  return tar_member(key + ".jpg", "picture " + key) + tar_member(key + ".txt", caption);
}

}  // namespace ablate
