#include "journal/reader.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "scratch.hpp"
#include "util/error.hpp"

namespace {

using namespace ablate;

std::string line(std::int64_t seq) {
  return format_event(
             {.seq = seq, .what = MetricEvent{seq * 10, {{"loss", 1.0 / static_cast<double>(seq)}}}}) +
         "\n";
}

struct JournalFile : Scratch {
  std::filesystem::path file = path / "journal.jsonl";
  void append(const std::string& text) const {
    std::ofstream(file, std::ios::binary | std::ios::app) << text;
  }
  JournalChunk read(const JournalPosition& from = {}, bool ended = false,
                    std::int64_t max_bytes = 4 << 20) const {
    return read_journal(file, from, ended, max_bytes);
  }
};

std::vector<std::int64_t> seqs(const JournalChunk& chunk) {
  std::vector<std::int64_t> result;
  for (const Event& event : chunk.events) result.push_back(event.seq);
  return result;
}

using Seqs = std::vector<std::int64_t>;

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_journal_that_does_not_exist_is_empty, JournalFile) {
  const JournalChunk chunk = read();
  BOOST_TEST(chunk.events.empty());
  BOOST_TEST(chunk.position.offset == 0);
  BOOST_TEST(!chunk.more);
}

BOOST_FIXTURE_TEST_CASE(reading_goes_on_where_it_stopped, JournalFile) {
  append(line(1) + line(2));
  const JournalChunk first = read();
  BOOST_TEST(seqs(first) == (Seqs{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(first.position.last_seq == 2);
  append(line(3));
  const JournalChunk second = read(first.position);
  BOOST_TEST(seqs(second) == (Seqs{3}), boost::test_tools::per_element());
  BOOST_TEST(second.position.offset == static_cast<std::int64_t>(std::filesystem::file_size(file)));
  BOOST_TEST(second.file_bytes == second.position.offset);
  BOOST_TEST(!second.faults.any());
  BOOST_TEST(read(second.position).events.empty());
}

BOOST_FIXTURE_TEST_CASE(a_half_written_last_line_waits_for_its_end, JournalFile) {
  const std::string whole = line(2);
  append(line(1) + whole.substr(0, 20));
  const JournalChunk first = read();
  BOOST_TEST(seqs(first) == (Seqs{1}), boost::test_tools::per_element());
  BOOST_TEST(!first.faults.any());
  BOOST_TEST(!first.more);
  append(whole.substr(20));
  const JournalChunk second = read(first.position);
  BOOST_TEST(seqs(second) == (Seqs{2}), boost::test_tools::per_element());
  BOOST_TEST(!second.faults.any());
}

BOOST_FIXTURE_TEST_CASE(a_half_written_last_line_of_a_dead_writer_is_torn_and_counts_once, JournalFile) {
  append(line(1) + line(2).substr(0, 20));
  const JournalChunk first = read({}, /*ended=*/true);
  BOOST_TEST(seqs(first) == (Seqs{1}), boost::test_tools::per_element());
  BOOST_TEST(first.faults.torn == 1);
  BOOST_TEST(read(first.position, true).faults.torn == 0);
  // Somebody goes on writing after it: the rest of the torn line is no line.
  append("garbage\n" + line(2));
  const JournalChunk second = read(first.position, true);
  BOOST_TEST(seqs(second) == (Seqs{2}), boost::test_tools::per_element());
  BOOST_TEST(!second.faults.any());
}

BOOST_FIXTURE_TEST_CASE(a_whole_last_line_without_newline_counts_once_its_writer_is_dead, JournalFile) {
  std::string last = line(2);
  last.pop_back();
  append(line(1) + last);
  BOOST_TEST(seqs(read()) == (Seqs{1}), boost::test_tools::per_element());
  const JournalChunk chunk = read({}, /*ended=*/true);
  BOOST_TEST(seqs(chunk) == (Seqs{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(!chunk.faults.any());
  append("\n" + line(3));
  BOOST_TEST(seqs(read(chunk.position)) == (Seqs{3}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_repeated_line_is_skipped_and_counted, JournalFile) {
  append(line(1) + line(2) + line(2) + line(1) + line(3));
  const JournalChunk chunk = read();
  BOOST_TEST(seqs(chunk) == (Seqs{1, 2, 3}), boost::test_tools::per_element());
  BOOST_TEST(chunk.faults.repeated == 2);
  BOOST_TEST(chunk.faults.missing == 0);
}

BOOST_FIXTURE_TEST_CASE(a_gap_in_the_numbers_is_counted_and_what_follows_is_read, JournalFile) {
  append(line(1) + line(5) + line(6));
  const JournalChunk chunk = read();
  BOOST_TEST(seqs(chunk) == (Seqs{1, 5, 6}), boost::test_tools::per_element());
  BOOST_TEST(chunk.faults.missing == 3);
}

BOOST_FIXTURE_TEST_CASE(an_unknown_event_is_skipped_and_leaves_no_gap, JournalFile) {
  append(line(1) + "{\"seq\":2,\"time\":1,\"event\":\"heartbeat\"}\n" + line(3));
  const JournalChunk chunk = read();
  BOOST_TEST(seqs(chunk) == (Seqs{1, 3}), boost::test_tools::per_element());
  BOOST_TEST(chunk.faults.unknown == 1);
  BOOST_TEST(chunk.faults.missing == 0);
}

BOOST_FIXTURE_TEST_CASE(a_malformed_line_is_counted_and_its_number_cannot_hide_others, JournalFile) {
  append(line(1) + "{\"seq\":9000,\"time\":1,\"event\":\"metric\"}\n" + "\n" + line(2) +
         "{\"seq\":3,\"time\":1,\"event\":\"metric\"}\n" + line(4) + "garbage\n" + line(6));
  const JournalChunk chunk = read();
  BOOST_TEST(seqs(chunk) == (Seqs{1, 2, 4, 6}), boost::test_tools::per_element());
  BOOST_TEST(chunk.faults.malformed == 3);
  BOOST_TEST(chunk.faults.missing == 1);  // 5, which was garbage
  BOOST_TEST(chunk.faults.repeated == 0);
}

BOOST_FIXTURE_TEST_CASE(small_reads_find_the_same_events_as_one_large_read, JournalFile) {
  for (std::int64_t seq = 1; seq <= 200; ++seq) append(seq % 50 == 0 ? "garbage\n" : line(seq));
  const JournalChunk whole = read();
  for (const std::int64_t max_bytes : {1, 77, 1000}) {
    JournalChunk chunk;
    JournalFaults faults;
    Seqs found;
    do {
      chunk = read(chunk.position, false, max_bytes);
      const Seqs more = seqs(chunk);
      found.insert(found.end(), more.begin(), more.end());
      faults += chunk.faults;
    } while (chunk.more);
    BOOST_TEST(found == seqs(whole), boost::test_tools::per_element());
    BOOST_TEST(faults.malformed == whole.faults.malformed);
    BOOST_TEST(faults.missing == whole.faults.missing);
    BOOST_TEST(chunk.position.offset == whole.position.offset);
  }
}

BOOST_FIXTURE_TEST_CASE(a_line_that_is_too_long_is_skipped_as_one_malformed_line, JournalFile) {
  const std::string too_long(3 * kMaxLineBytes + 17, 'x');
  append(line(1) + too_long + "\n" + line(2));
  JournalChunk chunk;
  JournalFaults faults;
  Seqs found;
  do {
    chunk = read(chunk.position, false, 1000);
    for (const Event& event : chunk.events) found.push_back(event.seq);
    faults += chunk.faults;
  } while (chunk.more);
  BOOST_TEST(found == (Seqs{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(faults.malformed == 1);
  BOOST_TEST(read().faults.malformed == 1);
}

BOOST_FIXTURE_TEST_CASE(a_flood_without_newlines_is_passed_over_as_it_comes, JournalFile) {
  append(line(1) + std::string(kMaxLineBytes + 100, 'x'));
  JournalChunk chunk = read();
  BOOST_TEST(seqs(chunk) == (Seqs{1}), boost::test_tools::per_element());
  BOOST_TEST(chunk.faults.malformed == 1);
  BOOST_TEST(chunk.position.offset == chunk.file_bytes);
  for (int i = 0; i < 3; ++i) {
    append(std::string(1000, 'x'));
    chunk = read(chunk.position);
    BOOST_TEST(!chunk.faults.any());
    BOOST_TEST(chunk.position.offset == chunk.file_bytes);
  }
  append("x\n" + line(2));
  chunk = read(chunk.position);
  BOOST_TEST(seqs(chunk) == (Seqs{2}), boost::test_tools::per_element());
  BOOST_TEST(!chunk.faults.any());
}

BOOST_FIXTURE_TEST_CASE(a_line_of_the_greatest_length_is_read, JournalFile) {
  std::string text = line(1);
  text.pop_back();
  text.pop_back();
  text += ",\"more\":\"";
  text += std::string(static_cast<std::size_t>(kMaxLineBytes) - text.size() - 2, 'x') + "\"}";
  BOOST_REQUIRE(text.size() == static_cast<std::size_t>(kMaxLineBytes));
  append(text + "\n" + line(2));
  BOOST_TEST(seqs(read({}, false, 100)) == (Seqs{1}), boost::test_tools::per_element());
  BOOST_TEST(seqs(read()) == (Seqs{1, 2}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_journal_that_became_shorter_is_an_error, JournalFile) {
  append(line(1));
  const auto has_shrunk = [](const Error& error) {
    return std::string(error.what()).ends_with("but 1000 were read before; a journal only grows");
  };
  BOOST_CHECK_EXCEPTION(read({1000, 9}), Error, has_shrunk);
  std::filesystem::remove(file);
  BOOST_CHECK_THROW(read({1000, 9}), Error);
}

BOOST_FIXTURE_TEST_CASE(a_folder_or_a_pipe_in_a_journals_place_is_an_error, JournalFile) {
  BOOST_CHECK_THROW(read_journal(path, {}, false), Error);
  BOOST_REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  BOOST_CHECK_THROW(read(), Error);
}
