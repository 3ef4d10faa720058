#include "data/shard.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "shard_fixture.hpp"
#include "tar_file.hpp"

namespace {

using namespace ablate;
namespace fs = std::filesystem;

template <typename Call>
std::string data_error(const Call& call) {
  try {
    call();
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

ShardLines shard_names(const std::vector<ShardFile>& shards) {
  ShardLines result;
  for (const ShardFile& shard : shards) result.push_back(shard.name);
  return result;
}

struct PictureFolder : ShardFolder {
  PictureFolder() {
    write("secret.jpg", "secret");
    write("data/docs.jsonl", "");
    write("data/a.jpg", "picture a");
    write("data/sub/b.png", "picture b");
    fs::create_symlink("sub/b.png", path / "data/inside.png");
    fs::create_symlink("../secret.jpg", path / "data/outside.jpg");
    fs::create_symlink("..", path / "data/up");
    fs::create_symlink("loop", path / "data/loop");
  }
  std::string read_picture(const std::string& name) const {
    try {
      return read_picture_file(path / "data/docs.jsonl", name);
    } catch (const BrokenDocument& broken) {
      return to_name(broken.problem.kind) + ": " + broken.problem.message;
    }
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(shards_of_a_folder_are_sorted_by_path_whatever_the_case_of_their_extension,
                        ShardFolder) {
  for (const char* name :
       {"b/2.tar", "a.JSONL", "b/1.TAR", "c.ndjson", ".hidden.tar", ".git/x.tar", "note.txt", "x.toml"})
    write(name, "");
  BOOST_TEST(shard_names(find_shards(path, DataRole::captions)) ==
                 (ShardLines{"a.JSONL", "b/1.TAR", "b/2.tar", "c.ndjson"}),
             boost::test_tools::per_element());
  BOOST_TEST(shard_names(find_shards(path, DataRole::text)) ==
                 (ShardLines{"a.JSONL", "b/1.TAR", "b/2.tar", "c.ndjson", "note.txt"}),
             boost::test_tools::per_element());
  BOOST_TEST(shard_names(find_shards(path / "b/2.tar", DataRole::sft)) == (ShardLines{"2.tar"}),
             boost::test_tools::per_element());
  BOOST_TEST(shard_names(find_shards(path / "x.toml", DataRole::sft)) == (ShardLines{"x.toml"}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(links_in_a_folder_are_followed, ShardFolder) {
  // As the cache of a hub has it: links to files elsewhere that have no extension, and a folder that is
  // linked.
  write("blobs/0f", "");
  write("elsewhere/c.tar", "");
  write("data/a.tar", "");
  fs::create_symlink("../blobs/0f", path / "data/b.tar");
  fs::create_symlink(path / "elsewhere", path / "data/more");
  fs::create_symlink("../nowhere", path / "data/README.md");
  std::vector<std::string> notes;
  const ShardLines expected = {"a.tar", "b.tar", "more/c.tar"};
  BOOST_TEST(shard_names(find_shards(path / "data", DataRole::captions, &notes)) == expected,
             boost::test_tools::per_element());
  BOOST_TEST(notes.empty());
  fs::create_directory_symlink("data", path / "linked");
  BOOST_TEST(shard_names(find_shards(path / "linked", DataRole::captions)) == expected,
             boost::test_tools::per_element());
  // Loops are passed over, and shards of two names are read twice: both are said.
  fs::create_symlink(".", path / "data/again");
  fs::create_symlink(path / "data", path / "elsewhere/back");
  fs::create_symlink("a.tar", path / "data/z.tar");
  BOOST_TEST(shard_names(find_shards(path / "data", DataRole::captions, &notes)) ==
                 (ShardLines{"a.tar", "b.tar", "more/c.tar", "z.tar"}),
             boost::test_tools::per_element());
  const std::string where = (path / "data").string() + ": ";
  BOOST_TEST(notes == (ShardLines{where + "again is a link to a folder that it lies in: passed over",
                                  where + "more/back is a link to a folder that it lies in: passed over",
                                  where + "a.tar and z.tar are one file: its documents are read twice"}),
             boost::test_tools::per_element());
  // A shard that leads nowhere is missing, not absent.
  fs::create_symlink("../blobs/gone", path / "data/d.tar");
  fs::create_symlink("e.tar", path / "data/e.tar");
  BOOST_TEST(
      data_error([&] { find_shards(path / "data", DataRole::captions); }) ==
      (path / "data/d.tar").string() +
          " is a link to ../blobs/gone, which is not there (and 1 more like it); expected a shard, or no "
          "link");
}

BOOST_FIXTURE_TEST_CASE(a_source_without_shards_says_how_to_make_one, ShardFolder) {
  const auto message = [&](const fs::path& source) {
    std::string text = data_error([&] { find_shards(source, DataRole::captions); });
    for (auto at = text.find(path.string()); at != text.npos; at = text.find(path.string()))
      text.replace(at, path.string().size(), "DIR");
    return text;
  };
  fs::create_directory(path / "empty");
  BOOST_TEST(message(path / "empty") ==
             "DIR/empty: no shards in this folder; found no files; expected .tar, .jsonl or .ndjson files");
  BOOST_TEST(message(path / "absent") ==
             "DIR/absent: No such file or directory; expected a shard: .tar, .jsonl, .ndjson, .txt, .md, or "
             "a scenes "
             "file (.toml), or a folder of shards");
  write("it's loose/1.jpg", "");
  write("it's loose/1.txt", "");
  BOOST_TEST(message(path / "it's loose") ==
             "DIR/it's loose: no shards, but 1 loose pictures and 1 text files; make a shard of them: tar "
             "--sort=name -cf shard.tar -C 'DIR/it'\\''s loose' .");
  write("packed/0.tar.gz", "");
  BOOST_TEST(message(path / "packed") ==
             "DIR/packed: no shards; DIR/packed/0.tar.gz is compressed; decompress it: gunzip "
             "'DIR/packed/0.tar.gz'");
  write("packed/0.tar", "");
  BOOST_TEST(message(path / "packed") == "no error");
  // A set that is unpacked in part must not be taken for the whole.
  write("packed/1.tar.zst", "");
  BOOST_TEST(message(path / "packed") ==
             "DIR/packed/1.tar.zst is compressed; decompress it: zstd -d 'DIR/packed/1.tar.zst'");
  BOOST_TEST(message(write("x.json", "")) ==
             "DIR/x.json is one JSON value; make lines of a list of records: jq -c '.[]' 'DIR/x.json' > "
             "'DIR/x.jsonl'");
  BOOST_TEST(
      message(write("x.mp4", "")) ==
      "DIR/x.mp4: extension '.mp4'; expected a shard: .tar, .jsonl, .ndjson, .txt, .md, or a scenes file "
      "(.toml)");
  BOOST_TEST(message(write("x.txt", "")) ==
             "DIR/x.txt: plain text has neither pictures nor answers; expected .tar or .jsonl");
  write("other/x.mp4", "");
  write("other/y.mp4", "");
  write("other/z", "");
  BOOST_TEST(
      message(path / "other") ==
      "DIR/other: no shards in this folder; found 1 without extension, 2 .mp4; expected .tar, .jsonl or "
      ".ndjson files");
}

BOOST_FIXTURE_TEST_CASE(what_is_no_regular_file_is_no_shard, ShardFolder) {
  BOOST_TEST(data_error([&] {
               open_shard({path / "x.tar", "x.tar", DataRole::captions});
             }).ends_with("x.tar: cannot be opened: No such file or directory"));
  BOOST_REQUIRE(::mkfifo((path / "p.tar").c_str(), 0600) == 0);
  BOOST_CHECK_THROW(open_shard({path / "p.tar", "p.tar", DataRole::captions}), DataError);
  BOOST_CHECK_THROW(open_shard({path, "x", DataRole::captions}), DataError);
}

BOOST_FIXTURE_TEST_CASE(lines_may_end_in_any_way, ShardFolder) {
  const std::string text =
      "\xEF\xBB\xBF{\"text\": \"one\"}\r\n\r\n   \n{\"text\": \"two\"}\n{\"text\": \"three\"}";
  const ShardLines expected = {"x.jsonl: byte 3: one", "x.jsonl: byte 26: two", "x.jsonl: byte 42: three"};
  for (const std::size_t limit : {1, 2, 1024})
    for (const std::string end : {"", "\n", "\r\n", "\n\n \n"})
      BOOST_TEST(read("x.jsonl", text + end, DataRole::text, limit) == expected,
                 boost::test_tools::per_element());
  BOOST_TEST(read("x.jsonl", "", DataRole::text).empty());
  BOOST_TEST(read("x.jsonl", "\n\n", DataRole::text).empty());
}

BOOST_FIXTURE_TEST_CASE(lines_are_found_across_the_blocks_that_are_read, ShardFolder) {
  std::string text;
  ShardLines expected;
  for (const std::size_t size : {10, 300'000, 262'100, 1, 600'000, 5}) {
    expected.push_back("x.jsonl: byte " + std::to_string(text.size()) + ": " + std::string(size, 'x'));
    text += R"({"text": ")" + std::string(size, 'x') + "\"}\n" + std::string(size / 3, ' ') + "\n";
  }
  for (const std::size_t limit : {1, 4, 1024})
    BOOST_TEST((read("x.jsonl", text, DataRole::text, limit) == expected));
}

BOOST_FIXTURE_TEST_CASE(broken_lines_are_named_and_the_others_read, ShardFolder) {
  write("a.jpg", "picture");
  BOOST_TEST(
      read("x.jsonl",
           "{\"image\": \"a.jpg\", \"caption\": \"A\"}\n{\"image\": \"b.jpg\", \"caption\": \"B\"}\n{]\n[1]\n"
           "{\"image\": \"a.jpg\", \"caption\": \"C\"}\n{\"text\": \"D\"}\n{\"image\": \"a.jpg\", "
           "\"caption\": \"\xff\"}\n") ==
          (ShardLines{
              "x.jsonl: byte 0: [picture] A",
              "missing-image: x.jsonl: byte 35: picture 'b.jpg' cannot be read: No such file or directory",
              "json: x.jsonl: byte 70: no valid JSON: line 1, column 2: syntax error while parsing object "
              "key - unexpected ']'; expected string literal",
              "record: x.jsonl: byte 73: a list; expected an object", "x.jsonl: byte 77: [picture] C",
              "record: x.jsonl: byte 112: no picture; expected one picture and its caption, as it is data "
              "for captions",
              "json: x.jsonl: byte 126: no valid JSON: line 1, column 32: syntax error while parsing value "
              "- invalid string: ill-formed UTF-8 byte"}),
      boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_line_that_is_too_long_is_passed_over_unread, ShardFolder) {
  const fs::path file = write("x.jsonl", "{\"text\": \"one\"}\n");
  fs::resize_file(file, 16 + kMaxDocumentBytes + 1);  // zeros: a hole in the file
  std::ofstream(file, std::ios::app) << "\n{\"text\": \"two\"}\n";
  BOOST_TEST(
      read_all(*open_shard({file, "x.jsonl", DataRole::text})) ==
          (ShardLines{"x.jsonl: byte 0: one", "x.jsonl: byte 268435474: two",
                      "too-large: x.jsonl: byte 16: a line of 268435457 bytes; expected at most 268435456"}),
      boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(no_damage_to_lines_crashes, ShardFolder) {
  write("a.jpg", "picture");
  const std::string whole =
      "{\"segments\": [{\"text\": \"T\\u00e4\"}, {\"image\": \"a.jpg\"}]}\n"
      "{\"text_list\": [\"a\"], \"image_info\": [{\"image_base64\": \"QUJD\", \"matched_text_index\": "
      "0}]}\r\n"
      "{\"texts\": [null, \"b\"], \"images\": [\"a.jpg\", null]}\n"
      "{\"image\": \"a.jpg\", \"question\": \"Q\", \"answer\": \"A\", \"choices\": [\"A\", \"B\"]}\n"
      "{\"image\": \"a.jpg\", \"conversations\": [{\"from\": \"human\", \"value\": \"<image> Q\"}, "
      "{\"from\": \"gpt\", \"value\": \"A\"}]}\n";
  BOOST_TEST(read("x.jsonl", whole, DataRole::interleaved).size() == 5);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (at % 3 == 0 ? 0xFF : 1 << at % 8));
    read("x.jsonl", damaged, DataRole::interleaved, at % 2 == 0 ? 1 : 1024);
    if (at % 13 == 0) read("x.jsonl", whole.substr(0, at), DataRole::interleaved);
  }
}

BOOST_FIXTURE_TEST_CASE(text_is_cut_at_blank_lines_newlines_spaces_or_characters, ShardFolder) {
  constexpr std::size_t kWindow = 65'536;
  const auto sizes = [&](const std::string& text) {
    const auto shard = open_shard({write("x.txt", text), "x.txt", DataRole::text});
    std::vector<std::int64_t> result;
    for (const Entry& entry : shard->list(0, 100).entries) result.push_back(entry.size);
    return result;
  };
  using Sizes = std::vector<std::int64_t>;
  const std::string filler(kWindow, 'x');
  BOOST_TEST(sizes("short") == (Sizes{5}), boost::test_tools::per_element());
  BOOST_TEST(sizes("").empty());
  BOOST_TEST(sizes(" \n\t\n").empty());
  BOOST_TEST(sizes("one\n\ntwo\nthree four\n \r\nfive six\nseven " + filler).at(0) == 23);
  BOOST_TEST(sizes("two\nthree four" + filler).at(0) == 4);
  BOOST_TEST(sizes("three four" + filler).at(0) == 6);
  // Cut before a character that would be halved: 2 bytes each, from an odd offset.
  std::string umlauts = "x";
  while (umlauts.size() < 2 * kWindow) umlauts += "\u00e4";
  BOOST_TEST(sizes(umlauts).at(0) == static_cast<std::int64_t>(kWindow) - 1);
  BOOST_TEST(read("x.txt", umlauts, DataRole::text).size() == 3);
  // The last blank line may stand before the end of the window, where it is sought first.
  BOOST_TEST(sizes(filler.substr(0, 30'000) + "\n\n" + filler).at(0) == 30'002);
  BOOST_TEST(sizes(filler.substr(0, 61'439) + "\n\n" + filler).at(0) == 61'441);
  BOOST_TEST(sizes(filler.substr(0, 65'534) + "\n\n" + filler).at(0) == 65'536);
  BOOST_TEST(sizes(filler.substr(0, 65'535) + "\n\n" + filler).at(0) == 65'536);
  // Binary zeros are no white space, and their bytes no text when they are no UTF-8.
  BOOST_TEST(read("x.txt", "\xff\xfe", DataRole::text).at(0) ==
             "text: x.txt: byte 0: byte 1 of the text (0xff) is no UTF-8");
}

BOOST_FIXTURE_TEST_CASE(text_is_cut_alike_whatever_the_listings_are, ShardFolder) {
  std::string text;
  for (int i = 0; text.size() < 1'000'000; ++i)
    text += std::string(static_cast<std::size_t>(i * 7919 % 997), 'x') + (i % 301 == 0           ? "\n\n"
                                                                          : i % 41 == 0          ? "\n"
                                                                          : i > 2000 && i < 2400 ? ""
                                                                                                 : " ");
  const ShardLines whole = read("x.md", text, DataRole::text);
  BOOST_TEST(whole.size() > 15);
  for (const std::size_t limit : {1, 3}) BOOST_TEST((read("x.md", text, DataRole::text, limit) == whole));
}

BOOST_FIXTURE_TEST_CASE(pictures_are_named_within_the_folder_only, PictureFolder) {
  BOOST_TEST(read_picture("a.jpg") == "picture a");
  BOOST_TEST(read_picture("./sub//b.png") == "picture b");
  BOOST_TEST(read_picture("inside.png") == "picture b");
  BOOST_TEST(read_picture("../secret.jpg").starts_with("path: picture '../secret.jpg' has '..' in its path"));
  BOOST_TEST(read_picture("sub/../a.jpg").starts_with("path: "));
  BOOST_TEST(read_picture((path / "data/a.jpg").string()).starts_with("path: "));
  // Links are the user's own: the cache of a hub holds all files elsewhere.
  for (const char* name : {"outside.jpg", "up/secret.jpg"}) BOOST_TEST(read_picture(name) == "secret");
  BOOST_TEST(read_picture("").starts_with("path: "));
  BOOST_TEST(read_picture(std::string("a.jpg\0x", 7)).starts_with("path: "));
  BOOST_TEST(read_picture("b.jpg") ==
             "missing-image: picture 'b.jpg' cannot be read: No such file or directory");
  BOOST_TEST(read_picture("sub") == "missing-image: picture 'sub' is no regular file");
  BOOST_TEST(read_picture("loop").starts_with("missing-image: "));
  BOOST_TEST(read_picture(std::string(5000, 'x')).starts_with("missing-image: "));
  BOOST_TEST(
      read_picture("https://x.org/a.jpg") ==
      "missing-image: picture 'https://x.org/a.jpg' is a URL; expected a file: download pictures first, and "
      "name the files");
  BOOST_REQUIRE(::mkfifo((path / "data/pipe.jpg").c_str(), 0600) == 0);
  BOOST_TEST(read_picture("pipe.jpg") == "missing-image: picture 'pipe.jpg' is no regular file");
  fs::resize_file(write("data/large.jpg", ""), static_cast<std::uintmax_t>(kMaxDocumentBytes) + 1);
  BOOST_TEST(read_picture("large.jpg") ==
             "too-large: picture 'large.jpg' has 268435457 bytes; expected at most 268435456");
}

BOOST_FIXTURE_TEST_CASE(a_file_that_shrank_is_an_error_with_its_name, ShardFolder) {
  const fs::path file = write("x.jsonl", "{\"text\": \"one\"}\n");
  const auto shard = open_shard({file, "x.jsonl", DataRole::text});
  const Entry entry = shard->list(0, 1).entries.at(0);
  fs::resize_file(file, 3);
  BOOST_TEST(data_error([&] { shard->read(entry); }) ==
             file.string() + ": ends at byte 3; expected 15 bytes from byte 0 (has it changed?)");
}

BOOST_FIXTURE_TEST_CASE(documents_are_found_by_their_ids, ShardFolder) {
  const auto find = [&](const std::string& name, const std::string& content, DataRole role,
                        const std::set<std::string>& ids, std::size_t most = 100) {
    const auto shard = open_shard({write(name, content), name, role});
    ShardLines found;
    for (const auto& [id, entry] : shard->find(ids, most)) {
      const Document document = shard->read(entry);
      BOOST_TEST(document.id == id);
      found.push_back(id + ": " + show_document(document));
    }
    return found;
  };
  const std::string tar =
      tar_sample("x/1") + tar_sample("2", "A dog") + tar_sample("3") + tar_sample("2", "A cow");
  BOOST_TEST(find("a.tar", tar + tar_end(), DataRole::captions,
                  {"a.tar: 2", "a.tar: x/1", "a.tar: 9", "b.tar: 3"}) ==
                 (ShardLines{"a.tar: 2: [picture 2] A dog", "a.tar: 2: [picture 2] A cow",
                             "a.tar: x/1: [picture x/1] A cat"}),
             boost::test_tools::per_element());
  BOOST_TEST(find("a.tar", tar + tar_end(), DataRole::captions, {"a.tar: 2", "a.tar: 3"}, 2).size() == 1u);
  BOOST_TEST(find("d.jsonl", "{\"text\": \"one\"}\n\n{\"text\": \"two\"}\n", DataRole::text,
                  {"d.jsonl: byte 17", "d.jsonl: byte 16", "d.jsonl: byte 999", "d.jsonl: byte -1",
                   "d.jsonl: byte 17x"}) == (ShardLines{"d.jsonl: byte 17: two"}),
             boost::test_tools::per_element());
  BOOST_TEST(find("t.txt", "Plain", DataRole::text, {"t.txt: byte 0", "t.txt: byte 99"}) ==
                 (ShardLines{"t.txt: byte 0: Plain"}),
             boost::test_tools::per_element());
}
