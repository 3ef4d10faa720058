#include "config/value.hpp"

#include <fmt/format.h>

#include "util/text.hpp"

namespace ablate {

namespace {

template <typename T>
std::string list_text(const std::vector<T>& items) {
  std::vector<std::string> texts;
  for (const T& item : items) texts.push_back(to_text(Value(item)));
  return fmt::format("[{}]", join(texts, ", "));
}

}  // namespace

std::string to_text(const Value& value) {
  struct Visitor {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return fmt::format("{}", v); }
    std::string operator()(double v) const { return shortest(v); }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(const std::vector<double>& v) const { return list_text(v); }
    std::string operator()(const std::vector<std::int64_t>& v) const { return list_text(v); }
    std::string operator()(const std::vector<std::string>& v) const { return list_text(v); }
  };
  return std::visit(Visitor{}, value);
}

}  // namespace ablate
