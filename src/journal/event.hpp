// What one attempt tells: the events of a journal, one JSON object a line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/names.hpp"
#include "util/json.hpp"

namespace ablate {

enum class EventKind { started, metric, checkpoint, score, finished, failed };

/// Why an attempt failed, as its own worker says. `out_of_memory` is retried with half the micro-batch; no
/// other kind is retried, since the same configuration would fail again.
enum class FailureKind { config, data, diverged, out_of_memory, error };

template <>
std::span<const Named<EventKind>> names_of<EventKind>();
template <>
std::span<const Named<FailureKind>> names_of<FailureKind>();

/// What an attempt tells, by kind. Fields in brackets may be absent from the line.
struct StartedEvent {
  std::int64_t attempt = 0;      ///< Its number.
  std::int64_t step = 0;         ///< Where it resumes from; 0: from scratch.
  std::int64_t total_steps = 0;  ///< [0]
  Json detail = {};              ///< [{"pid", "host", ...}]
};
struct MetricEvent {
  std::int64_t step = 0;
  std::vector<std::pair<std::string, double>> values;  ///< {"loss": 2.31, "lr": 0.001}
};
struct CheckpointEvent {
  std::int64_t step = 0;
  std::string path;  ///< Relative to the attempt's folder and inside it.
};
struct ScoreEvent {
  std::string name;
  double value = 0;
  std::int64_t n = 0;                         ///< [0] Examples that it was measured on.
  std::optional<double> standard_error = {};  ///< ["stderr"] Where it has one.
  /// [""] Hash of the content of the file with the outcome of each example (AttemptFolder::outcomes());
  /// empty: none kept.
  std::string outcomes = {};
};
struct FinishedEvent {
  std::int64_t step = 0;
  Json detail = {};  ///< [{"seconds", ...}]
};
struct FailedEvent {
  std::int64_t step = 0;  ///< [0]
  FailureKind failure = FailureKind::error;
  std::string message;  ///< [""]
};

/// One line of a journal: {"seq": 7, "time": 1700000000.123456, "event": "metric", ...}. Numbers that are not
/// finite are written as the strings "NaN", "Infinity" and "-Infinity". Counts are at least 0. Names have 1
/// to kMaxNameBytes bytes and no control characters.
struct Event {
  std::int64_t seq = 0;  ///< 1, 2, 3, ... within one journal.
  double time = 0;       ///< Seconds since 1970 (UTC).
  /// In the order of EventKind.
  std::variant<StartedEvent, MetricEvent, CheckpointEvent, ScoreEvent, FinishedEvent, FailedEvent> what = {};

  EventKind kind() const { return static_cast<EventKind>(what.index()); }
  /// Null for another kind of event.
  template <typename T>
  const T* find() const {
    return std::get_if<T>(&what);
  }
  /// The step that it was told at; a score has none.
  std::optional<std::int64_t> step() const;
};

constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kMaxMessageBytes = 8192;           ///< Longer messages are cut when they are written.
constexpr std::int64_t kMaxSeq = std::int64_t{1} << 53;  ///< Exact in every JSON reader.

/// The line without its newline. Bytes that are not valid UTF-8 are replaced.
std::string format_event(const Event& event);

/// What became of one line.
enum class LineKind { event, unknown_event, malformed };

/// Reads one line into `event`. A line that is no JSON object, lacks a field of its kind or has one of the
/// wrong type is malformed; a well-formed one with another event name is unknown (a newer worker's: skipped,
/// and counted). For both, `seq` is set when the line is whole JSON and has one. Never throws: journals are
/// untrusted.
LineKind parse_event(std::string_view line, Event& event);

}  // namespace ablate
