#include "cli/failure.hpp"

#include <fmt/format.h>

#include <new>
#include <system_error>

#include "util/build_info.hpp"

namespace ablate {

namespace {

Failure defect(const char* what) {
  return {
      ExitCode::internal_error,
      fmt::format("internal error: {}\nThis is a defect of ablate {}, not of your input; please report it "
                  "with the command. Finished jobs are kept.",
                  what, build_info().version)};
}

}  // namespace

Failure describe_failure(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return {ExitCode::user_error, error.what()};
  } catch (const std::system_error& error) {
    return {ExitCode::user_error, error.what()};
  } catch (const std::bad_alloc&) {
    return {ExitCode::internal_error, "out of memory; finished jobs are kept"};
  } catch (const std::exception& error) {
    return defect(error.what());
  } catch (...) {
    return defect("an exception of unknown type");
  }
}

}  // namespace ablate
