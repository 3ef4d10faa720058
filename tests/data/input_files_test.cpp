#include "data/input_files.hpp"

#include <boost/test/unit_test.hpp>

#include "data/problem.hpp"
#include "data/shard.hpp"
#include "scratch.hpp"
#include "util/hash.hpp"
#include "util/safetensors.hpp"

using namespace ablate;

namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

struct Sources : Scratch {
  InputFiles list(const std::string& source, SourceKind kind = SourceKind::documents) const {
    return list_input_files(path / source, kind,
                            [](const InputFile& lines) { return read_picture_names(lines.path); });
  }
  /// "name -> path in the scratch folder", with a '*' for a picture.
  Names files(const std::string& source, SourceKind kind = SourceKind::documents) const {
    Names found;
    for (const InputFile& file : list(source, kind).files) {
      const std::string where = file.path.empty() ? "nothing" : file.path.lexically_relative(path).string();
      found.push_back(file.name + (file.is_picture ? "* -> " : " -> ") + where);
    }
    return found;
  }
  void write_weights(const std::string& name, const std::string& bytes) const {
    fs::create_directories((path / name).parent_path());
    write_safetensors(path / name, {{"a",
                                     "U8",
                                     {static_cast<std::int64_t>(bytes.size())},
                                     std::as_bytes(std::span(bytes.data(), bytes.size()))}});
  }
};

