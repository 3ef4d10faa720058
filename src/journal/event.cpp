#include "journal/event.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace ablate {

template <>
std::span<const Named<EventKind>> names_of<EventKind>() {
  using enum EventKind;
  static constexpr Named<EventKind> kTable[] = {{"started", started},       {"metric", metric},
                                                {"checkpoint", checkpoint}, {"score", score},
                                                {"finished", finished},     {"failed", failed}};
  return kTable;
}

template <>
std::span<const Named<FailureKind>> names_of<FailureKind>() {
  using enum FailureKind;
  static constexpr Named<FailureKind> kTable[] = {{"config", config},
                                                  {"data", data},
                                                  {"diverged", diverged},
                                                  {"out-of-memory", out_of_memory},
                                                  {"error", error}};
  return kTable;
}

namespace {

using Line = fmt::memory_buffer;

void put(Line& line, std::string_view text) { line.append(text.data(), text.data() + text.size()); }

void put_json(Line& line, const Json& json) {
  put(line, json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void put_string(Line& line, std::string_view key, std::string_view text) {
  put(line, key);
  put_json(line, Json(text));
}

void put_number(Line& line, double value) {
  if (std::isfinite(value)) return void(fmt::format_to(std::back_inserter(line), "{}", value));
  put(line, std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

void put_integer(Line& line, std::string_view key, std::int64_t value) {
  put(line, key);
  fmt::format_to(std::back_inserter(line), "{}", value);
}

void put_detail(Line& line, const Json& detail) {
  if (!detail.is_object()) return;
  put(line, ",\"detail\":");
  put_json(line, detail);
}

/// The fields of each kind of event.
struct FieldWriter {
  Line& line;

  void operator()(const StartedEvent& started) const {
    put_integer(line, ",\"attempt\":", started.attempt);
    put_integer(line, ",\"step\":", started.step);
    put_integer(line, ",\"total_steps\":", started.total_steps);
    put_detail(line, started.detail);
  }
  void operator()(const MetricEvent& metric) const {
    put_integer(line, ",\"step\":", metric.step);
    put(line, ",\"values\":{");
    for (std::size_t i = 0; i < metric.values.size(); ++i) {
      put_string(line, i ? "," : "", metric.values[i].first);
      put(line, ":");
      put_number(line, metric.values[i].second);
    }
    put(line, "}");
  }
  void operator()(const CheckpointEvent& checkpoint) const {
    put_integer(line, ",\"step\":", checkpoint.step);
    put_string(line, ",\"path\":", checkpoint.path);
  }
  void operator()(const ScoreEvent& score) const {
    put_string(line, ",\"name\":", score.name);
    put(line, ",\"value\":");
    put_number(line, score.value);
    put_integer(line, ",\"n\":", score.n);
    if (score.standard_error) {
      put(line, ",\"stderr\":");
      put_number(line, *score.standard_error);
    }
    if (!score.outcomes.empty()) put_string(line, ",\"outcomes\":", score.outcomes);
  }
  void operator()(const FinishedEvent& finished) const {
    put_integer(line, ",\"step\":", finished.step);
    put_detail(line, finished.detail);
  }
  void operator()(const FailedEvent& failed) const {
    put_integer(line, ",\"step\":", failed.step);
    put_string(line, ",\"failure\":", to_name(failed.failure));
    put_string(line, ",\"message\":", std::string_view(failed.message).substr(0, kMaxMessageBytes));
  }
};

}  // namespace

std::optional<std::int64_t> Event::step() const {
  return std::visit(
      [](const auto& event) -> std::optional<std::int64_t> {
        if constexpr (requires { event.step; })
          return event.step;
        else
          return std::nullopt;
      },
      what);
}

std::string format_event(const Event& event) {
  Line line;
  fmt::format_to(std::back_inserter(line), "{{\"seq\":{},\"time\":{:.6f},\"event\":\"{}\"", event.seq,
                 event.time, to_name(event.kind()));
  std::visit(FieldWriter{line}, event.what);
  put(line, "}");
  return fmt::to_string(line);
}

}  // namespace ablate
