#include "journal/data_promise.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

#include "util/error.hpp"
#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kMaxPromiseBytes = std::size_t{4} << 30;
constexpr std::string_view kNamed = "named", kUnnamed = "unnamed";
constexpr std::string_view kPicture = "picture", kFile = "file";

std::string escape(std::string_view name) {
  std::string text;
  for (const char c : name)
    if (c == '\n')
      text += "\\n";
    else if (c == '\\')
      text += "\\\\";
    else
      text += c;
  return text;
}

std::string unescape(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\\' || i + 1 == text.size())
      name += text[i];
    else
      name += text[++i] == 'n' ? '\n' : text[i];
  return name;
}

/// What stands before the next blank, which is taken off, too.
std::string_view take_word(std::string_view& line) {
  const auto end = line.find(' ');
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end == line.npos ? line.size() : end + 1);
  return word;
}

bool read_number(std::string_view word, std::int64_t& value) {
  const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), value);
  return failed == std::errc() && end == word.data() + word.size();
}

bool read_line(std::string_view line, InputContent::File& file) {
  FileState state;
  file.content.hash = take_word(line);
  for (std::int64_t* value : {&state.size, &state.mtime_ns, &state.ctime_ns, &state.inode})
    if (!read_number(take_word(line), *value)) return false;
  file.content.bytes = state.size;
  if (state.is_known()) file.content.state = state;
  const std::string_view kind = take_word(line);
  file.is_picture = kind == kPicture;
  file.name = unescape(line);
  return file.content.hash.size() == 32 && (kind == kPicture || kind == kFile);
}

}  // namespace

std::filesystem::path promise_file(const std::filesystem::path& folder, const std::string& hash) {
  return folder / "sources" / hash;
}

void write_promise(const std::filesystem::path& file, const InputContent& content) {
  std::string text(content.names_count ? kNamed : kUnnamed);
  if (!content.format.empty()) text += " " + content.format;
  text += '\n';
  for (const InputContent::File& entry : content.files) {
    const FileState& state = entry.content.state;
    fmt::format_to(std::back_inserter(text), "{} {} {} {} {} {} {}\n", entry.content.hash,
                   entry.content.bytes, state.mtime_ns, state.ctime_ns, state.inode,
                   entry.is_picture ? kPicture : kFile, escape(entry.name));
  }
  std::error_code failed;
  if (std::filesystem::exists(file, failed) && read_file(file, kMaxPromiseBytes) == text) return;
  make_directories(file.parent_path());
  write_file(file, text);
}

InputContent load_promise(const std::filesystem::path& file) {
  const std::string text = read_file(file, kMaxPromiseBytes);
  InputContent content;
  std::string_view rest = text;
  for (std::int64_t number = 1; !rest.empty(); ++number) {
    const auto end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    std::string_view format = line;
    const std::string_view head = take_word(format);
    if (number == 1 && (head == kNamed || head == kUnnamed)) {
      content.names_count = head == kNamed;
      content.format = format;
      continue;
    }
    InputContent::File entry;
    if (number == 1 || !read_line(line, entry))
      throw Error(fmt::format("{}:{}: found '{}'; expected the hash, state and name of a file", file.string(),
                              number, printable(line)));
    content.files.push_back(std::move(entry));
  }
  return content;
}

}  // namespace ablate
