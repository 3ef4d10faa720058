#include "store/data_hash.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <thread>

#include "fixture.hpp"
#include "util/hash.hpp"

using namespace ablate;

namespace {

/// A file is remembered when it has not changed for two seconds.
void settle() { std::this_thread::sleep_for(std::chrono::milliseconds(2100)); }

/// Files with a time of change that is not their own.
struct DatedFiles : Store {
  std::filesystem::path write_dated(const std::string& name, const std::string& text) const {
    const auto file = write(name, text);
    const timespec times[2] = {{1767225600, 0}, {1767225600, 0}};
    ::utimensat(AT_FDCWD, file.c_str(), times, 0);
    return file;
  }
  std::string hash_of(const std::filesystem::path& file, bool remember = true) {
    FileHashes hashes(&database);
    std::string hash = hashes.get(file).hash;
    if (remember) hashes.remember();
    return hash;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_files_hash_is_that_of_its_bytes_and_is_remembered_until_it_is_replaced,
                        DatedFiles) {
  const auto file = write_dated("data.txt", "some text");
  const std::string hash = hash128("some text").hex();
  // It has just changed, and may change again within one tick of the clock.
  BOOST_TEST(hash_of(file) == hash);
  BOOST_TEST(count("SELECT count(*) FROM data_hash") == 0);
  settle();
  BOOST_TEST(hash_of(file, false) == hash);
  BOOST_TEST(count("SELECT count(*) FROM data_hash") == 0);
  BOOST_TEST(hash_of(file) == hash);
  BOOST_TEST(count("SELECT count(*) FROM data_hash") == 1);
  Query(database, "UPDATE data_hash SET hash = 'remembered'").run();
  BOOST_TEST(hash_of(file) == "remembered");
  // Another file of the same size and time, in its place or written over it.
  std::filesystem::rename(write_dated("new", "same size"), file);
  BOOST_TEST(hash_of(file) == hash128("same size").hex());
  settle();
  BOOST_TEST(hash_of(file) == hash128("same size").hex());
  BOOST_TEST(count("SELECT count(*) FROM data_hash") == 1);
  write_dated("data.txt", "over-done");
  BOOST_TEST(hash_of(file) == hash128("over-done").hex());
}

BOOST_FIXTURE_TEST_CASE(without_a_database_files_are_read_all_the_same, Store) {
  FileHashes hashes(nullptr);
  BOOST_TEST(hashes.get(write("a", "text")).hash == hash128("text").hex());
  BOOST_TEST(hashes.get(write("a", "other")).hash == hash128("other").hex());
  BOOST_TEST(hashes.get(path / "absent").hash == kAbsent);
  hashes.remember();
}

BOOST_FIXTURE_TEST_CASE(large_files_can_be_left_unread, DatedFiles) {
  const auto file = write_dated("data.txt", "some text");
  settle();
  const std::string hash = hash_of(file);
  FileHashes hashes(&database, /*only_small=*/true);
  BOOST_TEST(hashes.get(file).hash == hash);
  // Also where another content is remembered.
  write_dated("data.txt", "something longer");
  BOOST_TEST(hashes.get(file).hash == hash128("something longer").hex());
  BOOST_TEST(hashes.get(write("small", "text")).hash == hash128("text").hex());
  BOOST_TEST(hashes.get(path / "absent").hash == kAbsent);
  const auto large = write("large.jsonl", "");
  std::filesystem::resize_file(large, (1 << 24) + 1);
  BOOST_TEST(hashes.get(large).hash != hash_file(large).hex());
  BOOST_CHECK(hashes.get_names(large, 1, [] { return std::vector<std::string>{"read"}; }).empty());
}

BOOST_FIXTURE_TEST_CASE(the_pictures_that_lines_name_are_read_once_for_each_content, Store) {
  int reads = 0;
  const auto names_of = [&](const std::string& file, int version, std::vector<std::string> names) {
    FileHashes hashes(&database);
    const auto found = hashes.get_names(path / file, version, [&] {
      ++reads;
      return names;
    });
    hashes.remember();
    return found;
  };
  using Names = std::vector<std::string>;
  write("a", "content");
  write("b", "content");
  write("c", "text only");
  BOOST_CHECK((names_of("a", 1, {"x.jpg", "y\nz.jpg"}) == Names{"x.jpg", "y\nz.jpg"}));
  BOOST_CHECK((names_of("b", 1, {"other"}) == Names{"x.jpg", "y\nz.jpg"}));
  BOOST_TEST(reads == 1);
  BOOST_CHECK((names_of("a", 2, {"other"}) == Names{"other"}));
  BOOST_TEST(reads == 2);
  BOOST_CHECK(names_of("c", 1, {}).empty());
  BOOST_CHECK(names_of("c", 1, {"other"}).empty());
  BOOST_TEST(reads == 3);
}
