#include "schedule/log_line.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kMaxRead = 16 << 10;
constexpr std::size_t kMaxLine = 300;

/// At most kMaxRead bytes from the beginning or the end of a file; empty when it cannot be read.
std::string read_part(const std::filesystem::path& path, bool from_end) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return "";
  const off_t start = from_end ? std::max<off_t>(0, info.st_size - static_cast<off_t>(kMaxRead)) : 0;
  std::string text(kMaxRead, '\0');
  const ssize_t count = ::pread(fd.get(), text.data(), text.size(), start);
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

std::string clean(std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r' || line.back() == '\t'))
    line.remove_suffix(1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  std::string text = printable(line.substr(0, kMaxLine), kWhole);
  while (const auto bad = find_invalid_utf8(text)) text[*bad] = '?';
  return text;
}

bool speaks_of_error(std::string_view line) {
  constexpr std::array<std::string_view, 8> kSigns = {
      "error",  "exception", "terminate called",   "fatal",
      "assert", "cannot",    "segmentation fault", "ablate-worker:"};
  std::string lower(line);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::any_of(kSigns.begin(), kSigns.end(),
                     [&](std::string_view sign) { return lower.find(sign) != std::string::npos; });
}

}  // namespace

std::string last_error_line(const std::filesystem::path& log) {
  std::string last;
  for (const std::string& line : split(read_part(log, /*from_end=*/true), '\n')) {
    const std::string text = clean(line);
    if (text.empty()) continue;
    if (speaks_of_error(text)) return text;
    last = text;
  }
  return last;
}

std::string first_line(const std::filesystem::path& log) {
  for (const std::string& line : split(read_part(log, /*from_end=*/false), '\n'))
    if (const std::string text = clean(line); !text.empty()) return text;
  return "";
}

}  // namespace ablate
