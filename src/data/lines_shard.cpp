#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <unordered_set>

#include "data/record.hpp"
#include "data/shard.hpp"

namespace ablate {

namespace {

constexpr std::int64_t kLinesBlock = 256 << 10;

bool is_line_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

/// JSON Lines: one record on each line. Documents are named by the byte at which their line starts, as a
/// shard can be read from anywhere.
class LinesShard final : public Shard {
 public:
  explicit LinesShard(const ShardFile& file) : file_(file), fd_(open_shard_file(file)) {}

  Listing list(std::int64_t from, std::size_t limit) const override {
    Listing listing;
    const std::int64_t end = shard_bytes(fd_.get(), file_.path);
    std::int64_t at = from, line = from;  // what is read next; where the current line starts
    bool blank = true;
    std::string block;
    while (at < end && count(listing) < limit) {
      block = read_range(fd_.get(), at, std::min(kLinesBlock, end - at), file_.path);
      std::string_view rest = block;
      if (at == 0 && rest.starts_with("\xEF\xBB\xBF")) {  // a byte order mark
        rest.remove_prefix(3);
        line = at = 3;
      }
      while (!rest.empty() && count(listing) < limit) {
        const auto newline = rest.find('\n');
        const std::string_view part = rest.substr(0, newline);
        blank = blank && std::all_of(part.begin(), part.end(), is_line_space);
        at += static_cast<std::int64_t>(part.size());
        rest.remove_prefix(part.size());
        if (newline == rest.npos) break;
        if (!blank) add_line(listing, line, at - line);
        line = ++at;
        rest.remove_prefix(1);
        blank = true;
      }
    }
    if (at >= end && line < end) {  // the last line has no newline
      if (!blank) add_line(listing, line, end - line);
      line = end;
    }
    listing.next = line;
    listing.end = line >= end;
    return listing;
  }

  Document read(const Entry& entry) const override {
    const std::string where = place(entry.offset);
    return at_place(where, [&] {
      const Json record = parse_json(read_range(fd_.get(), entry.offset, entry.size, file_.path));
      Document document = parse_record(record, /*default_image=*/"", [this](const std::string& name) {
        return read_picture_file(file_.path, name);
      });
      document.id = where;
      check_role(document, file_.role);
      return document;
    });
  }

  std::multimap<std::string, Entry> find(const std::set<std::string>& ids, std::size_t) const override {
    return find_by_number(ids, file_.name + ": byte ");
  }

  /// Calls `visit` with the picture names of a record that may be read, as far as it can be read.
  void visit_pictures(const Entry& entry, const std::function<void(const std::string&)>& visit) const {
    const std::string line = read_range(fd_.get(), entry.offset, entry.size, file_.path);
    if (!may_name_picture(line)) return;
    try {
      parse_record(parse_json(line), /*default_image=*/"", [&](const std::string& name) {
        check_picture_name(name);
        visit(name);
        return std::string();
      });
    } catch (const BrokenDocument&) {
      // Whoever reads the record counts it. What it names after the mistake is not read.
    }
  }

 private:
  static std::size_t count(const Listing& listing) {
    return listing.entries.size() + listing.problems.size();
  }

  std::string place(std::int64_t byte) const { return fmt::format("{}: byte {}", file_.name, byte); }

  void add_line(Listing& listing, std::int64_t offset, std::int64_t size) const {
    if (size > kMaxDocumentBytes)
      listing.problems.push_back(
          {ProblemKind::too_large, place(offset),
           fmt::format("a line of {} bytes; expected at most {}", size, kMaxDocumentBytes)});
    else
      listing.entries.push_back({offset, size});
  }

  ShardFile file_;
  Fd fd_;
};

}  // namespace

std::vector<std::string> read_picture_names(const std::filesystem::path& lines) {
  constexpr std::size_t kListedAtOnce = 4096;
  const LinesShard shard({lines, lines.filename().string(), DataRole::sft});
  std::vector<std::string> names;
  std::unordered_set<std::string> seen;
  Listing listing;
  do {
    listing = shard.list(listing.next, kListedAtOnce);
    for (const Entry& entry : listing.entries)
      shard.visit_pictures(entry, [&](const std::string& name) {
        if (seen.insert(name).second) names.push_back(name);
      });
  } while (!listing.end);
  return names;
}

std::unique_ptr<Shard> open_lines_shard(const ShardFile& file) { return std::make_unique<LinesShard>(file); }

}  // namespace ablate
