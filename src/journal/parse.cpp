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
  failure,
  message,
  detail,
  other
};

Key find_key(std::string_view text) {
  static constexpr std::pair<std::string_view, Key> kKeys[] = {{"seq", Key::seq},
                                                               {"time", Key::time},
                                                               {"event", Key::event},
                                                               {"step", Key::step},
                                                               {"values", Key::values},
                                                               {"attempt", Key::attempt},
                                                               {"path", Key::path},
                                                               {"name", Key::name},
                                                               {"total_steps", Key::total_steps},
                                                               {"value", Key::value},
                                                               {"n", Key::n},
                                                               {"stderr", Key::standard_error},
                                                               {"detail", Key::detail},
                                                               {"failure", Key::failure},
                                                               {"message", Key::message}};
  for (const auto& [name, key] : kKeys)
    if (text == name) return key;
  return Key::other;
}

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
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

/// Takes the line's top-level fields and the entries of `values` straight from nlohmann's parser (which does
/// not recurse), without building a tree. A false return stops the parser.
class FieldReader final : public nlohmann::json_sax<Json> {
 public:
  explicit FieldReader(Event& event) : event_(event) { event_.values.clear(); }

  bool has(Key key) const { return seen_ & bit(key); }
  bool has(std::initializer_list<Key> keys) const {
    return std::all_of(keys.begin(), keys.end(), [this](Key key) { return has(key); });
  }
  bool ok() const { return ok_; }
  const std::string& kind() const { return kind_; }
  const std::string& failure() const { return failure_; }

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
        return take(kind_, text);
      case Key::failure:
        return take(failure_, text);
      case Key::path:
        return take(event_.path, text);
      case Key::name:
        return take(event_.name, text);
      case Key::message:
        return take(event_.message, text);
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
      event_.values.clear();
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
    event_.values.emplace_back(value_name_, value);
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
        return value >= 1 ? set(event_.seq, value) : on_wrong_type();
      case Key::attempt:
        return set_count(event_.attempt, value);
      case Key::step:
        return set_count(event_.step, value);
      case Key::total_steps:
        return set_count(event_.total_steps, value);
      case Key::n:
        return set_count(event_.n, value);
      default:
        return on_real(static_cast<double>(value));
    }
  }
  bool on_real(double value) {
    if (depth_ == 2 && in_values_) return add_value(value);
    if (depth_ != 1) return on_wrong_type();
    switch (key_) {
      case Key::time:
        return set(event_.time, value);
      case Key::value:
        return set(event_.value, value);
      case Key::standard_error:
        event_.standard_error = value;
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

  Event& event_;
  std::string kind_, failure_, value_name_;
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

bool is_complete(const FieldReader& fields, Event& event) {
  switch (event.kind) {
    case EventKind::started:
      return fields.has({Key::attempt, Key::step});
    case EventKind::metric:
      return fields.has({Key::step, Key::values});
    case EventKind::checkpoint:
      return fields.has({Key::step, Key::path}) && is_inside(event.path);
    case EventKind::score:
      return fields.has({Key::name, Key::value}) && is_name(event.name);
    case EventKind::finished:
      return fields.has(Key::step);
    case EventKind::failed:
      for (const Named<FailureKind>& entry : names_of<FailureKind>())
        if (fields.failure() == entry.name) {
          event.failure = entry.value;
          return true;
        }
      return false;
  }
  return false;
}

LineKind parse_line(std::string_view line, Event& event) {
  // The parser takes a zero byte for the end of its input.
  if (line.find('\0') != std::string_view::npos) return LineKind::malformed;
  FieldReader fields(event);
  if (!Json::sax_parse(line, &fields)) {
    event.seq = 0;  // the number of half a line may come again, on a whole one
    return LineKind::malformed;
  }
  if (!fields.has({Key::seq, Key::event})) return LineKind::malformed;
  const auto kind = find_kind(fields.kind());
  if (!kind) return LineKind::unknown_event;
  event.kind = *kind;
  if (!fields.ok() || !fields.has(Key::time) || !is_complete(fields, event)) return LineKind::malformed;
  // Rare lines: a tree for the one field that nests.
  if (fields.has(Key::detail)) event.detail = Json::parse(line)["detail"];
  return LineKind::event;
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
