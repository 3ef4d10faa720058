#include "report/format.hpp"

namespace ablate {

template <>
std::span<const Named<Format>> names_of<Format>() {
  using enum Format;
  static constexpr Named<Format> kTable[] = {
      {"text", text}, {"markdown", markdown}, {"csv", csv}, {"latex", latex}, {"json", json}};
  return kTable;
}

}  // namespace ablate
