// Reads a journal as it grows, from any byte on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "journal/event.hpp"

namespace ablate {

/// Where a reader stands in a journal: kept in the database beside the rows that it led to, in the same
/// transaction, so that every event counts exactly once whatever dies when.
struct JournalPosition {
  std::int64_t offset =
      0;  ///< Bytes read; just after a newline, or inside a line that was given up: its rest is skipped.
  std::int64_t last_seq = 0;  ///< The highest sequence number seen.
};

/// Lines that gave no event, by reason. All zero for a healthy journal.
struct JournalFaults {
  std::int64_t repeated = 0;  ///< Sequence number seen before: skipped.
  std::int64_t missing =
      0;  ///< Sequence numbers jumped over (those of malformed lines too): what follows is read.
  std::int64_t unknown = 0;    ///< Unknown event name: skipped.
  std::int64_t malformed = 0;  ///< Not valid, or longer than kMaxLineBytes: skipped.
  std::int64_t torn = 0;       ///< Half-written last line of a process that has died: dropped.
  JournalFaults& operator+=(const JournalFaults& other);
  bool any() const { return repeated || missing || unknown || malformed || torn; }
};

constexpr std::int64_t kMaxLineBytes = 1 << 20;

struct JournalChunk {
  std::vector<Event> events;
  JournalPosition position;  ///< Where to read on.
  JournalFaults faults;
  bool more = false;            ///< The file goes on: max_bytes was reached.
  std::int64_t file_bytes = 0;  ///< Its size when it was read.
};

/// Reads whole lines from `from` on, at most about `max_bytes` of them. A last line without its newline is
/// left for the next call, unless `ended` says that the writer is gone: then it is read if it is whole JSON
/// and counted as torn if it is not. Needs memory for about max(max_bytes, kMaxLineBytes), whatever is in the
/// file. Empty lines do not count. A journal that does not exist is empty; one that is shorter than
/// `from.offset` has been tampered with: throws Error.
JournalChunk read_journal(const std::filesystem::path& file, const JournalPosition& from, bool ended,
                          std::int64_t max_bytes = 4 << 20);

}  // namespace ablate
