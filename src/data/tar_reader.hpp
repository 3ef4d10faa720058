// Members of a tar archive, from any header on, without reading what is not asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

struct archive;

namespace ablate {

struct TarMember {
  std::string name;
  std::int64_t header = 0;  ///< Byte at which its header starts, extension headers included.
  std::int64_t size = 0;    ///< Bytes of content. A damaged archive may claim any number.
  bool is_file = false;     ///< Not a folder, link or device.
};

/// What stands after `byte` cannot be read.
struct TarDamage : std::runtime_error {
  TarDamage(std::int64_t at, bool whole, const std::string& what)
      : std::runtime_error(what), byte(at), last_is_whole(whole) {}
  std::int64_t byte;
  bool last_is_whole;  ///< The damage lies after the member that `next` returned last.
};

/// Reads bytes `from` to `end` of an open file in blocks of at most `block_bytes`; content that nobody reads
/// is passed over. The file stays the caller's.
class TarReader {
 public:
  TarReader(int fd, std::int64_t from, std::int64_t end, std::int64_t block_bytes);
  ~TarReader();
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  /// The next member, or nothing after the last. Throws TarDamage.
  std::optional<TarMember> next();
  /// The content of the member that `next` returned last, of at most kMaxDocumentBytes. Throws TarDamage.
  std::string read();
  /// Byte after the last member, once `next` returned nothing or threw.
  std::int64_t position() const { return position_; }

 private:
  struct Input;
  void pass_over();
  [[noreturn]] void fail_header(const std::string& reason);

  std::unique_ptr<Input> input_;
  struct archive* archive_ = nullptr;
  std::int64_t from_ = 0, end_ = 0, position_ = 0;
  std::int64_t content_ = 0;  ///< Where the content of the last member starts.
  std::optional<TarMember> last_;
  bool is_sparse_ = false, is_read_ = false;
};

}  // namespace ablate
