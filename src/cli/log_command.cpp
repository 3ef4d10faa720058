// `ablate log`: what an attempt printed, or what its journal tells.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "cli/common.hpp"
#include "journal/attempt_folder.hpp"
#include "journal/reader.hpp"
#include "plan/job_name.hpp"
#include "report/output.hpp"
#include "report/terminal.hpp"
#include "schedule/attempt_files.hpp"
#include "schedule/backends.hpp"
#include "store/jobs.hpp"
#include "util/clock.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(200);

AttemptRecord choose_attempt(Database& database, const Arguments& arguments) {
  const JobRecord job = get_job(database, arguments.text("JOB"));
  std::vector<AttemptRecord> attempts = load_attempts(database, job.id);
  if (attempts.empty())
    throw Error(fmt::format("job {} has no attempt yet; `ablate jobs --why {}` says why", short_key(job.key),
                            short_key(job.key)));
  const auto number = arguments.find_integer("--attempt");
  if (!number) return attempts.back();
  std::vector<std::string> numbers;
  for (const AttemptRecord& attempt : attempts) {
    if (attempt.number == *number) return attempt;
    numbers.push_back(std::to_string(attempt.number));
  }
  throw Error(
      fmt::format("job {} has no attempt {}; it has {}", short_key(job.key), *number, join(numbers, ", ")));
}

/// Copies what a file holds from an offset on to standard output.
class LogTail {
 public:
  explicit LogTail(const std::filesystem::path& path) : path_(path), clean_(terminal_of(1).columns > 0) {}

  void copy() {
    if (!fd_) fd_ = Fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd_ && errno == ENOENT) return;  // Its worker has not printed yet.
    if (!fd_) throw Error(fmt::format("{}: cannot be opened: {}", path_.string(), std::strerror(errno)));
    char buffer[1 << 16];
    for (;;) {
      const ssize_t count = ::read(fd_.get(), buffer, sizeof buffer);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw Error(fmt::format("{}: cannot be read: {}", path_.string(), std::strerror(errno)));
      if (count == 0) return;
      show({buffer, static_cast<std::size_t>(count)});
    }
  }

 private:
  /// A terminal gets the text without escape sequences.
  void show(std::string_view text) const {
    if (!clean_) return write_out(text);
    std::vector<std::string> lines = split(text, '\n');
    for (std::string& line : lines) line = printable(line, kWhole);
    write_out(join(lines, "\n"));
  }
  std::filesystem::path path_;
  bool clean_;
  Fd fd_;
};

std::string words_of(const StartedEvent& started) {
  std::string words = fmt::format(" attempt {}", started.attempt);
  if (started.step > 0) words += fmt::format(" from step {}", with_commas(started.step));
  if (started.total_steps > 0) words += fmt::format(" of {} steps", with_commas(started.total_steps));
  return words;
}
std::string words_of(const MetricEvent& metric) {
  std::string words = fmt::format(" step {}", with_commas(metric.step));
  for (const auto& [name, number] : metric.values)
    words += fmt::format("  {} {:.6g}", one_line(name), number);
  return words;
}
std::string words_of(const CheckpointEvent& checkpoint) {
  return fmt::format(" step {}  {}", with_commas(checkpoint.step), one_line(checkpoint.path));
}
std::string words_of(const ScoreEvent& score) {
  std::string words = fmt::format(" {} {:.6g}", one_line(score.name), score.value);
  if (score.standard_error) words += fmt::format(" ± {:.2g}", *score.standard_error);
  return words + fmt::format(" (n {})", with_commas(score.n));
}
std::string words_of(const FinishedEvent& finished) {
  return fmt::format(" step {}", with_commas(finished.step));
}
std::string words_of(const FailedEvent& failed) {
  return fmt::format(" {}: {}", to_name(failed.failure), one_line(failed.message));
}

std::string event_line(const Event& event) {
  return fmt::format("{}  {:<10}{}\n", format_time(event.time).substr(11), to_name(event.kind()),
                     std::visit([](const auto& what) { return words_of(what); }, event.what));
}

class JournalTail {
 public:
  explicit JournalTail(const std::filesystem::path& path) : path_(path) {}
  void copy() {
    for (bool more = true; more;) {
      const JournalChunk chunk = read_journal(path_, position_, false);
      std::string text;
      for (const Event& event : chunk.events) text += event_line(event);
      write_out(text);
      position_ = chunk.position;
      more = chunk.more;
    }
  }

 private:
  std::filesystem::path path_;
  JournalPosition position_;
};

template <typename Tail>
void show_tail(Tail tail, const AttemptRequest& attempt, bool follow) {
  const auto runner = make_runner(kDefaultBackend);
  // Whether it lives is asked before the copy: what it wrote in between is not lost.
  bool alive = follow;
  while (alive) {
    alive = runner->is_alive(attempt);
    tail.copy();
    if (alive) std::this_thread::sleep_for(kPollInterval);
  }
  tail.copy();
}

int run_log(const Arguments& arguments) {
  Database database = open_for_reading(arguments);
  const AttemptRequest attempt = locate_attempt(database, choose_attempt(database, arguments));
  const AttemptFolder folder = attempt.folder();
  const bool journal = arguments.flag("--journal");
  write_err(one_line((journal ? folder.journal() : folder.log()).string()) + "\n");
  if (journal)
    show_tail(JournalTail(folder.journal()), attempt, arguments.flag("--follow"));
  else
    show_tail(LogTail(folder.log()), attempt, arguments.flag("--follow"));
  return ExitCode::done;
}

}  // namespace

CommandSpec log_command() {
  return {
      .name = "log",
      .group = Group::jobs,
      .summary = "Shows what a job printed",
      .description =
          "The newest attempt's output, or what its journal tells. The file's path goes to standard error.",
      .example = "ablate log 1a2b3c4d --follow",
      .options = {positional("JOB", ValueType::job, "the first digits of its key"),
                  flag("--journal", "its journal's events instead"),
                  flag("--follow", "go on until the attempt ends"),
                  at_least(1, value("--attempt", ValueType::integer, "N", "another attempt than the newest")),
                  db_option()},
      .run = run_log};
}

}  // namespace ablate
