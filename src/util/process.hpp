// Child processes: start, watch, signal, and read what a short command prints.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "util/file.hpp"

namespace ablate {

/// What to start. The child gets a process group of its own, so that Ctrl-C in a terminal reaches only its
/// parent.
struct Command {
  std::vector<std::string> arguments;  ///< arguments[0] is the program's path.
  std::vector<std::string>
      environment;  ///< "NAME=value", added to the parent's environment or replacing in it.
  std::filesystem::path output =
      "/dev/null";      ///< Standard output and error are appended here; input is empty.
  int inherit_fd = -1;  ///< One descriptor that the child keeps, as its descriptor 3; -1: none.
};

/// How a process ended: exactly one of the two is set.
struct ExitStatus {
  std::optional<int> code;
  std::optional<int> signal;
};
/// "exit code 3" or "signal 9 (Killed)".
std::string describe(const ExitStatus& status);

/// Starts a process and returns its id. Throws Error when the program cannot be started.
pid_t spawn(const Command& command);

/// The exit status of a child that has ended (it is then reaped), or nothing while it runs.
std::optional<ExitStatus> try_reap(pid_t child);

/// A descriptor that becomes readable when the process ends, whoever its parent is. Empty when there is no
/// such process.
Fd open_pidfd(pid_t process);

/// Sends a signal to the process group led by `leader`. False when there is none.
bool signal_group(pid_t leader, int signal);

/// What a short command printed, when it ended with code 0 within `seconds` and printed at most 1 MiB.
std::optional<std::string> capture(const std::vector<std::string>& arguments, double seconds = 5);

/// The path of a program in $PATH, or of a path with a slash in it, when it can be executed.
std::optional<std::filesystem::path> find_program(const std::string& name);

/// The path of the running program.
std::filesystem::path this_program();

/// Of this machine and process, for records and messages.
std::string host_name();
std::string user_name();
/// "ablate run sweeps/a.toml", as it could be typed again.
std::string command_line(const std::vector<std::string>& words);

}  // namespace ablate