void expect(const Names& found, const Names& expected) {
  BOOST_TEST(found == expected, boost::test_tools::per_element());
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(input_files, Sources)

BOOST_AUTO_TEST_CASE(a_folder_is_read_from_its_shards_and_the_pictures_that_their_records_name) {
  write("d/b.tar", "");
  write("d/note.txt", "");
  write("d/other.jpg", "");
  write("d/sub/a.jsonl",
        "{\"image\": \"p/1.jpg\", \"caption\": \"c\"}\n"
        "no JSON with an image\n"
        "{\"text\": \"no picture\"}\n"
        "{\"segments\": [{\"image\": \"2.jpg\"}, {\"text\": \"t\"}, {\"image\": \"p/1.jpg\"}]}\n"
        "{\"image\": \"../out.jpg\", \"caption\": \"c\"}\n"
        "{\"\\u0069mage\": \"3.jpg\", \"caption\": \"c\"}\n");
  expect(files("d"), {"b.tar -> d/b.tar", "sub/a.jsonl -> d/sub/a.jsonl", "sub/p/1.jpg* -> d/sub/p/1.jpg",
                      "sub/2.jpg* -> d/sub/2.jpg", "sub/3.jpg* -> d/sub/3.jpg"});
  BOOST_TEST(list("d").names_count);
  // A source of text reads no pictures, but plain text.
  expect(files("d", SourceKind::text),
         {"b.tar -> d/b.tar", "note.txt -> d/note.txt", "sub/a.jsonl -> d/sub/a.jsonl"});
  expect(files("d/sub/a.jsonl"), {"a.jsonl -> d/sub/a.jsonl", "p/1.jpg* -> d/sub/p/1.jpg",
                                  "2.jpg* -> d/sub/2.jpg", "3.jpg* -> d/sub/3.jpg"});
  BOOST_TEST(!list("d/sub/a.jsonl").names_count);
}

BOOST_AUTO_TEST_CASE(equal_bytes_that_are_read_in_another_way_are_other_data) {
  const std::string bytes = "{\"text\": \"t\"}\n";
  const auto identity = [&](const std::string& source, SourceKind kind) {
    const InputFiles found = list(source, kind);
    InputContent content{{}, found.names_count, found.format};
    for (const InputFile& file : found.files)
      content.files.push_back({file.name, false, read_content(file.path)});
    return content.hash();
  };
  const auto of_text = [&](const std::string& source) { return identity(source, SourceKind::text); };
  for (const char* name : {"x.jsonl", "x.ndjson", "x.tar", "x.txt", "y.TXT", "x.md", "x.model"})
    write(name, bytes);
  // What a format of its own tells is known by its bytes alone; so are files that are no shards.
  const std::string plain = hash128(bytes).hex();
  for (const char* name : {"x.jsonl", "x.ndjson", "x.tar"}) BOOST_TEST(of_text(name) == plain);
  BOOST_TEST(identity("x.model", SourceKind::tokenizer) == plain);
  BOOST_TEST(identity("x.txt", SourceKind::tokenizer) == plain);
  BOOST_TEST(identity("x.txt", SourceKind::weights) == plain);
  // Any bytes are text.
  const std::string text = hash128(std::string("text\0", 5) + plain).hex();
  for (const char* name : {"x.txt", "y.TXT", "x.md"}) {
    BOOST_TEST(of_text(name) == text);
    BOOST_TEST(identity(name, SourceKind::documents) == text);
  }
  // In a folder the names tell it.
  write("lines/a.jsonl", bytes);
  write("plain/a.txt", bytes);
  BOOST_TEST(of_text("lines") != of_text("plain"));
  BOOST_TEST(list("plain", SourceKind::text).format == "");
}

BOOST_AUTO_TEST_CASE(a_picture_counts_as_its_reader_finds_it) {
  write("blobs/1", "one");
  write("d/sub/real.jpg", "two");
  write("d/a.jsonl",
        "{\"segments\": [{\"image\": \"linked.jpg\"}, {\"image\": \"sub/real.jpg\"}, {\"image\": "
        "\"absent.jpg\"}, {\"image\": \"sub\"}, {\"image\": \"dangling.jpg\"}]}\n");
  fs::create_symlink("../blobs/1", path / "d/linked.jpg");
  fs::create_symlink("../blobs/2", path / "d/dangling.jpg");
  std::int64_t pictures = 0, there = 0;
  for (const InputFile& file : list("d/a.jsonl").files) {
    if (!file.is_picture) continue;
    ++pictures;
    bool is_read = true;
    try {
      read_picture_file(path / "d/a.jsonl", file.name);
    } catch (const BrokenDocument&) {
      is_read = false;
    }
    BOOST_TEST(is_read == find_file_state(file.path).has_value(), file.name);
    there += is_read;
  }
  BOOST_TEST(pictures == 5);
  BOOST_TEST(there == 2);
}

BOOST_AUTO_TEST_CASE(pictures_of_an_image_folder_count) {
  write("d/0.png", "one");
  write("d/metadata.jsonl",
        "{\"file_name\": \"0.png\", \"text\": \"a\"}\n"
        "{\"file_name\": \"1.PNG\", \"text\": \"b\"}\n"
        "{\"file_name\": \"a.py\", \"text\": \"c\"}\n");
  std::vector<std::string> names;
  for (const InputFile& file : list("d/metadata.jsonl").files)
    if (file.is_picture) names.push_back(file.name);
  BOOST_TEST(names == (std::vector<std::string>{"0.png", "1.PNG"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_scenes_file_is_read_with_its_bank) {
  write("bank/train-images-idx3-ubyte", "");
  write("bank/train-labels-idx1-ubyte.gz", "");
  write("bank/labels.txt", "");
  write("bank/unused.txt", "");
  write("s/scenes.toml", "[scenes]\nbank = ['../bank']\n");
  const std::string bank = (path / "bank").string();
  expect(files("s/scenes.toml"),
         {"scenes.toml -> s/scenes.toml", bank + "/train-images-idx3-ubyte -> bank/train-images-idx3-ubyte",
          bank + "/train-labels-idx1-ubyte.gz -> bank/train-labels-idx1-ubyte.gz",
          bank + "/labels.txt -> bank/labels.txt"});
  BOOST_TEST(!list("s/scenes.toml").names_count);
  fs::rename(path / "bank", path / "moved");
  BOOST_CHECK(list("s/scenes.toml").missing == std::vector{path / "bank"});
}

BOOST_AUTO_TEST_CASE(weights_are_read_from_a_file_a_folder_or_an_index_with_its_shards) {
  write_weights("w/m-1.safetensors", "one");
  write_weights("w/model.safetensors", "all");
  const std::string index = "{\"weight_map\": {\"a\": \"m-1.safetensors\", \"b\": \"m-2.safetensors\"}}";
  write("w/x.safetensors.index.json", index);
  expect(files("w", SourceKind::weights), {"model.safetensors -> w/model.safetensors"});
  expect(files("w/m-1.safetensors", SourceKind::weights), {"m-1.safetensors -> w/m-1.safetensors"});
  BOOST_CHECK(list("w/x.safetensors.index.json", SourceKind::weights).missing ==
              std::vector{path / "w/m-2.safetensors"});
  write_weights("w/m-2.safetensors", "two");
  expect(files("w/x.safetensors.index.json", SourceKind::weights),
         {"x.safetensors.index.json -> w/x.safetensors.index.json", "m-1.safetensors -> w/m-1.safetensors",
          "m-2.safetensors -> w/m-2.safetensors"});
  write("empty/config.json", "{}");
  BOOST_CHECK_THROW(list("empty", SourceKind::weights), Error);
  write("v/model.safetensors.index.json", "[]");
  BOOST_CHECK_THROW(list("v", SourceKind::weights), Error);
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_missing) {
  fs::create_symlink("nowhere", path / "dangling");
  for (const char* name : {"absent", "dangling"})
    for (const SourceKind kind :
         {SourceKind::documents, SourceKind::text, SourceKind::tokenizer, SourceKind::weights})
      BOOST_CHECK(list(name, kind).missing == std::vector{path / name});
  write("t.model", "x");
  expect(files("t.model", SourceKind::tokenizer), {"t.model -> t.model"});
}

BOOST_AUTO_TEST_SUITE_END()
