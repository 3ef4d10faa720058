#include "util/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

bool needs_quotes(const std::string& word) {
  return word.empty() || word.find_first_of(" \t\n\"'\\$`*?[]{}()<>|&;#~!") != std::string::npos;
}

constexpr int kInheritedFd = 3;

/// The parent's environment with `changes` put in, as the null-terminated array that exec wants.
struct Environment {
  explicit Environment(const std::vector<std::string>& changes) {
    const auto is_changed = [&](std::string_view entry) {
      const std::string_view name = entry.substr(0, entry.find('='));
      for (const std::string& change : changes)
        if (std::string_view(change).substr(0, change.find('=')) == name) return true;
      return false;
    };
    for (char** entry = environ; *entry != nullptr; ++entry)
      if (!is_changed(*entry)) pointers.push_back(*entry);
    for (const std::string& change : changes) pointers.push_back(const_cast<char*>(change.c_str()));
    pointers.push_back(nullptr);
  }
  std::vector<char*> pointers;
};

struct FileActions {
  FileActions() { posix_spawn_file_actions_init(&actions); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  posix_spawn_file_actions_t actions;
};

struct Attributes {
  Attributes() {
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Attributes() { posix_spawnattr_destroy(&attributes); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  posix_spawnattr_t attributes;
};

pid_t spawn_with(const Command& command, const FileActions& files) {
  std::vector<char*> arguments;
  for (const std::string& argument : command.arguments)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  Environment environment(command.environment);
  const Attributes attributes;
  pid_t child = 0;
  const int failed = posix_spawn(&child, arguments[0], &files.actions, &attributes.attributes,
                                 arguments.data(), environment.pointers.data());
  if (failed != 0)
    throw Error(fmt::format("{}: cannot be started: {}", command.arguments[0], std::strerror(failed)));
  return child;
}

}  // namespace

std::string describe(const ExitStatus& status) {
  if (status.signal) return fmt::format("signal {} ({})", *status.signal, strsignal(*status.signal));
  return fmt::format("exit code {}", status.code.value_or(0));
}

pid_t spawn(const Command& command) {
  FileActions files;
  posix_spawn_file_actions_addopen(&files.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files.actions, STDOUT_FILENO, command.output.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0666);
  posix_spawn_file_actions_adddup2(&files.actions, STDOUT_FILENO, STDERR_FILENO);
  if (command.inherit_fd >= 0)
    posix_spawn_file_actions_adddup2(&files.actions, command.inherit_fd, kInheritedFd);
  return spawn_with(command, files);
}

std::optional<ExitStatus> try_reap(pid_t child) {
  int status = 0;
  pid_t reaped = 0;
  do {
    reaped = ::waitpid(child, &status, WNOHANG);
  } while (reaped < 0 && errno == EINTR);
  if (reaped != child) return std::nullopt;
  if (WIFSIGNALED(status)) return ExitStatus{.code = {}, .signal = WTERMSIG(status)};
  return ExitStatus{.code = WEXITSTATUS(status), .signal = {}};
}

Fd open_pidfd(pid_t process) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0))); }

bool signal_group(pid_t leader, int signal) { return leader > 1 && ::kill(-leader, signal) == 0; }

std::optional<std::string> capture(const std::vector<std::string>& arguments, double seconds) {
  const auto program = find_program(arguments.at(0));
  if (!program) return std::nullopt;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  Command command{.arguments = arguments, .environment = {}, .output = {}, .inherit_fd = -1};
  command.arguments[0] = program->string();
  FileActions files;
  posix_spawn_file_actions_addopen(&files.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files.actions, writer.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files.actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const pid_t child = spawn_with(command, files);
  writer.reset();

  using SteadyClock = std::chrono::steady_clock;
  const auto deadline = SteadyClock::now() + std::chrono::duration<double>(seconds);
  constexpr std::size_t kMaxOutput = 1 << 20;
  std::string text;
  bool whole = false;
  while (text.size() <= kMaxOutput) {
    const double left = std::chrono::duration<double>(deadline - SteadyClock::now()).count();
    pollfd waiting{reader.get(), POLLIN, 0};
    const int ready = left > 0 ? ::poll(&waiting, 1, static_cast<int>(left * 1000) + 1) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    char buffer[4096];
    const ssize_t count = ::read(reader.get(), buffer, sizeof buffer);
    if (count <= 0) {
      whole = count == 0;
      break;
    }
    text.append(buffer, static_cast<std::size_t>(count));
  }
  if (!whole) signal_group(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!whole || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return text;
}

std::optional<std::filesystem::path> find_program(const std::string& name) {
  const auto is_executable = [](const std::filesystem::path& path) {
    std::error_code failed;
    return std::filesystem::is_regular_file(path, failed) && ::access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos)
    return is_executable(name) ? std::optional(std::filesystem::absolute(name)) : std::nullopt;
  const char* path = std::getenv("PATH");
  for (const std::string& folder : split(path ? path : "/usr/bin:/bin", ':'))
    if (!folder.empty() && is_executable(std::filesystem::path(folder) / name))
      return std::filesystem::path(folder) / name;
  return std::nullopt;
}

std::filesystem::path this_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

std::string user_name() {
  const passwd* entry = ::getpwuid(::getuid());
  return entry ? entry->pw_name : fmt::format("{}", ::getuid());
}

std::string command_line(const std::vector<std::string>& words) {
  std::string line = "ablate";
  for (const std::string& word : words) {
    line += ' ';
    if (!needs_quotes(word)) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

}  // namespace ablate
