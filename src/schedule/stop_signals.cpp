#include "schedule/stop_signals.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "util/error.hpp"

namespace ablate {

namespace {

constexpr std::array<int, 3> kStopSignals = {SIGINT, SIGTERM, SIGHUP};

// A signal handler can reach nothing but globals.
StopRequests g_requests{0};
std::atomic<int> g_wake_fd{-1};
std::array<struct sigaction, kStopSignals.size()> g_old_actions;

void on_stop_signal(int) {
  const int saved = errno;
  ++g_requests;
  const char byte = 0;
  // A full pipe is readable already: nothing is lost when this write fails.
  [[maybe_unused]] const ssize_t written = ::write(g_wake_fd, &byte, 1);
  errno = saved;
}

}  // namespace

StopSignals::StopSignals() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    throw Error(std::string("no pipe for signals: ") + std::strerror(errno));
  reader_ = Fd(ends[0]);
  writer_ = Fd(ends[1]);
  g_requests = 0;
  g_wake_fd = writer_.get();
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kStopSignals.size(); ++i) {
    ::sigaction(kStopSignals[i], nullptr, &g_old_actions[i]);
    const bool ignored = g_old_actions[i].sa_handler == SIG_IGN;
    if (kStopSignals[i] != SIGHUP || !ignored) ::sigaction(kStopSignals[i], &action, nullptr);
  }
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < kStopSignals.size(); ++i)
    ::sigaction(kStopSignals[i], &g_old_actions[i], nullptr);
  g_wake_fd = -1;
}

const StopRequests& StopSignals::requests() const { return g_requests; }

}  // namespace ablate
