#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "data/record.hpp"
#include "data/shard.hpp"

namespace ablate {

namespace {

/// Longest document that is cut from a text.
constexpr std::int64_t kTextWindow = 64 << 10;
/// A place to cut is first sought in so many bytes at the window's end: listing then reads 1/16 of a text.
constexpr std::int64_t kTextTail = 4 << 10;

bool is_text_space(char c) { return c == ' ' || c == '\n' || (c >= '\t' && c <= '\r'); }

/// The end of the last blank line: where what follows it starts.
std::optional<std::size_t> find_blank_line(std::string_view text) {
  for (auto newline = text.rfind('\n'); newline != text.npos && newline > 0;) {
    auto before = newline;
    while (before > 0 && text[before - 1] != '\n' && is_text_space(text[before - 1])) --before;
    if (before > 0 && text[before - 1] == '\n') return newline + 1;
    if (before == 0) return std::nullopt;
    newline = text.rfind('\n', before - 1);
  }
  return std::nullopt;
}

/// Where a text that goes on after `window` is cut, from 1 to its length.
std::size_t find_text_cut(std::string_view window) {
  if (const auto cut = find_blank_line(window)) return *cut;
  if (const auto newline = window.rfind('\n'); newline != window.npos) return newline + 1;
  if (const auto space = window.rfind(' '); space != window.npos) return space + 1;
  // Before the last character, which may go on after the window. No character has more than 4 bytes.
  for (std::size_t back = 1; back <= 4 && back < window.size(); ++back)
    if ((window[window.size() - back] & 0xC0) != 0x80) return window.size() - back;
  return window.size();
}

/// Plain text, cut where it has paragraphs. The cuts depend on what stands before them only, so they are the
/// same whatever the listings were.
class TextShard final : public Shard {
 public:
  explicit TextShard(const ShardFile& file) : file_(file), fd_(open_shard_file(file)) {}

  Listing list(std::int64_t from, std::size_t limit) const override {
    Listing listing;
    const std::int64_t end = shard_bytes(fd_.get(), file_.path);
    listing.next = from;
    while (listing.next < end && listing.entries.size() < limit) {
      const std::int64_t size = find_document(listing.next, end);
      if (!is_blank(listing.next, size)) listing.entries.push_back({listing.next, size});
      listing.next += size;
    }
    listing.end = listing.next >= end;
    return listing;
  }

  Document read(const Entry& entry) const override {
    const std::string where = fmt::format("{}: byte {}", file_.name, entry.offset);
    return at_place(where, [&] {
      Document document;
      document.id = where;
      document.segments.push_back({clean_text(read_range(fd_.get(), entry.offset, entry.size, file_.path)),
                                   nullptr, /*target=*/true});
      check_role(document, file_.role);
      return document;
    });
  }

  std::multimap<std::string, Entry> find(const std::set<std::string>& ids, std::size_t) const override {
    return find_by_number(ids, file_.name + ": byte ");
  }

 private:
  std::int64_t find_document(std::int64_t from, std::int64_t end) const {
    if (end - from <= kTextWindow) return end - from;
    const std::string tail = read_range(fd_.get(), from + kTextWindow - kTextTail, kTextTail, file_.path);
    if (const auto cut = find_blank_line(tail))
      return kTextWindow - kTextTail + static_cast<std::int64_t>(*cut);
    return static_cast<std::int64_t>(find_text_cut(read_range(fd_.get(), from, kTextWindow, file_.path)));
  }

  bool is_blank(std::int64_t from, std::int64_t size) const {
    for (std::int64_t at = 0; at < size; at += kTextTail) {
      const std::string part = read_range(fd_.get(), from + at, std::min(kTextTail, size - at), file_.path);
      if (!std::all_of(part.begin(), part.end(), is_text_space)) return false;
    }
    return true;
  }

  ShardFile file_;
  Fd fd_;
};

}  // namespace

std::unique_ptr<Shard> open_text_shard(const ShardFile& file) { return std::make_unique<TextShard>(file); }

}  // namespace ablate
