// The formats that tables are written in.
#pragma once

#include "config/names.hpp"

namespace ablate {

enum class Format {
  text,      ///< For terminals: aligned, rounded.
  markdown,  ///< For pull requests and notes.
  csv,       ///< RFC 4180, full precision.
  latex,     ///< A booktabs tabular.
  json,      ///< An array of objects, full precision.
};
template <>
std::span<const Named<Format>> names_of<Format>();

}  // namespace ablate
