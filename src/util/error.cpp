#include "util/error.hpp"

#include "util/text.hpp"

namespace ablate {

Error::Error(const std::string& message) : std::runtime_error(printable_lines(message)) {}

}  // namespace ablate
