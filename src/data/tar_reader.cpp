#include "data/tar_reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <locale.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "data/document.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::int64_t kTarRecord = 512;
/// So far after the mark of an archive's end a second archive is looked for. GNU tar fills up to 10 KiB.
constexpr std::int64_t kTarTrailer = 64 << 10;

/// Names in PAX headers are UTF-8, and libarchive turns them into the locale's characters: UTF-8 for as long
/// as this lives, in this thread only.
class Utf8Locale {
 public:
  Utf8Locale() : previous_(::uselocale(get())) {}
  ~Utf8Locale() { ::uselocale(previous_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  static locale_t get() {
    static const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return utf8;
  }
  locale_t previous_;
};

std::int64_t round_up_to_record(std::int64_t byte) {
  return (byte + kTarRecord - 1) / kTarRecord * kTarRecord;
}

std::string archive_reason(struct archive* archive) {
  const char* reason = archive_error_string(archive);
  return reason == nullptr ? "unknown reason" : reason;
}

}  // namespace

struct TarReader::Input {
  int fd = -1;
  std::int64_t at = 0, end = 0;
  std::vector<char> block;

  ssize_t read(std::int64_t size, std::int64_t offset) {
    for (;;) {
      const ssize_t count = ::pread(fd, block.data(), static_cast<std::size_t>(size), offset);
      if (count >= 0 || errno != EINTR) return count;
    }
  }

  static la_ssize_t on_read(struct archive* archive, void* self, const void** bytes) {
    auto& input = *static_cast<Input*>(self);
    const auto size = std::min(static_cast<std::int64_t>(input.block.size()), input.end - input.at);
    const ssize_t count = input.read(size, input.at);
    if (count < 0) {
      archive_set_error(archive, errno, "cannot be read");
      return ARCHIVE_FATAL;
    }
    input.at += count;
    *bytes = input.block.data();
    return count;
  }

  static la_int64_t on_skip(struct archive*, void* self, la_int64_t request) {
    auto& input = *static_cast<Input*>(self);
    const std::int64_t size = std::min<std::int64_t>(request, input.end - input.at);
    input.at += size;
    return size;
  }

