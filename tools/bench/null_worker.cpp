// A worker that does nothing but journal: `started`, NULL_WORKER_METRICS points of a metric (1 unless set)
// and `finished`. It measures what the scheduler adds to a job: `ablate run SWEEP --worker bin/null_worker`.
// It does not wait for the disk.
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

double now() {
  timeval time{};
  ::gettimeofday(&time, nullptr);
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 || std::strcmp(argv[2], "--attempt") != 0) {
    std::fputs("usage: null_worker JOB_DIR --attempt N\n", stderr);
    return 2;
  }
  const char* wanted = std::getenv("NULL_WORKER_METRICS");
  const long metrics = wanted ? std::strtol(wanted, nullptr, 10) : 1;
  char path[4096];
  std::snprintf(path, sizeof path, "%s/%s/journal.jsonl", argv[1], argv[3]);
  std::FILE* journal = std::fopen(path, "a");
  if (journal == nullptr) {
    std::perror(path);
    return 1;
  }
  long seq = 0;
  std::fprintf(
      journal,
      "{\"seq\":%ld,\"time\":%.6f,\"event\":\"started\",\"attempt\":%s,\"step\":0,\"total_steps\":%ld,"
      "\"detail\":{\"pid\":%d}}\n",
      ++seq, now(), argv[3], metrics, static_cast<int>(::getpid()));
  for (long step = 1; step <= metrics; ++step)
    std::fprintf(
        journal,
        "{\"seq\":%ld,\"time\":%.6f,\"event\":\"metric\",\"step\":%ld,\"values\":{\"loss\":%.17g}}\n", ++seq,
        now(), step, 1.0 / static_cast<double>(step));
  std::fprintf(journal, "{\"seq\":%ld,\"time\":%.6f,\"event\":\"finished\",\"step\":%ld}\n", ++seq, now(),
               metrics);
  return std::fclose(journal) == 0 ? 0 : 1;
}
