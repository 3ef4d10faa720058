#include "util/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "scratch.hpp"
#include "util/error.hpp"
#include "util/hash.hpp"

using namespace ablate;

namespace {

namespace fs = std::filesystem;

InputContent content_of(const std::vector<std::pair<std::string, std::string>>& files, bool names_count) {
  InputContent content{{}, names_count};
  for (const auto& [name, hash] : files) content.files.push_back({name, false, {hash, 1, {}}});
  return content;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(input_file, Scratch)

BOOST_AUTO_TEST_CASE(a_file_that_was_replaced_by_one_of_equal_size_and_time_has_another_state) {
  const fs::path file = write("a", "one");
  const timespec times[2] = {{1767225600, 0}, {1767225600, 0}};
  const auto set_time = [&](const fs::path& file_path) {
    ::utimensat(AT_FDCWD, file_path.c_str(), times, 0);
  };
  set_time(file);
  const FileState before = find_file_state(file).value();
  BOOST_TEST(before.size == 3);
  BOOST_TEST(before.mtime_ns == 1767225600'000'000'000);
  BOOST_CHECK(find_file_state(file) == before);
  set_time(write("b", "two"));
  fs::rename(path / "b", file);
  const FileState after = find_file_state(file).value();
  BOOST_TEST(after.size == before.size);
  BOOST_TEST(after.mtime_ns == before.mtime_ns);
  BOOST_CHECK(after != before);
}

BOOST_AUTO_TEST_CASE(a_link_has_the_state_and_the_content_of_what_it_leads_to) {
  const fs::path one = write("one", "1"), two = write("two", "2");
  fs::create_symlink("one", path / "link");
  BOOST_CHECK(find_file_state(path / "link") == find_file_state(one));
  BOOST_TEST(read_content(path / "link").hash == hash128("1").hex());
  fs::remove(path / "link");
  fs::create_symlink("two", path / "link");
  BOOST_CHECK(find_file_state(path / "link") != find_file_state(one));
  BOOST_TEST(read_content(path / "link").hash == hash128("2").hex());
  fs::create_symlink("nowhere", path / "dangling");
  for (const char* name : {"dangling", "absent", "."}) {
    BOOST_CHECK(!find_file_state(path / name));
    BOOST_TEST(read_content(path / name).hash == kAbsent);
  }
}

BOOST_AUTO_TEST_CASE(the_state_of_a_file_that_has_just_changed_proves_nothing) {
  const FileContent content = read_content(write("a", "one"));
  BOOST_TEST(content.hash == hash128("one").hex());
  BOOST_TEST(content.bytes == 3);
  BOOST_TEST(!content.state.is_known());
}

BOOST_AUTO_TEST_CASE(one_file_counts_by_its_bytes_and_several_by_all_of_them_in_order) {
  const std::string a = hash128("a").hex(), b = hash128("b").hex();
  BOOST_TEST(content_of({{"x", a}}, false).hash() == a);
  BOOST_TEST(content_of({{"x", a}, {"y", b}}, false).hash() == hash128(a + b).hex());
  BOOST_TEST(content_of({{"z", a}, {"y", b}}, false).hash() == hash128(a + b).hex());
  BOOST_TEST(content_of({{"x", b}, {"y", a}}, false).hash() != hash128(a + b).hex());
  const std::string zero(1, '\0');
  BOOST_TEST(content_of({{"x", a}}, true).hash() == hash128("x" + zero + a + "\n").hex());
  BOOST_TEST(content_of({{"x", a}, {"y", b}}, true).hash() ==
             hash128("x" + zero + a + "\ny" + zero + b + "\n").hex());
  // How bytes are read is a part of what they are.
  InputContent text = content_of({{"x", a}}, false);
  text.format = "text";
  BOOST_TEST(text.hash() == hash128("text" + zero + a).hex());
  // A picture that is not there counts as such, wherever it is named.
  BOOST_TEST(content_of({{"l", a}, {"p", kAbsent}, {"q", b}}, false).hash() !=
             content_of({{"l", a}, {"p", b}, {"q", kAbsent}}, false).hash());
}

BOOST_AUTO_TEST_SUITE_END()
