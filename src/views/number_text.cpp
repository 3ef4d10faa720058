#include "views/number_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ablate {

int digits_for(double size) {
  if (!(size > 0) || !std::isfinite(size)) return 4;
  return std::clamp(1 - static_cast<int>(std::floor(std::log10(size))), 0, 9);
}

std::string with_digits(double value, int digits) {
  const std::string text = fmt::format("{:.{}f}", value, digits);
  return text.find_first_not_of("-0.") == text.npos && text.front() == '-' ? text.substr(1) : text;
}

std::string signed_number(double value, int digits) {
  const std::string text = with_digits(value, digits);
  const bool is_zero = text.find_first_not_of("0.") == text.npos;
  return value > 0 && !is_zero ? "+" + text : text;
}

std::string signed_bound(double value, int digits) {
  const std::string text = signed_number(value, digits);
  const bool is_zero = text.find_first_not_of("0.") == text.npos;
  return is_zero && value != 0 ? fmt::format("{:+.1g}", value) : text;
}

}  // namespace ablate
