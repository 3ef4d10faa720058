// What can be wrong with one document of a user's data: named, counted, never fatal by itself.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "config/names.hpp"
#include "util/error.hpp"

namespace ablate {

enum class ProblemKind {
  archive,        ///< A tar shard that is cut short or damaged; what stands after the damage is lost.
  image,          ///< A picture that cannot be decoded: truncated, damaged or of an unknown format.
  image_size,     ///< A picture of more than kMaxPixels.
  missing_image,  ///< A record names a picture that is not there, or only by a URL.
  path,           ///< A name that leaves its folder or archive.
  json,           ///< Text that is no JSON.
  record,         ///< JSON of a form that no reader knows, or with fields missing or of a wrong type.
  text,           ///< Text that is empty or no UTF-8.
  too_large       ///< A document of more than kMaxDocumentBytes.
};

template <>
std::span<const Named<ProblemKind>> names_of<ProblemKind>();

struct Problem {
  ProblemKind kind = ProblemKind::record;
  std::string where;    ///< "shards/a-000.tar: 000123.json", "docs.jsonl: byte 4711".
  std::string message;  ///< What was found, and what was expected.
};

/// "shards/a-000.tar: 000123.json: ...".
std::string to_text(const Problem& problem);

/// Thrown while one document is read or decoded; the stream counts it and goes on with the next.
struct BrokenDocument : std::runtime_error {
  explicit BrokenDocument(Problem what) : std::runtime_error(to_text(what)), problem(std::move(what)) {}
  Problem problem;
};

/// Throws BrokenDocument without a place: `at_place` names it, where it is known.
[[noreturn]] void fail_document(ProblemKind kind, std::string message);

/// What `read` returns. A BrokenDocument that comes out of it without a place gets `where`.
template <typename Read>
auto at_place(const std::string& where, const Read& read) {
  try {
    return read();
  } catch (BrokenDocument& broken) {
    if (!broken.problem.where.empty()) throw;
    throw BrokenDocument({broken.problem.kind, where, std::move(broken.problem.message)});
  }
}

/// Data with which no job can go on: nothing readable in it, or too much of it broken. A worker reports it as
/// FailureKind::data.
struct DataError : Error {
  using Error::Error;
};

}  // namespace ablate
