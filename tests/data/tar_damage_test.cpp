#include <sys/resource.h>

#include <boost/test/unit_test.hpp>

#include "shard_fixture.hpp"
#include "tar_file.hpp"

namespace {

using namespace ablate;
namespace fs = std::filesystem;

}  // namespace

BOOST_FIXTURE_TEST_CASE(what_is_whole_in_a_truncated_archive_is_read, ShardFolder) {
  const std::string whole = tar_sample("a") + tar_sample("b") + tar_end();
  const ShardLines both = {"x.tar: a: [picture a] A cat", "x.tar: b: [picture b] A cat"};
  const ShardLines one = {both[0]};
  const auto cut = [&](std::size_t size) { return read("x.tar", whole.substr(0, size)); };
  const auto with = [](ShardLines lines, const std::string& last) {
    lines.push_back(last);
    return lines;
  };
  BOOST_TEST(cut(4096) == both, boost::test_tools::per_element());        // no end mark
  BOOST_TEST(cut(4096 + 512) == both, boost::test_tools::per_element());  // half of one
  BOOST_TEST(cut(3584 + 5) == both, boost::test_tools::per_element());    // no zeros after the last member
  BOOST_TEST(cut(3584 + 4) == with(one,
                                   "archive: x.tar: is cut short at byte 3588, within b.txt; what "
                                   "follows is lost"),
             boost::test_tools::per_element());
  BOOST_TEST(cut(2048 + 100) == with(one, "archive: x.tar: is cut short at byte 2148, within a header"),
             boost::test_tools::per_element());
  // The last sample lost a member: it is broken by itself.
  BOOST_TEST(cut(3072).at(1).starts_with("record: x.tar: b: a sample of .jpg only"));
  BOOST_TEST(cut(0) == (ShardLines{"archive: x.tar: is empty: 0 bytes"}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_damaged_header_hides_what_follows_it, ShardFolder) {
  std::string damaged = tar_sample("a") + tar_sample("b") + tar_sample("c") + tar_end();
  damaged[2048] ^= 1;
  BOOST_TEST(
      read("x.tar", damaged) ==
          (ShardLines{"x.tar: a: [picture a] A cat",
                      "archive: x.tar: is damaged at byte 2048 (Damaged tar archive); what follows is lost"}),
      boost::test_tools::per_element());
  damaged[0] ^= 1;
  BOOST_TEST(read("x.tar", damaged) ==
                 (ShardLines{"archive: x.tar: is no tar archive: it does not start with a header"}),
             boost::test_tools::per_element());
  BOOST_TEST(read("x.tar", "plain text") ==
                 (ShardLines{"archive: x.tar: is no tar archive: it does not start with a header"}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(an_empty_archive_has_no_documents_and_data_after_the_end_is_told, ShardFolder) {
  BOOST_TEST(read("x.tar", tar_end()).empty());
  BOOST_TEST(read("x.tar", std::string(10240, '\0')).empty());
  BOOST_TEST(read("x.tar", tar_sample("a") + std::string(10240, '\0')).size() == 1);
  BOOST_TEST(read("x.tar", tar_sample("a") + tar_end() + tar_sample("b") + tar_end()) ==
                 (ShardLines{
                     "x.tar: a: [picture a] A cat",
                     "archive: x.tar: ends at byte 2048, but has data after its end; join archives with `tar "
                     "--concatenate`, not with cat"}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(sizes_that_lie_cost_neither_memory_nor_time, ShardFolder) {
  const std::string huge(1, '\x80');  // base 256
  const std::string sizes[] = {
      "77777777777",                                                           // 8 GiB
      huge + std::string(3, '\0') + "\x7f" + std::string(7, '\xff'),           // 2^63 - 1
      huge + std::string(3, '\0') + "\x7f" + std::string(6, '\xff') + "\x01",  // about 2^63 - 255
      huge + std::string(3, '\0') + "\x10" + std::string(7, '\0'),             // 2^60
      std::string(12, '\xff'),                                                 // -1
      std::string(1, '\xff') + std::string(11, '\0'),                          // less than -2^63
      "-0000000001",
      "99999999999",
      "zzzzzzzzzzz"};
  for (const std::string& size : sizes) {
    const std::string content =
        tar_sample("a") + tar_header("b.jpg", size) + std::string(512, 'x') + tar_sample("c");
    const ShardLines found = read("x.tar", content);
    BOOST_TEST(!found.empty());
    BOOST_TEST(found.at(0) == "x.tar: a: [picture a] A cat");
    for (const std::size_t limit : {1, 1024})
      BOOST_TEST(read("x.tar", content, DataRole::captions, limit) == found,
                 boost::test_tools::per_element());
  }
}

BOOST_FIXTURE_TEST_CASE(a_sample_that_is_too_large_is_passed_over_unread, ShardFolder) {
  // Two members of 200 MB, which are holes in the file.
  const std::size_t size = 200 << 20;
  const fs::path file = write("x.tar", tar_header("a.jpg", tar_size(size)));
  const auto append_at = [&](std::size_t at, const std::string& bytes) {
    fs::resize_file(file, at);
    std::ofstream(file, std::ios::binary | std::ios::app) << bytes;
  };
  append_at(512 + size, tar_header("a.png", tar_size(size)));
  append_at(1024 + 2 * size, tar_sample("b") + tar_end());
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  BOOST_TEST(
      read_all(*open_shard({file, "x.tar", DataRole::captions})) ==
          (ShardLines{"x.tar: b: [picture b] A cat",
                      "too-large: x.tar: a: a sample of more than 268435456 bytes; expected at most that"}),
      boost::test_tools::per_element());
  ::getrusage(RUSAGE_SELF, &after);
  BOOST_TEST(after.ru_maxrss - before.ru_maxrss < 20 << 10);  // KiB
}

BOOST_FIXTURE_TEST_CASE(sparse_files_are_read_within_the_bounds_of_a_document, ShardFolder) {
  const auto sparse = [](const std::string& real_size) {
    // PAX, GNU.sparse 0.1: one byte of data at offset 1000.
    std::string pax;
    for (const std::string& record :
         {std::string("GNU.sparse.major=0"), std::string("GNU.sparse.minor=1"),
          std::string("GNU.sparse.name=k.jpg"), "GNU.sparse.size=" + real_size,
          std::string("GNU.sparse.numblocks=1"), std::string("GNU.sparse.map=1000,1")}) {
      std::size_t size = record.size() + 3;
      while (std::to_string(size).size() + record.size() + 2 != size) ++size;
      pax += std::to_string(size) + " " + record + "\n";
    }
    return tar_member("p", pax, 'x') + tar_member("GNUSparseFile.0/k.jpg", "p") +
           tar_member("k.txt", "Sparse.") + tar_sample("l");
  };
  const ShardLines found = read("x.tar", sparse("2000"));
  BOOST_REQUIRE(found.size() == 2);
  const std::string expected =
      "x.tar: k: [" + std::string(1000, '\0') + "p" + std::string(999, '\0') + "] Sparse.";
  BOOST_TEST((found[0] == expected));
  BOOST_TEST(
      read("x.tar", sparse("1000000000000")) ==
          (ShardLines{"x.tar: l: [picture l] A cat",
                      "too-large: x.tar: k: a sample of more than 268435456 bytes; expected at most that"}),
      boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(extension_headers_without_end_stop_the_archive_only, ShardFolder) {
  for (const char type : {'x', 'g', 'L', 'K'}) {
    std::string content = tar_sample("a");
    for (int i = 0; i < 2000; ++i)
      content += tar_member("p", type == 'x' || type == 'g' ? "6 a=b\n" : "name", type);
    const ShardLines found = read("x.tar", content + tar_sample("b"));
    BOOST_TEST(found.at(0) == "x.tar: a: [picture a] A cat");
    BOOST_TEST(found.size() == 2);
  }
  // One that claims a gigabyte.
  const ShardLines found =
      read("x.tar", tar_sample("a") + tar_header("p", tar_size(1 << 30), 'x') + tar_sample("b"));
  BOOST_TEST(found.at(0) == "x.tar: a: [picture a] A cat");
  BOOST_TEST(found.at(1).starts_with("archive: x.tar: is damaged at byte 2048"));
}

BOOST_FIXTURE_TEST_CASE(a_compressed_archive_with_the_wrong_name_is_an_error, ShardFolder) {
  const std::string file = write("x.tar", std::string("\x1f\x8b\x08", 3)).string();
  BOOST_CHECK_EXCEPTION(
      open_shard({file, "x.tar", DataRole::captions}), DataError, [&](const DataError& error) {
        return error.what() == file + ": is compressed, whatever its name says; rename it to " + file +
                                   ".gz and decompress it: gunzip " + file + ".gz";
      });
}

BOOST_FIXTURE_TEST_CASE(no_damage_to_an_archive_crashes, ShardFolder) {
  const std::string key(110, 'k');
  const std::string whole = tar_sample("a") + tar_member("p", "14 path=b.jpg\n", 'x') + tar_member("x", "p") +
                            tar_member("b.json", R"({"caption": "B"})") +
                            tar_member("././@LongLink", key + ".txt" + '\0', 'L') + tar_member("k", "text") +
                            tar_end();
  BOOST_TEST(read("x.tar", whole, DataRole::captions).size() == 3);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (at % 3 == 0 ? 0xFF : 1 << at % 8));
    read("x.tar", damaged, DataRole::captions, at % 2 == 0 ? 1 : 1024);
  }
  for (std::size_t size = 0; size < whole.size(); size += 97) read("x.tar", whole.substr(0, size));
}
