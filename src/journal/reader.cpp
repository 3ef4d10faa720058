#include "journal/reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "util/error.hpp"
#include "util/file.hpp"

namespace ablate {

namespace {

[[noreturn]] void fail_reading(const std::filesystem::path& file) {
  throw Error(fmt::format("{}: cannot be read: {}", file.string(), std::strerror(errno)));
}

/// `size` bytes from `offset` on; fewer when the file has become shorter.
std::string read_block(const Fd& fd, const std::filesystem::path& file, std::int64_t offset,
                       std::int64_t size) {
  std::string block(static_cast<std::size_t>(size), '\0');
  std::size_t at = 0;
  while (at < block.size()) {
    const ssize_t count =
        ::pread(fd.get(), block.data() + at, block.size() - at, offset + static_cast<std::int64_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_reading(file);
    if (count == 0) break;
    at += static_cast<std::size_t>(count);
  }
  block.resize(at);
  return block;
}

/// Sequence numbers must rise: one seen before is skipped, one further on means that lines are missing.
void add_numbered(JournalChunk& chunk, LineKind kind, Event& event) {
  std::int64_t& last_seq = chunk.position.last_seq;
  if (event.seq <= last_seq) {
    ++chunk.faults.repeated;
    return;
  }
  chunk.faults.missing += event.seq - last_seq - 1;
  last_seq = event.seq;
  if (kind == LineKind::unknown_event)
    ++chunk.faults.unknown;
  else
    chunk.events.push_back(std::move(event));
}

/// `malformed`: the fault that a line which is not valid counts as.
void add_line(JournalChunk& chunk, std::string_view line, std::int64_t& malformed) {
  if (line.empty()) return;
  Event event;
  const LineKind kind = parse_event(line, event);
  if (kind != LineKind::malformed) return add_numbered(chunk, kind, event);
  ++malformed;
  // Its number is believed only where it is the one expected: a garbled one must not make good lines look
  // repeated.
  if (event.seq == chunk.position.last_seq + 1) chunk.position.last_seq = event.seq;
}

/// Whether an earlier call stopped inside a line: one that was too long, or torn.
bool stopped_inside_line(const Fd& fd, const std::filesystem::path& file, std::int64_t offset) {
  return offset > 0 && read_block(fd, file, offset - 1, 1) != "\n";
}

}  // namespace

JournalFaults& JournalFaults::operator+=(const JournalFaults& other) {
  repeated += other.repeated;
  missing += other.missing;
  unknown += other.unknown;
  malformed += other.malformed;
  torn += other.torn;
  return *this;
}

JournalChunk read_journal(const std::filesystem::path& file, const JournalPosition& from, bool ended,
                          std::int64_t max_bytes) {
  JournalChunk chunk;
  chunk.position = from;
  // O_NONBLOCK: a pipe in the journal's place must not hold up the reader.
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd && errno == ENOENT && from.offset == 0) return chunk;
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) fail_reading(file);
  if (!S_ISREG(info.st_mode)) throw Error(fmt::format("{}: is not a regular file", file.string()));
  chunk.file_bytes = info.st_size;
  if (info.st_size < from.offset)
    throw Error(fmt::format("{}: is {} bytes long, but {} were read before; a journal only grows",
                            file.string(), info.st_size, from.offset));
  if (info.st_size == from.offset) return chunk;

  // One byte more than the longest line: a block without a newline then proves that its line is too long.
  const std::int64_t wanted = std::max(max_bytes, kMaxLineBytes + 1);
  const std::string block = read_block(fd, file, from.offset, std::min(wanted, info.st_size - from.offset));
  const bool at_end = from.offset + static_cast<std::int64_t>(block.size()) >= info.st_size;
  std::string_view rest = block;
  const auto consume = [&](std::size_t bytes) {
    rest.remove_prefix(bytes);
    chunk.position.offset += static_cast<std::int64_t>(bytes);
  };

  if (stopped_inside_line(fd, file, from.offset)) consume(std::min(rest.find('\n'), rest.size() - 1) + 1);
  while (!rest.empty() && chunk.position.offset - from.offset < max_bytes) {
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    if (length > static_cast<std::size_t>(kMaxLineBytes)) {
      ++chunk.faults.malformed;
      consume(std::min(length + 1, rest.size()));
    } else if (length < rest.size()) {
      add_line(chunk, rest.substr(0, length), chunk.faults.malformed);
      consume(length + 1);
    } else if (ended && at_end) {
      add_line(chunk, rest, chunk.faults.torn);
      consume(length);
    } else {
      break;
    }
  }
  // A half line that is left is no reason to call again, unless the block only cut it.
  chunk.more = !at_end || rest.find('\n') != std::string_view::npos || (ended && !rest.empty());
  return chunk;
}

}  // namespace ablate
