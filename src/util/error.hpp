// The one exception for what a user can mend.
#pragma once

#include <stdexcept>
#include <string>

namespace ablate {

/// Thrown for anything a user can mend: a file that cannot be read, a wrong value, a held lock. The message
/// says where, what was found and what was expected. Programs print `ablate: <message>` and exit with
/// ExitCode::user_error. Messages quote files and words of others: what() has them as printable_lines() does.
struct Error : std::runtime_error {
  explicit Error(const std::string& message);
};

/// What every program of Ablate returns to the shell.
enum ExitCode : int {
  done = 0,             ///< All that was asked for is done.
  jobs_failed = 1,      ///< The sweep ran, but some of its jobs failed.
  user_error = 2,       ///< The input was wrong; nothing was changed.
  claim_undecided = 3,  ///< `ablate claims`: no claim is refuted, and not all are supported.
  claim_refuted = 4,    ///< `ablate claims`: one is refuted.
  internal_error = 70,  ///< A defect of Ablate, or no memory (EX_SOFTWARE of sysexits.h).
  interrupted = 130,    ///< Ctrl-C or SIGTERM; the same command goes on from here.
};

}  // namespace ablate
