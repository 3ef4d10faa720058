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

void put_values(Line& line, const Event& event) {
  put(line, ",\"values\":{");
  for (std::size_t i = 0; i < event.values.size(); ++i) {
    put_string(line, i ? "," : "", event.values[i].first);
    put(line, ":");
    put_number(line, event.values[i].second);
  }
  put(line, "}");
}

void put_score(Line& line, const Event& event) {
  put_string(line, ",\"name\":", event.name);
  put(line, ",\"value\":");
  put_number(line, event.value);
  put_integer(line, ",\"n\":", event.n);
  if (event.standard_error) {
    put(line, ",\"stderr\":");
    put_number(line, *event.standard_error);
  }
}

void put_detail(Line& line, const Event& event) {
  if (!event.detail.is_object()) return;
  put(line, ",\"detail\":");
  put_json(line, event.detail);
}

}  // namespace

std::string format_event(const Event& event) {
  Line line;
  fmt::format_to(std::back_inserter(line), "{{\"seq\":{},\"time\":{:.6f},\"event\":\"{}\"", event.seq,
                 event.time, to_name(event.kind));
  if (event.kind == EventKind::started) put_integer(line, ",\"attempt\":", event.attempt);
  if (event.kind != EventKind::score) put_integer(line, ",\"step\":", event.step);
  switch (event.kind) {
    case EventKind::started:
      put_integer(line, ",\"total_steps\":", event.total_steps);
      put_detail(line, event);
      break;
    case EventKind::metric:
      put_values(line, event);
      break;
    case EventKind::checkpoint:
      put_string(line, ",\"path\":", event.path);
      break;
    case EventKind::score:
      put_score(line, event);
      break;
    case EventKind::finished:
      put_detail(line, event);
      break;
    case EventKind::failed:
      put_string(line, ",\"failure\":", to_name(event.failure));
      put_string(line, ",\"message\":", std::string_view(event.message).substr(0, kMaxMessageBytes));
      break;
  }
  put(line, "}");
  return fmt::to_string(line);
}

}  // namespace ablate
