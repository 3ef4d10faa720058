#include "schedule/watch.hpp"

#include <fmt/format.h>

#include "util/text.hpp"

namespace ablate {

void Watch::start(double now) {
  is_queued = false;
  started = grew_at = now;
}

Overdue find_overdue(const Watch& watch, const ScheduleOptions& options, double now) {
  if (watch.is_queued) return {};
  const auto larger = [](const char* what, std::int64_t limit) {
    return fmt::format("{} is larger than {}", what, human_bytes(static_cast<double>(limit)));
  };
  if (watch.journal_bytes > options.max_journal_bytes)
    return {.reason = StopReason::flood, .message = larger("journal.jsonl", options.max_journal_bytes)};
  if (watch.log_bytes > options.max_log_bytes)
    return {.reason = StopReason::flood, .message = larger("log.txt", options.max_log_bytes)};
  if (options.timeout > 0 && now - watch.started >= options.timeout)
    return {.reason = StopReason::timeout,
            .message = "took longer than " + human_duration(options.timeout) + " (timeout)"};
  if (options.heartbeat > 0 && now - watch.grew_at >= options.heartbeat)
    return {.reason = StopReason::heartbeat,
            .message = "journal did not grow for " + human_duration(options.heartbeat) + " (heartbeat)"};
  return {};
}

}  // namespace ablate
