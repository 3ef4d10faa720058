#include <archive.h>

#include <boost/test/unit_test.hpp>

#include "shard_fixture.hpp"
#include "tar_file.hpp"

namespace {

using namespace ablate;
namespace fs = std::filesystem;

/// A gzip file as it was before.
std::string decompress(const fs::path& path) {
  struct archive* archive = archive_read_new();
  archive_read_support_filter_gzip(archive);
  archive_read_support_format_raw(archive);
  struct archive_entry* entry = nullptr;
  std::string bytes, block(65'536, '\0');
  if (archive_read_open_filename(archive, path.c_str(), block.size()) == ARCHIVE_OK &&
      archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
    for (la_ssize_t size = 0; (size = archive_read_data(archive, block.data(), block.size())) > 0;)
      bytes.append(block, 0, static_cast<std::size_t>(size));
  }
  archive_read_free(archive);
  return bytes;
}

const std::string kLongKey = "s/" + std::string(60, 'd') + "/" + std::string(60, 'n');

/// The samples of tests/data/samples/foreign/make.sh, in an order of their own.
ShardLines foreign_documents(const std::string& shard) {
  return {shard + ": s/000000: [picture 0] A cat.", shard + ": s/000001: [picture 1] Zw\u00f6lf Enten",
          shard + ": s/000002: [picture 2] A dog", shard + ": " + kLongKey + ": [picture 5] Long names",
          shard + ": s/k\u00e4se: [picture 4] Cheese"};
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(archives_of_other_programs_have_the_same_documents, ShardFolder) {
  int archives = 0;
  for (const auto& entry : fs::directory_iterator(ABLATE_SOURCE_DIR "/tests/data/samples/foreign")) {
    if (entry.path().extension() != ".gz") continue;
    ++archives;
    const std::string name = entry.path().stem();
    BOOST_TEST_CONTEXT(name) {
      ShardLines found = read(name, decompress(entry.path()));
      ShardLines expected = foreign_documents(name);
      if (name == "gnutar-v7.tar") expected.erase(expected.begin() + 3);  // has no long names
      std::sort(found.begin(), found.end());
      std::sort(expected.begin(), expected.end());
      BOOST_TEST(found == expected, boost::test_tools::per_element());
      for (const std::size_t limit : {1, 2}) {
        ShardLines again = read(name, decompress(entry.path()), DataRole::captions, limit);
        std::sort(again.begin(), again.end());
        BOOST_TEST(again == expected, boost::test_tools::per_element());
      }
    }
  }
  BOOST_TEST(archives == 13);
}

BOOST_FIXTURE_TEST_CASE(an_entry_starts_at_its_extension_headers_and_ends_with_its_last_member, ShardFolder) {
  // A GNU long name, in two records before the member's own header.
  const std::string key(120, 'k');
  const std::string long_name = tar_member("././@LongLink", key + ".jpg" + '\0', 'L');
  const std::string content = tar_sample("a") + tar_member("README", "x") + long_name +
                              tar_member(key.substr(0, 99), "long") + tar_end();
  const auto shard = open_shard({write("x.tar", content), "x.tar", DataRole::captions});
  const Listing listing = shard->list(0, 10);
  BOOST_REQUIRE(listing.entries.size() == 2);
  BOOST_TEST(listing.entries[0].offset == 0);
  BOOST_TEST(listing.entries[0].size == 2048);
  BOOST_TEST(listing.entries[1].offset == 2048 + 1024);
  BOOST_TEST(listing.entries[1].size == 1024 + 1024);
  BOOST_TEST(listing.end);
  const Listing first = shard->list(0, 1);
  BOOST_TEST(first.next == 2048 + 1024);
  BOOST_TEST(!first.end);
}

BOOST_FIXTURE_TEST_CASE(a_sample_ends_where_another_key_starts, ShardFolder) {
  BOOST_TEST(read("x.tar", tar_sample("a/1") + tar_sample("b/1", "B") + tar_sample("./c", "C") + tar_end()) ==
                 (ShardLines{"x.tar: a/1: [picture a/1] A cat", "x.tar: b/1: [picture b/1] B",
                             "x.tar: c: [picture ./c] C"}),
             boost::test_tools::per_element());
  // Members of one sample that do not stand together are none.
  BOOST_TEST(
      read("y.tar", tar_member("1.jpg", "p") + tar_member("2.jpg", "q") + tar_member("1.txt", "t")) ==
          (ShardLines{"record: y.tar: 1: a sample of .jpg only; expected .txt or .json too, right after one "
                      "another in the archive (tar --sort=name)",
                      "record: y.tar: 2: a sample of .jpg only; expected .txt or .json too, right after one "
                      "another in the archive (tar --sort=name)",
                      "record: y.tar: 1: no picture; expected one picture and its caption, as it is data for "
                      "captions"}),
      boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_caption_is_the_txt_or_the_json_s, ShardFolder) {
  const std::string jpg = tar_member("k.jpg", "p");
  const auto document = [&](const std::string& members, DataRole role = DataRole::captions) {
    return read("x.tar", members, role).at(0);
  };
  BOOST_TEST(document(jpg + tar_member("k.json", R"({"caption": "json", "width": NaN})")) ==
             "x.tar: k: [p] json");
  BOOST_TEST(document(jpg + tar_member("k.json", R"({"text": "json"})")) == "x.tar: k: [p] json");
  BOOST_TEST(document(jpg + tar_member("k.json", R"({"caption": "json"})") + tar_member("k.txt", "txt")) ==
             "x.tar: k: [p] txt");
  BOOST_TEST(document(jpg + tar_member("k.synthetic.txt", "Exact.") + tar_member("k.txt", "txt")) ==
             "x.tar: k: [p] txt / Exact.");
  BOOST_TEST(document(jpg + tar_member("k.json", R"({"synthetic_caption": "S"})") +
                      tar_member("k.txt", "t")) == "x.tar: k: [p] t / S");
  BOOST_TEST(document(jpg + tar_member("k.json", R"({"caption": "C", "synthetic_caption": "S"})")) ==
             "x.tar: k: [p] C / S");
  BOOST_TEST(document(jpg + tar_member("k.synthetic.txt", "S") +
                      tar_member("k.json", R"({"caption": "C"})")) == "x.tar: k: [p] C / S");
  BOOST_TEST(document(tar_member("k.txt", "Plain.\n"), DataRole::text) == "x.tar: k: Plain.");
  BOOST_TEST(document(tar_member("k.json", R"({"text": "Plain."})"), DataRole::text) == "x.tar: k: Plain.");
  BOOST_TEST(document(jpg + tar_member("k.txt", "t"), DataRole::text) ==
             "record: x.tar: k: a picture; expected text alone, as it is data for text");
  BOOST_TEST(document(jpg + tar_member("k.png", "q") + tar_member("k.txt", "t")) ==
             "record: x.tar: k: two pictures, .jpg and .png; expected one");
  BOOST_TEST(document(jpg + tar_member("k.txt", " \n")) == "text: x.tar: k: an empty .txt; expected a text");
  BOOST_TEST(document(jpg + tar_member("k.txt", "a\xff")) ==
             "text: x.tar: k: byte 2 of the text (0xff) is no UTF-8");
  BOOST_TEST(
      document(jpg + tar_member("k.json", R"({"url": "u"})")) ==
      "record: x.tar: k: an object with url; expected one of the keys segments, text_list, texts, support, "
      "conversations, question, caption, text");
  BOOST_TEST(document(jpg + tar_member("k.json", "[1]")) ==
             "record: x.tar: k: no object in .json; expected one record");
  BOOST_TEST(
      document(jpg + tar_member("k.json", "{")).starts_with("json: x.tar: k: no valid JSON: line 1, column"));
}

BOOST_FIXTURE_TEST_CASE(a_record_names_members_by_extension_name_or_base_name, ShardFolder) {
  const std::string pictures = tar_member("d/k.0.jpg", "zero") + tar_member("d/k.1.PNG", "one");
  const auto document = [&](const std::string& name) {
    return read("x.tar",
                pictures +
                    tar_member("d/k.json", R"({"segments": [{"text": "T"}, {"image": ")" + name + "\"}]}"),
                DataRole::interleaved)
        .at(0);
  };
  BOOST_TEST(document("0.jpg") == "x.tar: d/k: T [zero]");
  BOOST_TEST(document("1.png") == "x.tar: d/k: T [one]");
  BOOST_TEST(document("d/k.0.jpg") == "x.tar: d/k: T [zero]");
  BOOST_TEST(document("k.1.PNG") == "x.tar: d/k: T [one]");
  BOOST_TEST(
      document("2.jpg") ==
      "missing-image: x.tar: d/k: picture '2.jpg' is no member of this sample, which has .0.jpg, .1.png, "
      ".json");
  BOOST_TEST(document("../0.jpg").starts_with("path: x.tar: d/k: picture '../0.jpg' has '..'"));
  BOOST_TEST(
      document("http://x/0.jpg").starts_with("missing-image: x.tar: d/k: picture 'http://x/0.jpg' is a URL"));
  // A record that needs no names: LLaVA's, with the picture of the sample.
  BOOST_TEST(read("y.tar",
                  tar_member("k.jpg", "p") +
                      tar_member("k.json", R"({"conversations": [{"from": "human", "value": "<image>\nWhat?"},
                                                                 {"from": "gpt", "value": "A cat."}]})"),
                  DataRole::sft)
                 .at(0) == "y.tar: k: [p] (What?) A cat.");
}

BOOST_FIXTURE_TEST_CASE(members_that_leave_the_archive_or_come_twice_break_their_sample_only, ShardFolder) {
  BOOST_TEST(
      read("x.tar", tar_sample("/etc/a") + tar_sample("../b") + tar_sample("c/../d") +
                        tar_member("e.jpg", "1") + tar_member("e.JPG", "2") + tar_member("e.txt", "t") +
                        tar_sample("f") + tar_end()) ==
          (ShardLines{
              "path: x.tar: /etc/a: the archive's member '/etc/a.jpg' leaves the archive; expected a "
              "relative name without '..'",
              "path: x.tar: ../b: the archive's member '../b.jpg' leaves the archive; expected a relative "
              "name without '..'",
              "path: x.tar: c/../d: the archive's member 'c/../d.jpg' leaves the archive; expected a "
              "relative name without '..'",
              "record: x.tar: e: two members with the extension .jpg; expected one of each",
              "x.tar: f: [picture f] A cat"}),
      boost::test_tools::per_element());
}
