// Lets one SQL statement read, and nothing else, for a limited time.
#pragma once

#include <string>

struct sqlite3;

namespace ablate {

/// While it lives, a connection refuses whatever is not reading: every writing statement, ATTACH, VACUUM
/// INTO, writing pragmas, transactions, loading of extensions; and it stops a statement that takes longer
/// than `seconds` (0: any).
class ReadingGuard {
 public:
  ReadingGuard(sqlite3* sqlite, double seconds);
  ~ReadingGuard();
  ReadingGuard(const ReadingGuard&) = delete;
  ReadingGuard& operator=(const ReadingGuard&) = delete;

  /// What was refused, in words: "INSERT into job"; empty: nothing.
  const std::string& refused() const { return refused_; }
  bool timed_out() const { return timed_out_; }

 private:
  static int authorize(void* self, int action, const char* first, const char* second, const char* database,
                       const char* trigger);
  static int check_time(void* self);
  sqlite3* sqlite_;
  std::string refused_;
  double deadline_;  ///< Of the monotonic clock; 0: none.
  bool timed_out_ = false;
};

}  // namespace ablate
