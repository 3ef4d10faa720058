#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "journal/event.hpp"

namespace ablate {

namespace {

/// Brackets within brackets that a line may have: `detail` is the only field that nests at all.
constexpr int kMaxDepth = 32;

enum class Key {
  seq,
  time,
  event,
  attempt,
  step,
  total_steps,
  values,
  path,
  name,
  value,
  n,
  standard_error,
  outcomes,
  failure,
  message,
  detail,
  other
};

Key find_key(std::string_view text) {
  static constexpr std::pair<std::string_view, Key> kKeys[] = {
      {"seq", Key::seq},           {"time", Key::time},     {"event", Key::event},
      {"step", Key::step},         {"values", Key::values}, {"attempt", Key::attempt},
      {"path", Key::path},         {"name", Key::name},     {"total_steps", Key::total_steps},
      {"value", Key::value},       {"n", Key::n},           {"stderr", Key::standard_error},
      {"outcomes", Key::outcomes}, {"detail", Key::detail}, {"failure", Key::failure},
      {"message", Key::message}};
  for (const auto& [name, key] : kKeys)
    if (text == name) return key;
  return Key::other;
}

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

/// Whether it is one of ours: 32 hexadecimal digits (util/hash.hpp).
bool is_hash(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

/// Whether a path stays inside the folder that it is relative to.
bool is_inside(const std::string& text) {
  const std::filesystem::path path(text);
  return !text.empty() && text.find('\0') == std::string::npos && path.is_relative() &&
         std::find(path.begin(), path.end(), "..") == path.end();
}

std::optional<double> special_number(const std::string& text) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return kInfinity;
  if (text == "-Infinity") return -kInfinity;
  return std::nullopt;
}

/// The fields of any kind of event.
struct LineFields {
  std::int64_t seq = 0;
  double time = 0;
  std::string kind, failure;  // by name
  std::int64_t attempt = 0, step = 0, total_steps = 0, n = 0;
  std::vector<std::pair<std::string, double>> values;
  std::string path, name, outcomes, message;
  double value = 0;
  std::optional<double> standard_error;
};

/// Takes the line's top-level fields and the entries of `values` straight from nlohmann's parser (which does
/// not recurse), without building a tree. A false return stops the parser.
class FieldReader final : public nlohmann::json_sax<Json> {
 public:
  LineFields& fields() { return fields_; }
  bool has(Key key) const { return seen_ & bit(key); }
  bool has(std::initializer_list<Key> keys) const {
    return std::all_of(keys.begin(), keys.end(), [this](Key key) { return has(key); });
  }
  bool ok() const { return ok_; }

  bool number_integer(std::int64_t value) override { return on_integer(value); }
  bool number_unsigned(std::uint64_t value) override {
    if (value <= static_cast<std::uint64_t>(kMaxSeq)) return on_integer(static_cast<std::int64_t>(value));
    return on_real(static_cast<double>(value));
  }
  bool number_float(double value, const std::string&) override { return on_real(value); }
  bool null() override { return on_wrong_type(); }
  bool boolean(bool) override { return on_wrong_type(); }
  bool binary(Json::binary_t&) override { return false; }

  bool string(std::string& text) override {
    if (depth_ == 2 && in_values_) {
      const auto number = special_number(text);
      return number ? add_value(*number) : on_wrong_type();
    }
    if (depth_ != 1) return on_wrong_type();
    switch (key_) {
      case Key::event:
        return take(fields_.kind, text);
      case Key::failure:
        return take(fields_.failure, text);
      case Key::path:
        return take(fields_.path, text);
      case Key::name:
        return take(fields_.name, text);
      case Key::outcomes:
        return take(fields_.outcomes, text);
      case Key::message:
        return take(fields_.message, text);
      case Key::value:
      case Key::standard_error: {
        const auto number = special_number(text);
        return number ? on_real(*number) : on_wrong_type();
      }
      default:
        return on_wrong_type();
    }
  }

