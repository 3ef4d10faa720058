#include "journal/data_promise.hpp"

#include <boost/test/unit_test.hpp>

#include "scratch.hpp"
#include "util/error.hpp"
#include "util/hash.hpp"

using namespace ablate;

BOOST_AUTO_TEST_CASE(a_promise_reads_back_as_it_was_written) {
  const Scratch scratch;
  const std::string hash = hash128("x").hex();
  InputContent content{{{"b/0 1.jsonl", false, {hash, 12, {12, -5, 7'000'000'000'000'000'000, 99}}},
                        {"b/line\nbreak \\n \xff.jpg", true, {hash, 3, {}}},
                        {"gone.jpg", true, {}}},
                       true};
  const auto file = promise_file(scratch.path, "abc");
  BOOST_TEST(file.string() == (scratch.path / "sources/abc").string());
  write_promise(file, content);
  const auto written = std::filesystem::last_write_time(file);
  const InputContent read = load_promise(file);
  BOOST_TEST(read.names_count);
  BOOST_TEST_REQUIRE(read.files.size() == 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_TEST(read.files[i].name == content.files[i].name);
    BOOST_TEST(read.files[i].is_picture == content.files[i].is_picture);
    BOOST_TEST(read.files[i].content.hash == content.files[i].content.hash);
    BOOST_TEST(read.files[i].content.bytes == content.files[i].content.bytes);
    BOOST_CHECK(read.files[i].content.state == content.files[i].content.state);
  }
  BOOST_TEST(read.hash() == content.hash());
  write_promise(file, content);
  BOOST_CHECK(std::filesystem::last_write_time(file) == written);
  content.names_count = false;
  content.format = "text";
  write_promise(file, content);
  BOOST_TEST(!load_promise(file).names_count);
  BOOST_TEST(load_promise(file).format == "text");
  BOOST_TEST(load_promise(file).hash() == content.hash());
}

BOOST_AUTO_TEST_CASE(a_promise_of_another_form_is_named_by_its_line) {
  const Scratch scratch;
  const std::string hash = hash128("x").hex();
  const auto error_of = [&](const std::string& text) -> std::string {
    try {
      load_promise(scratch.write("p", text));
    } catch (const Error& error) {
      return std::string(error.what()).substr((scratch.path / "p").string().size());
    }
    return "";
  };
  BOOST_TEST(error_of("named\n" + hash + " 1 2 3 4 file a\n") == "");
  BOOST_TEST(error_of("something\n").starts_with(":1: found 'something'; expected "));
  BOOST_TEST(
      error_of("named\n" + hash + " 1 2 3 4 file a\n" + hash + " 1 x 3 4 file a\n").starts_with(":3: "));
  BOOST_TEST(error_of("named\n" + hash + " 1 2 3 4 folder a\n").starts_with(":2: "));
  BOOST_TEST(error_of("named\nabc 1 2 3 4 file a\n").starts_with(":2: "));
  BOOST_CHECK_THROW(load_promise(scratch.path / "absent"), Error);
}
