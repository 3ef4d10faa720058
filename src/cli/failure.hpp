// What the program says when a command ended with an exception, and what it leaves with.
#pragma once

#include <exception>
#include <string>

#include "util/error.hpp"

namespace ablate {

struct Failure {
  ExitCode code = ExitCode::internal_error;
  std::string message;  ///< Without "ablate: ".
};

/// Error and what the operating system refused (std::system_error) are a user's to mend. Anything else is a
/// defect of ours: it must not pass for wrong input, since nobody knows what was changed before it.
Failure describe_failure(const std::exception_ptr& exception);

}  // namespace ablate
