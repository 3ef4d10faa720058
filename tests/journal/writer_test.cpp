#include "journal/writer.hpp"

#include <signal.h>
#include <sys/resource.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <fstream>
#include <thread>

#include "journal/reader.hpp"
#include "scratch.hpp"
#include "util/error.hpp"

namespace {

using namespace ablate;

Event make(EventKind kind, std::int64_t step = 1) {
  switch (kind) {
    case EventKind::started:
      return {.what = StartedEvent{1, step}};
    case EventKind::metric:
      return {.what = MetricEvent{step, {{"loss", 0.5}}}};
    case EventKind::checkpoint:
      return {.what = CheckpointEvent{step, "checkpoint"}};
    case EventKind::score:
      return {.what = ScoreEvent{"score"}};
    case EventKind::finished:
      return {.what = FinishedEvent{step}};
    case EventKind::failed:
      return {.what = FailedEvent{step}};
  }
  throw std::logic_error("no such kind");
}

JournalChunk read(const Scratch& folder) {
  return read_journal(folder.path / "journal.jsonl", {}, /*ended=*/true);
}

/// Files may not grow beyond `bytes` while it lives: what a full disk does, without one.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    set(bytes);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }
  void set(rlim_t bytes) const {
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }

 private:
  rlimit before_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(events_are_numbered_and_stamped_in_the_order_of_writing) {
  const Scratch folder;
  {
    JournalWriter writer(folder.path);
    writer.write(make(EventKind::started, 0));
    for (int i = 1; i <= 100; ++i) writer.write(make(EventKind::metric, i));
    writer.write(make(EventKind::finished, 100));
  }
  const JournalChunk chunk = read(folder);
  BOOST_TEST(chunk.events.size() == 102u);
  BOOST_TEST(!chunk.faults.any());
  for (std::size_t i = 0; i < chunk.events.size(); ++i) {
    BOOST_TEST(chunk.events[i].seq == static_cast<std::int64_t>(i) + 1);
    BOOST_TEST(chunk.events[i].time > 1.7e9);
  }
}

BOOST_AUTO_TEST_CASE(what_must_last_is_in_the_file_when_write_returns) {
  const Scratch folder;
  JournalWriter writer(folder.path);
  std::size_t count = 0;
  for (const EventKind kind :
       {EventKind::checkpoint, EventKind::score, EventKind::failed, EventKind::finished}) {
    writer.write(make(EventKind::metric));
    writer.write(make(kind));
    count += 2;
    BOOST_TEST(read(folder).events.size() == count);
  }
}

BOOST_AUTO_TEST_CASE(metrics_reach_the_file_within_a_second_without_another_call) {
  const Scratch folder;
  JournalWriter writer(folder.path);
  writer.write(make(EventKind::metric));
  const auto start = std::chrono::steady_clock::now();
  while (read(folder).events.empty() && std::chrono::steady_clock::now() - start < std::chrono::seconds(5))
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  BOOST_TEST((std::chrono::steady_clock::now() - start < std::chrono::milliseconds(950)));
}

BOOST_AUTO_TEST_CASE(several_threads_write_one_gapless_journal) {
  const Scratch folder;
  {
    JournalWriter writer(folder.path);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i)
          writer.write(make(i % 100 == 99 ? EventKind::score : EventKind::metric, i));
      });
    for (std::thread& thread : threads) thread.join();
  }
  const JournalChunk chunk = read(folder);
  BOOST_TEST(chunk.events.size() == 2000u);
  BOOST_TEST(!chunk.faults.any());
}

BOOST_AUTO_TEST_CASE(a_journal_that_is_there_is_continued_after_its_last_whole_line) {
  const Scratch folder;
  {
    JournalWriter writer(folder.path);
    for (int i = 1; i <= 3; ++i) writer.write(make(EventKind::metric, i));
  }
  std::ofstream(folder.path / "journal.jsonl", std::ios::app) << "{\"seq\":4,\"time\":1,\"ev";
  {
    JournalWriter writer(folder.path);
    writer.write(make(EventKind::started, 0));
  }
  const JournalChunk chunk = read(folder);
  BOOST_TEST(chunk.events.size() == 4u);
  BOOST_TEST(chunk.events.back().seq == 4);
  BOOST_CHECK(chunk.events.back().kind() == EventKind::started);
  BOOST_TEST(chunk.faults.malformed == 1);
  BOOST_TEST(chunk.faults.repeated == 0);
  BOOST_TEST(chunk.faults.missing == 0);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_an_error_of_the_call_and_nothing_is_doubled_when_it_has_room_again) {
  const Scratch folder;
  {
    JournalWriter writer(folder.path);
    writer.write(make(EventKind::checkpoint, 1));
    const auto size = std::filesystem::file_size(folder.path / "journal.jsonl");
    const FileSizeLimit limit(size + 10);
    const auto names_file = [](const Error& error) {
      return std::string(error.what()).find("journal.jsonl: cannot be written: File too large") !=
             std::string::npos;
    };
    BOOST_CHECK_EXCEPTION(writer.write(make(EventKind::checkpoint, 2)), Error, names_file);
    BOOST_CHECK_EXCEPTION(writer.write(make(EventKind::metric, 3)), Error, names_file);  // not taken
    BOOST_TEST(std::filesystem::file_size(folder.path / "journal.jsonl") == size + 10);  // half a line
    limit.set(RLIM_INFINITY);
    writer.write(make(EventKind::finished, 4));
  }
  const JournalChunk chunk = read(folder);
  BOOST_TEST(!chunk.faults.any());
  BOOST_REQUIRE(chunk.events.size() == 3u);
  BOOST_TEST(*chunk.events[1].step() == 2);
  BOOST_TEST(*chunk.events[2].step() == 4);
}

BOOST_AUTO_TEST_CASE(a_disk_that_stays_full_is_told_at_the_next_call_and_does_not_stop_the_end) {
  const Scratch folder;
  std::filesystem::create_symlink("/dev/full", folder.path / "journal.jsonl");
  JournalWriter writer(folder.path);
  writer.write(make(EventKind::metric));  // buffered
  const auto start = std::chrono::steady_clock::now();
  bool told = false;
  while (!told && std::chrono::steady_clock::now() - start < std::chrono::seconds(5)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    try {
      writer.write(make(EventKind::metric));
    } catch (const Error& error) {
      told = std::string(error.what()).find("No space left on device") != std::string::npos;
    }
  }
  BOOST_TEST(told);
}

BOOST_AUTO_TEST_CASE(an_event_longer_than_readers_take_is_refused) {
  const Scratch folder;
  JournalWriter writer(folder.path);
  const FinishedEvent finished{1, {{"text", std::string(kMaxLineBytes, 'x')}}};
  BOOST_CHECK_THROW(writer.write({.what = finished}), Error);
  writer.write(make(EventKind::finished));
  BOOST_TEST(read(folder).events.at(0).seq == 1);
}

BOOST_AUTO_TEST_CASE(a_folder_that_does_not_exist_is_an_error) {
  const Scratch folder;
  BOOST_CHECK_THROW(JournalWriter(folder.path / "absent"), Error);
}
