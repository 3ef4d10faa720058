#include "fixture.hpp"
#include "util/hash.hpp"

using namespace ablate;

namespace {

/// Sets a file's time of change a minute back: settled files are remembered.
void settle(const std::filesystem::path& file) {
  std::filesystem::last_write_time(file, std::filesystem::last_write_time(file) - std::chrono::minutes(1));
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_files_fingerprint_is_its_content_hash_and_is_remembered, Store) {
  const auto file = write("data.txt", "some text");
  settle(file);
  const std::string hash = hash_path(file).hex();
  BOOST_TEST(fingerprint(database, file, false) == hash);
  BOOST_TEST(count("SELECT count(*) FROM data_hash") == 0);
  BOOST_TEST(fingerprint(database, file, true) == hash);
  BOOST_TEST(count("SELECT count(*) FROM data_hash") == 1);
  Query(database, "UPDATE data_hash SET hash = 'remembered'").run();
  BOOST_TEST(fingerprint(database, file, false) == "remembered");
  write("data.txt", "other text");
  settle(file);
  BOOST_TEST(fingerprint(database, file, true) == hash_path(file).hex());
  BOOST_TEST(count("SELECT count(*) FROM data_hash") == 1);
}

BOOST_FIXTURE_TEST_CASE(a_file_that_has_just_changed_is_not_remembered, Store) {
  const auto file = write("data.txt", "some text");
  fingerprint(database, file, true);
  BOOST_TEST(count("SELECT count(*) FROM data_hash") == 0);
}

BOOST_FIXTURE_TEST_CASE(a_folders_fingerprint_tells_names_and_contents, Store) {
  const auto folder = path / "data";
  settle(write("data/a.txt", "a"));
  settle(write("data/sub/b.txt", "b"));
  const std::string first = fingerprint(database, folder, true);
  BOOST_TEST(first.size() == 32u);
  BOOST_TEST(count("SELECT count(*) FROM data_hash") == 2);
  BOOST_TEST(fingerprint(database, folder.string() + "/", false) == first);
  write("data/sub/b.txt", "c");
  const std::string second = fingerprint(database, folder, false);
  BOOST_TEST(second != first);
  std::filesystem::rename(folder / "a.txt", folder / "z.txt");
  BOOST_TEST(fingerprint(database, folder, false) != second);
}

BOOST_FIXTURE_TEST_CASE(what_does_not_exist_has_no_fingerprint, Store) {
  BOOST_TEST(fingerprint(database, path / "absent", true) == "");
  BOOST_TEST(fingerprint(database, path / "absent" / "file", true) == "");
}