  bool start_object(std::size_t) override {
    ++depth_;
    if (depth_ == 2 && key_ == Key::values) {
      in_values_ = true;
      fields_.values.clear();
      mark();
    } else if (depth_ == 2 && key_ == Key::detail) {
      mark();
    } else if ((depth_ == 2 && key_ != Key::other) || in_values_) {
      ok_ = false;
    }
    return depth_ <= kMaxDepth;
  }
  bool key(std::string& text) override {
    if (depth_ == 1) key_ = find_key(text);
    if (depth_ == 2 && in_values_) {
      if (!is_name(text)) ok_ = false;
      value_name_.swap(text);
    }
    return true;
  }
  bool end_object() override {
    if (--depth_ == 1) in_values_ = false;
    return true;
  }
  bool start_array(std::size_t) override {
    if (++depth_ == 1) return false;  // the line itself must be an object
    if ((depth_ == 2 && key_ != Key::other) || in_values_) ok_ = false;
    return depth_ <= kMaxDepth;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  static unsigned bit(Key key) { return 1u << static_cast<unsigned>(key); }
  bool mark() {
    seen_ |= bit(key_);
    return true;
  }
  bool take(std::string& field, std::string& text) {
    field.swap(text);
    return mark();
  }
  bool add_value(double value) {
    fields_.values.emplace_back(value_name_, value);
    return true;
  }
  /// The line goes on being read, for its `seq`; a field that no kind knows may have any type.
  bool on_wrong_type() {
    if (in_values_ || (depth_ == 1 && key_ != Key::other)) ok_ = false;
    return depth_ != 0;
  }
  bool on_integer(std::int64_t value) {
    if (depth_ == 2 && in_values_) return add_value(static_cast<double>(value));
    if (depth_ != 1) return on_wrong_type();
    switch (key_) {
      case Key::seq:
        return value >= 1 ? set(fields_.seq, value) : on_wrong_type();
      case Key::attempt:
        return set_count(fields_.attempt, value);
      case Key::step:
        return set_count(fields_.step, value);
      case Key::total_steps:
        return set_count(fields_.total_steps, value);
      case Key::n:
        return set_count(fields_.n, value);
      default:
        return on_real(static_cast<double>(value));
    }
  }
  bool on_real(double value) {
    if (depth_ == 2 && in_values_) return add_value(value);
    if (depth_ != 1) return on_wrong_type();
    switch (key_) {
      case Key::time:
        return set(fields_.time, value);
      case Key::value:
        return set(fields_.value, value);
      case Key::standard_error:
        fields_.standard_error = value;
        return mark();
      default:
        return on_wrong_type();
    }
  }
  template <typename T>
  bool set(T& field, T value) {
    field = value;
    return mark();
  }
  bool set_count(std::int64_t& field, std::int64_t value) {
    return value >= 0 && value <= kMaxSeq ? set(field, value) : on_wrong_type();
  }

  LineFields fields_;
  std::string value_name_;
  Key key_ = Key::other;
  unsigned seen_ = 0;
  int depth_ = 0;
  bool in_values_ = false;
  bool ok_ = true;
};

std::optional<EventKind> find_kind(const std::string& name) {
  for (const Named<EventKind>& entry : names_of<EventKind>())
    if (name == entry.name) return entry.value;
  return std::nullopt;
}

std::optional<FailureKind> find_failure(const std::string& name) {
  for (const Named<FailureKind>& entry : names_of<FailureKind>())
    if (name == entry.name) return entry.value;
  return std::nullopt;
}

/// Puts what the line says into `event`; false when it lacks something.
bool fill(FieldReader& reader, EventKind kind, Json detail, Event& event) {
  LineFields& line = reader.fields();
  switch (kind) {
    case EventKind::started:
      event.what = StartedEvent{line.attempt, line.step, line.total_steps, std::move(detail)};
      return reader.has({Key::attempt, Key::step});
    case EventKind::metric:
      event.what = MetricEvent{line.step, std::move(line.values)};
      return reader.has({Key::step, Key::values});
    case EventKind::checkpoint:
      event.what = CheckpointEvent{line.step, std::move(line.path)};
      return reader.has({Key::step, Key::path}) && is_inside(event.find<CheckpointEvent>()->path);
    case EventKind::score:
      event.what =
          ScoreEvent{std::move(line.name), line.value, line.n, line.standard_error, std::move(line.outcomes)};
      return reader.has({Key::name, Key::value}) && is_name(event.find<ScoreEvent>()->name) &&
             (!reader.has(Key::outcomes) || is_hash(event.find<ScoreEvent>()->outcomes));
    case EventKind::finished:
      event.what = FinishedEvent{line.step, std::move(detail)};
      return reader.has(Key::step);
    case EventKind::failed:
      const auto failure = find_failure(line.failure);
      event.what = FailedEvent{line.step, failure.value_or(FailureKind::error), std::move(line.message)};
      return failure.has_value();
  }
  return false;
}

LineKind parse_line(std::string_view line, Event& event) {
  // The parser takes a zero byte for the end of its input.
  if (line.find('\0') != std::string_view::npos) return LineKind::malformed;
  FieldReader reader;
  // The number of half a line may come again, on a whole one.
  if (!Json::sax_parse(line, &reader)) return LineKind::malformed;
  event.seq = reader.fields().seq;
  event.time = reader.fields().time;
  if (!reader.has({Key::seq, Key::event})) return LineKind::malformed;
  const auto kind = find_kind(reader.fields().kind);
  if (!kind) return LineKind::unknown_event;
  if (!reader.ok() || !reader.has(Key::time)) return LineKind::malformed;
  // Rare lines: a tree for the one field that nests.
  Json detail;
  if (reader.has(Key::detail)) detail = Json::parse(line)["detail"];
  return fill(reader, *kind, std::move(detail), event) ? LineKind::event : LineKind::malformed;
}

}  // namespace

LineKind parse_event(std::string_view line, Event& event) {
  event = Event{};
  try {
    return parse_line(line, event);
  } catch (const std::exception&) {
    return LineKind::malformed;
  }
}

}  // namespace ablate