  /// Whether there is anything but zeros in the archive's trailer.
  bool has_data_after(std::int64_t byte) {
    for (std::int64_t offset = byte; offset < std::min(end, byte + kTarTrailer);) {
      const ssize_t count = read(std::min(static_cast<std::int64_t>(block.size()), end - offset), offset);
      if (count <= 0) return false;
      if (std::any_of(block.begin(), block.begin() + count, [](char c) { return c != 0; })) return true;
      offset += count;
    }
    return false;
  }
};

TarReader::TarReader(int fd, std::int64_t from, std::int64_t end, std::int64_t block_bytes)
    : input_(std::make_unique<Input>()), from_(from), end_(end), position_(from) {
  *input_ = {fd, from, end, std::vector<char>(static_cast<std::size_t>(block_bytes))};
  archive_ = archive_read_new();
  if (archive_ == nullptr) throw std::bad_alloc();
  // Set, not found out: finding out is stricter at the start of a stretch than reading is within it.
  archive_read_set_format(archive_, ARCHIVE_FORMAT_TAR);
  archive_read_set_read_callback(archive_, Input::on_read);
  archive_read_set_skip_callback(archive_, Input::on_skip);
  archive_read_set_callback_data(archive_, input_.get());
  if (archive_read_open1(archive_) != ARCHIVE_OK) {
    const std::string reason = archive_reason(archive_);
    archive_read_free(archive_);
    archive_ = nullptr;
    fail_header(reason);
  }
}

TarReader::~TarReader() { archive_read_free(archive_); }

void TarReader::fail_header(const std::string& reason) {
  const bool is_cut = end_ - position_ < kTarRecord;
  if (position_ == 0) throw TarDamage(0, true, "is no tar archive: it does not start with a header");
  throw TarDamage(position_, true,
                  is_cut
                      ? fmt::format("is cut short at byte {}, within a header", end_)
                      : fmt::format("is damaged at byte {} ({}); what follows is lost", position_, reason));
}

void TarReader::pass_over() {
  const auto fail = [&](const std::string& what) {
    position_ = last_->header;
    throw TarDamage(
        position_, false,
        fmt::format("is {}, within {}; what follows is lost", what, printable(last_->name, kShownName)));
  };
  if (last_->size < 0)
    fail(fmt::format("damaged at byte {} (a size of {} bytes)", last_->header, last_->size));
  if (!is_sparse_ && last_->size > end_ - content_) fail(fmt::format("cut short at byte {}", end_));
  if (!is_read_ && archive_read_data_skip(archive_) != ARCHIVE_OK && (is_sparse_ || position_ < end_))
    fail(fmt::format("damaged at byte {} ({})", last_->header, archive_reason(archive_)));
}

std::optional<TarMember> TarReader::next() {
  const Utf8Locale locale;
  if (last_) {
    // Of the last member only the zeros up to a whole record may be missing.
    position_ =
        is_sparse_ ? 0 : round_up_to_record(content_ + std::clamp<std::int64_t>(last_->size, 0, end_));
    pass_over();
    if (!is_sparse_ && position_ >= end_) {
      position_ = end_;
      return std::nullopt;
    }
  } else if (from_ >= end_ && from_ > 0) {
    return std::nullopt;
  }
  position_ = from_ + archive_filter_bytes(archive_, 0);
  struct archive_entry* entry = nullptr;
  const int result = archive_read_next_header(archive_, &entry);
  if (result == ARCHIVE_EOF) {
    if (end_ == 0) throw TarDamage(0, true, "is empty: 0 bytes");
    if (input_->has_data_after(position_))
      throw TarDamage(position_, true,
                      fmt::format("ends at byte {}, but has data after its end; join archives with `tar "
                                  "--concatenate`, not with cat",
                                  position_));
    return std::nullopt;
  }
  if (result != ARCHIVE_OK && result != ARCHIVE_WARN) fail_header(archive_reason(archive_));
  const char* name = archive_entry_pathname(entry);
  last_ = {name == nullptr ? "" : name, position_, archive_entry_size(entry),
           archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr};
  content_ = from_ + archive_filter_bytes(archive_, 0);
  is_sparse_ = archive_entry_sparse_count(entry) > 0;
  is_read_ = false;
  return last_;
}

std::string TarReader::read() {
  std::string bytes;
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  is_read_ = true;
  // A size that the archive cannot hold is found out by reading, not by taking memory for it.
  bytes.reserve(static_cast<std::size_t>(std::clamp<std::int64_t>(last_->size, 0, end_ - from_)));
  for (;;) {
    const int result = archive_read_data_block(archive_, &block, &size, &offset);
    if (result == ARCHIVE_EOF) break;
    // After whole content only the zeros up to a whole record can be missing.
    if (result != ARCHIVE_OK && static_cast<std::int64_t>(bytes.size()) == last_->size) break;
    if (result != ARCHIVE_OK) throw TarDamage(last_->header, false, archive_reason(archive_));
    if (offset < static_cast<la_int64_t>(bytes.size()) ||
        offset > kMaxDocumentBytes - static_cast<la_int64_t>(size))
      throw TarDamage(last_->header, false,
                      fmt::format("a part of {} at byte {} of it", last_->name, offset));
    bytes.resize(static_cast<std::size_t>(offset));  // zeros in the holes of a sparse file
    bytes.append(static_cast<const char*>(block), size);
  }
  if (last_->size > static_cast<std::int64_t>(bytes.size()))
    bytes.resize(static_cast<std::size_t>(std::min(last_->size, kMaxDocumentBytes)));
  return bytes;
}

}  // namespace ablate
