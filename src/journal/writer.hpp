// Appends events to an attempt's journal.
#pragma once

#include <filesystem>
#include <memory>

#include "journal/event.hpp"

namespace ablate {

/// The journal of a running attempt: `FOLDER/journal.jsonl`. Events are numbered and time-stamped here,
/// buffered, and written at least once a second (by a thread of its own, so that a long step does not hold
/// them back); checkpoint, score, finished and failed are written at once and fsynced. A journal that is
/// already there is continued after its last whole line. Thread-safe.
class JournalWriter {
 public:
  explicit JournalWriter(const std::filesystem::path& folder);
  ~JournalWriter();  ///< Writes what is left, where it can.
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  /// `event.seq` and `event.time` are set here. Throws Error when the disk refuses (full, read-only), now or
  /// since the last call. An event that was refused at its turn may still be written later; one that was not
  /// taken uses up no number.
  void write(Event event);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ablate
