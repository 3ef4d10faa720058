#include "util/file.hpp"

#include <boost/test/unit_test.hpp>

#include "scratch.hpp"
#include "util/error.hpp"
#include "util/process.hpp"

using namespace ablate;

namespace {

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(file)

BOOST_AUTO_TEST_CASE(a_write_replaces_the_whole_file_and_leaves_nothing_beside_it) {
  const Scratch scratch;
  const auto path = scratch.path / "f";
  write_file(path, "one", true);
  write_file(path, "two");
  BOOST_TEST(read_file(path, 10) == "two");
  BOOST_TEST(std::distance(std::filesystem::directory_iterator(scratch.path), {}) == 1);
}

BOOST_AUTO_TEST_CASE(reads_are_bounded_and_errors_name_the_file) {
  const Scratch scratch;
  const auto path = scratch.write("f", "12345");
  BOOST_TEST(message_of([&] { read_file(path, 4); }) ==
             path.string() + ": is 5 bytes long; expected at most 4");
  BOOST_TEST(message_of([&] { read_file(scratch.path, 4); }) ==
             scratch.path.string() + ": is a folder; expected a file");
  BOOST_TEST(message_of([&] { read_file(scratch.path / "no", 4); }) ==
             (scratch.path / "no").string() + ": cannot be opened: No such file or directory");
  BOOST_TEST(message_of([&] { read_file("/dev/zero", 4); }) == "/dev/zero: is not a regular file");
  BOOST_TEST(message_of([&] { write_file(scratch.path / "no/f", "x"); }) ==
             (scratch.path / "no/f").string() + ": cannot be written: No such file or directory");
}

BOOST_AUTO_TEST_CASE(a_lock_is_held_by_one) {
  const Scratch scratch;
  const auto path = scratch.path / "lock";
  BOOST_TEST(!FileLock::is_held(path));
  {
    auto lock = FileLock::try_take(path);
    BOOST_REQUIRE(lock);
    lock->write_owner("me");
    BOOST_TEST(FileLock::is_held(path));
    BOOST_TEST(!FileLock::try_take(path));
    BOOST_TEST(read_file(path, 10) == "me");
  }
  BOOST_TEST(!FileLock::is_held(path));
  BOOST_TEST(FileLock::try_take(path).has_value());
}

BOOST_AUTO_TEST_CASE(a_real_path_is_that_of_the_file_through_links_and_dots_and_without_it) {
  const Scratch scratch;
  const auto folder = std::filesystem::canonical(scratch.path);
  const auto file = scratch.write("f", "");
  std::filesystem::create_directory(scratch.path / "a");
  std::filesystem::create_symlink("a", scratch.path / "b");
  std::filesystem::create_symlink("../f", scratch.path / "a" / "link");
  BOOST_TEST(real_path(scratch.path / "b" / "link") == folder / "f");
  BOOST_TEST(real_path(scratch.path / "a" / ".." / "f") == folder / "f");
  BOOST_TEST(real_path(scratch.path / "b" / "gone" / "x") == folder / "a" / "gone" / "x");
  BOOST_TEST(real_path("nowhere/x") ==
             std::filesystem::canonical(std::filesystem::current_path()) / "nowhere" / "x");
  std::filesystem::create_symlink("a/later", scratch.path / "early");
  std::filesystem::create_symlink("early", scratch.path / "earlier");
  BOOST_TEST(real_path(scratch.path / "earlier") == folder / "a" / "later");
  std::filesystem::create_symlink("gone/../round", scratch.path / "round");
  BOOST_TEST(real_path(scratch.path / "round") == folder / "round");
  std::filesystem::create_symlink("circle", scratch.path / "circle");
  BOOST_TEST(real_path(scratch.path / "circle") == scratch.path / "circle");
}

BOOST_AUTO_TEST_CASE(a_child_that_inherits_a_lock_goes_on_holding_it) {
  const Scratch scratch;
  const auto path = scratch.path / "lock";
  pid_t child = 0;
  {
    auto lock = FileLock::try_take(path);
    child = spawn({.arguments = {"/bin/sleep", "30"}, .inherit_fd = lock->fd()});
  }
  BOOST_TEST(FileLock::is_held(path));
  BOOST_TEST(signal_group(child, 9));
  const Fd watch = open_pidfd(child);
  while (!try_reap(child)) {
  }
  BOOST_TEST(!FileLock::is_held(path));
}

BOOST_AUTO_TEST_SUITE_END()
