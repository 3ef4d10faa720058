#include "journal/writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>

#include "journal/attempt_folder.hpp"
#include "journal/reader.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"
#include "util/file.hpp"

namespace ablate {

namespace {

constexpr auto kFlushInterval = std::chrono::milliseconds(500);
constexpr std::size_t kBufferBytes = 256 << 10;

bool is_durable(EventKind kind) { return kind != EventKind::started && kind != EventKind::metric; }

/// The number of the last whole line of a journal that is already there.
std::int64_t find_last_seq(const std::filesystem::path& file) {
  JournalChunk chunk;
  do {
    chunk = read_journal(file, chunk.position, /*ended=*/true);
  } while (chunk.more);
  return chunk.position.last_seq;
}

/// Runs in every thread but this one: signals are for the program, not for the journal's thread.
class BlockSignals {
 public:
  BlockSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

struct JournalWriter::State {
  std::filesystem::path file;
  Fd fd;

  // Taken before `buffer_mutex` where both are needed; held while the disk works.
  std::mutex file_mutex;
  std::string unwritten;  // the start of it may be the end of a half-written line
  bool synced = true;     // the disk has all that was written

  std::mutex buffer_mutex;
  std::condition_variable stopping;
  std::string buffer;  // whole lines
  std::int64_t last_seq = 0;
  int failed = 0;  // errno of a write that the thread could not do
  bool stop = false;

  std::thread thread;

  [[noreturn]] void fail(int error) const {
    throw Error(fmt::format("{}: cannot be written: {}", file.string(), std::strerror(error)));
  }
  /// Writes all that was buffered, in order. What the disk refuses stays in `unwritten` for the next try.
  /// Returns 0 or errno.
  int flush(bool durable) {
    const std::lock_guard file_lock(file_mutex);
    {
      const std::lock_guard lock(buffer_mutex);
      unwritten += buffer;
      buffer.clear();
      failed = 0;
    }
    std::size_t done = 0;
    int error = 0;
    while (done < unwritten.size() && error == 0) {
      const ssize_t count = ::write(fd.get(), unwritten.data() + done, unwritten.size() - done);
      if (count >= 0) {
        done += static_cast<std::size_t>(count);
        synced = false;
      } else if (errno != EINTR) {
        error = errno;
      }
    }
    unwritten.erase(0, done);
    if (error != 0 || !durable || synced) return error;
    if (::fsync(fd.get()) != 0 && errno != EINVAL)
      return errno;  // EINVAL: what cannot be synced, such as a pipe
    synced = true;
    return 0;
  }
  void run() {
    std::unique_lock lock(buffer_mutex);
    while (!stop) {
      stopping.wait_for(lock, kFlushInterval);
      if (buffer.empty()) continue;
      lock.unlock();
      const int error = flush(/*durable=*/false);
      lock.lock();
      if (error != 0) failed = error;
    }
  }
};

JournalWriter::JournalWriter(const std::filesystem::path& folder) : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.file = AttemptFolder{folder}.journal();
  state.fd = Fd(::open(state.file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  struct stat info {};
  if (!state.fd || ::fstat(state.fd.get(), &info) != 0) state.fail(errno);
  if (S_ISREG(info.st_mode) && info.st_size > 0) {
    // The same attempt was started again (a batch system requeued it): its numbers go on. A torn line ends
    // here.
    state.last_seq = find_last_seq(state.file);
    char last = '\n';
    if (::pread(state.fd.get(), &last, 1, info.st_size - 1) == 1 && last != '\n')
      state.unwritten.push_back('\n');
  }
  const BlockSignals in_thread;
  state.thread = std::thread([&state] { state.run(); });
}

JournalWriter::~JournalWriter() {
  {
    const std::lock_guard lock(state_->buffer_mutex);
    state_->stop = true;
  }
  state_->stopping.notify_all();
  state_->thread.join();
  state_->flush(/*durable=*/true);  // what cannot be written now is lost
}

void JournalWriter::write(Event event) {
  State& state = *state_;
  const bool durable = is_durable(event.kind());
  bool flush = durable;
  {
    std::unique_lock lock(state.buffer_mutex);
    if (state.failed != 0) {
      // Nothing is taken while the disk refuses, so that memory stays bounded.
      lock.unlock();
      if (const int error = state.flush(/*durable=*/false)) {
        lock.lock();
        state.failed = error;
        state.fail(error);
      }
      lock.lock();
    }
    event.seq = state.last_seq + 1;
    event.time = SystemClock().now();
    const std::string line = format_event(event);
    if (line.size() > static_cast<std::size_t>(kMaxLineBytes))
      throw Error(fmt::format("{}: a {} event of {} bytes; expected at most {}", state.file.string(),
                              to_name(event.kind()), line.size(), kMaxLineBytes));
    state.last_seq = event.seq;
    state.buffer += line;
    state.buffer += '\n';
    flush = flush || state.buffer.size() >= kBufferBytes;
  }
  if (!flush) return;
  if (const int error = state.flush(durable)) {
    const std::lock_guard lock(state.buffer_mutex);
    state.failed = error;
    state.fail(error);
  }
}

}  // namespace ablate
