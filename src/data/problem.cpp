#include "data/problem.hpp"

#include <fmt/format.h>

namespace ablate {

template <>
std::span<const Named<ProblemKind>> names_of<ProblemKind>() {
  static constexpr Named<ProblemKind> kNames[] = {{"archive", ProblemKind::archive},
                                                  {"image", ProblemKind::image},
                                                  {"image-size", ProblemKind::image_size},
                                                  {"missing-image", ProblemKind::missing_image},
                                                  {"path", ProblemKind::path},
                                                  {"json", ProblemKind::json},
                                                  {"record", ProblemKind::record},
                                                  {"text", ProblemKind::text},
                                                  {"too-large", ProblemKind::too_large}};
  return kNames;
}

std::string to_text(const Problem& problem) {
  return problem.where.empty() ? problem.message : fmt::format("{}: {}", problem.where, problem.message);
}

void fail_document(ProblemKind kind, std::string message) {
  throw BrokenDocument({kind, "", std::move(message)});
}

}  // namespace ablate
