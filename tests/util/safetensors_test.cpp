#include "util/safetensors.hpp"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <functional>

#include "scratch.hpp"
#include "util/error.hpp"
#include "util/file.hpp"
#include "util/json.hpp"

using namespace ablate;
using namespace std::string_literals;

namespace {

std::string message_of_opening(const std::filesystem::path& path) {
  try {
    const SafetensorsFile file(path);
  } catch (const Error& error) {
    const std::string message = error.what();
    BOOST_TEST(message.starts_with(path.parent_path().string()), message);  // Says where.
    const std::size_t name = message.find(": ");
    return name == message.npos ? message : message.substr(name + 2);
  }
  return "no error";
}

/// A file with this header and data, made here by hand.
std::string file_of(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string text(sizeof length, '\0');
  std::memcpy(text.data(), &length, sizeof length);
  return text + header + data;
}

/// What is said of a file with this header.
std::string message_of_header(const std::string& header, const std::string& data = "") {
  const Scratch scratch;
  return message_of_opening(scratch.write("f", file_of(header, data)));
}

/// What is said of a file of one tensor of two bytes with this entry.
std::string message_of_entry(const std::string& entry) {
  return message_of_header("{\"t\":" + entry + "}", "ab");
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string text_of(const StoredTensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()};
}

// Written by ten lines of Python (struct and json).
const std::string kForeign =
    "\x28\x01\x00\x00\x00\x00\x00\x00"s +
    R"({"__metadata__": {"format": "pt"}, "bf": {"dtype": "BF16", "shape": [2], "data_offsets": [12, 16]}, )"
    R"("scale": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]}, )"
    R"("none": {"dtype": "I64", "shape": [0, 3], "data_offsets": [4, 4]}, )"
    R"("a.b": {"dtype": "I8", "shape": [2, 4], "data_offsets": [4, 12]}})" +
    "\x00\x00\xc0\x3f\x01\x02\x03\x04\xfb\xfc\xfd\xfe\x80\x3f\x00\xc0"s;

/// Opens what may be damaged and touches every byte that it offers: an Error is as good as a sound file.
void open_damaged(const std::filesystem::path& path, const std::string& content) {
  try {
    const SafetensorsFile file(path);
    std::size_t total = 0;
    const std::byte* first = nullptr;
    const std::byte* last = nullptr;
    for (const StoredTensor& tensor : file.tensors()) {
      const std::byte* begin = tensor.bytes.data();
      const std::byte* end = begin + tensor.bytes.size();
      total += tensor.bytes.size();
      first = first ? std::min(first, begin) : begin;
      last = last ? std::max(last, end) : end;
      BOOST_TEST(content.find(text_of(tensor)) != content.npos);
    }
    BOOST_TEST(static_cast<std::size_t>(last - first) == total);
    BOOST_TEST(total < content.size());
  } catch (const Error&) {
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(safetensors)

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
  const Scratch scratch;
  const auto path = scratch.path / "f.safetensors";
  const std::string words = "12345678", wide(16, 'w'), odd = "odd";
  std::vector<StoredTensor> tensors = {{"odd", "U8", {3}, bytes_of(odd)},
                                       {"scalar", "F64", {}, bytes_of(words)},
                                       {"empty", "BF16", {4, 0, 2}, {}},
                                       {"matrix", "BF16", {2, 4}, bytes_of(wide)},
                                       {"ж \"quoted\"", "BOOL", {1, 3}, bytes_of(odd)}};
  write_safetensors(path, tensors, {{"format", "pt"}, {"step", "7"}});

  const SafetensorsFile file(path);
  BOOST_TEST(file.metadata().size() == 2);
  BOOST_TEST(file.metadata().at("step") == "7");
  std::vector<std::string> names;
  for (const StoredTensor& tensor : file.tensors()) names.push_back(tensor.name);
  BOOST_TEST(names == std::vector<std::string>({"empty", "matrix", "odd", "scalar", "ж \"quoted\""}),
             boost::test_tools::per_element());
  for (const StoredTensor& tensor : tensors) {
    const StoredTensor* found = file.find(tensor.name);
    BOOST_REQUIRE(found);
    BOOST_TEST(found->dtype == tensor.dtype);
    BOOST_TEST(found->shape == tensor.shape, boost::test_tools::per_element());
    BOOST_TEST(text_of(*found) == text_of(tensor));
  }
  BOOST_TEST(file.find("matrix")->count() == 8);
  BOOST_TEST(file.find("scalar")->count() == 1);
  BOOST_TEST(file.find("empty")->count() == 0);
  BOOST_TEST(!file.find("matri"));
  for (const char* name : {"scalar", "matrix"})
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(file.find(name)->bytes.data()) % 8 == 0);

  const std::string first = read_file(path, 10'000);
  std::ranges::reverse(tensors);
  write_safetensors(path, tensors, {{"step", "7"}, {"format", "pt"}});
  BOOST_TEST((read_file(path, 10'000) == first));
  BOOST_TEST(std::distance(std::filesystem::directory_iterator(scratch.path), {}) == 1);
}

BOOST_AUTO_TEST_CASE(a_file_of_another_program_is_read) {
  const Scratch scratch;
  const auto path = scratch.write("model.safetensors", kForeign);
  for (const auto& name : {path, scratch.path}) {
    const SafetensorsFile file(name);
    BOOST_TEST(file.metadata().at("format") == "pt");
    BOOST_TEST(file.tensors().size() == 4);
    float scale = 0;
    std::memcpy(&scale, file.find("scale")->bytes.data(), sizeof scale);
    BOOST_TEST(scale == 1.5f);
    BOOST_TEST(text_of(*file.find("a.b")) == "\x01\x02\x03\x04\xfb\xfc\xfd\xfe");
    BOOST_TEST(text_of(*file.find("bf")) == "\x80\x3f\x00\xc0"s);
    BOOST_TEST(file.find("none")->bytes.size() == 0);
  }
}

BOOST_AUTO_TEST_CASE(a_file_without_tensors_is_one) {
  const Scratch scratch;
  write_safetensors(scratch.path / "f", {});
  const SafetensorsFile file(scratch.path / "f");
  BOOST_TEST(file.tensors().empty());
  BOOST_TEST(file.metadata().empty());
}

BOOST_AUTO_TEST_CASE(a_file_that_is_cut_off_says_how_much_is_missing) {
  const Scratch scratch;
  for (std::size_t length = 0; length < kForeign.size(); ++length) {
    const auto path = scratch.write("f", kForeign.substr(0, length));
    BOOST_TEST_CONTEXT("length " << length) {
      const std::size_t expected = length < 8 ? 8 : length < 8 + 296 ? 8 + 296 : kForeign.size();
      const std::string what = length < 8         ? "the header's length, 8 bytes"
                               : length < 8 + 296 ? "304 for its header"
                                                  : "320 for its tensors";
      BOOST_TEST(message_of_opening(path) == fmt::format("is {} bytes long; expected {}: {} are missing",
                                                         length, what, expected - length));
    }
  }
  BOOST_TEST(message_of_opening(scratch.write("f", kForeign + "xy")) ==
             "is 322 bytes long; expected 320 for its tensors: 2 are too many");
}

BOOST_AUTO_TEST_CASE(no_damaged_byte_leads_out_of_the_file) {
  const Scratch scratch;
  const std::size_t header_end = kForeign.size() - 16;
  for (std::size_t at = 0; at < header_end; ++at) {
    for (const int mask : {0x01, 0x02, 0x10, 0x20, 0x80, 0xff}) {
      std::string damaged = kForeign;
      damaged[at] = static_cast<char>(damaged[at] ^ mask);
      open_damaged(scratch.write("f", damaged), damaged);
    }
    // Any byte may be a digit, a bracket or the end of a string.
    for (const char other : {'9', '"', '{', ']', ','}) {
      std::string damaged = kForeign;
      damaged[at] = other;
      open_damaged(scratch.write("f", damaged), damaged);
    }
  }
}

BOOST_AUTO_TEST_CASE(headers_are_bounded_and_strict) {
  const Scratch scratch;
  BOOST_TEST(
      message_of_opening(scratch.write("f", "PK\x03\x04 a zip file")) ==
      "its header would be 8800140462016121680 bytes long; expected at most 100000000: no safetensors file?");
  BOOST_TEST(message_of_header("") == "header: expected a JSON object, '{' first");
  BOOST_TEST(message_of_header("[1]") == "header: expected a JSON object, '{' first");
  BOOST_TEST(message_of_header(" {}") == "header: expected a JSON object, '{' first");
  BOOST_TEST(message_of_header("\xef\xbb\xbf{}") == "header: expected a JSON object, '{' first");
  BOOST_TEST(message_of_header("{}  \n") == "no error");
  for (const std::string broken : {"{", "{}x", "{\"t\":}", "{\"\xff\":{}}"})
    BOOST_TEST(message_of_header(broken).starts_with("header: not valid JSON: "));
  BOOST_TEST(message_of_header("{\"t\":{\"shape\":[[1]]}}") ==
             "header: JSON is nested deeper than the 3 levels that are expected");
  BOOST_TEST(message_of_header("{\"t\":" + std::string(1'000'000, '[')) ==
             "header: JSON is nested deeper than the 3 levels that are expected");
  const std::string one = R"("t":{"dtype":"U8","shape":[2],"data_offsets":[0,2]})";
  BOOST_TEST(message_of_header("{" + one + "}", "ab") == "no error");
  BOOST_TEST(message_of_header("{" + one + "," + one + "}", "ab") == "header: 't' is there twice");
  BOOST_TEST(message_of_entry(R"({"dtype":"U8","dtype":"I8","shape":[2],"data_offsets":[0,2]})") ==
             "header: 'dtype' is there twice");
  BOOST_TEST(message_of_header(R"({"__metadata__":{"step":7}})") ==
             "'__metadata__': \"step\" is a JSON number; expected text");
  BOOST_TEST(message_of_header(R"({"__metadata__":"pt"})") ==
             "'__metadata__': is a JSON string; expected an object");
  BOOST_TEST(message_of_header("{\"\\u001b[2J" + std::string(200, 'x') + "\":1}") ==
             "'?[2J" + std::string(96, 'x') + "...': is a JSON number; expected an object");
}

BOOST_AUTO_TEST_CASE(entries_are_checked) {
  BOOST_TEST(message_of_entry("[]") == "'t': is a JSON array; expected an object");
  BOOST_TEST(message_of_entry(R"({"shape":[2],"data_offsets":[0,2]})") == "'t': has no \"dtype\"");
  BOOST_TEST(message_of_entry(R"({"dtype":"U8","data_offsets":[0,2]})") == "'t': has no \"shape\"");
  BOOST_TEST(message_of_entry(R"({"dtype":"U8","shape":[2]})") == "'t': has no \"data_offsets\"");
  BOOST_TEST(message_of_entry(R"({"dtype":8,"shape":[2],"data_offsets":[0,2]})") ==
             "'t': \"dtype\" is a JSON number; expected string");
  BOOST_TEST(message_of_entry(R"({"dtype":"BF61","shape":[1],"data_offsets":[0,2]})") ==
             "'t': unknown dtype 'BF61'; did you mean 'BF16'?");
  BOOST_TEST(message_of_entry(R"({"dtype":"float","shape":[1],"data_offsets":[0,2]})") ==
             "'t': unknown dtype 'float'; expected one of: F32, BF16, F16, F64, I64, I32, I16, I8, U8, BOOL");
  const std::string whole = "expected whole numbers from 0 that fit into 64 bits";
  BOOST_TEST(message_of_entry(R"({"dtype":"U8","shape":[-2],"data_offsets":[0,2]})") ==
             "'t': \"shape\" has -2; " + whole);
  BOOST_TEST(message_of_entry(R"({"dtype":"U8","shape":[2.0],"data_offsets":[0,2]})") ==
             "'t': \"shape\" has 2.0; " + whole);
  BOOST_TEST(message_of_entry(R"({"dtype":"U8","shape":["2"],"data_offsets":[0,2]})") ==
             "'t': \"shape\" has \"2\"; " + whole);
  BOOST_TEST(message_of_entry(R"({"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,2]})") ==
             "'t': \"shape\" has 9223372036854775808; " + whole);
  BOOST_TEST(message_of_entry(R"({"dtype":"U8","shape":[2],"data_offsets":[0,99999999999999999999]})") ==
             "'t': \"data_offsets\" has 1e+20; " + whole);
  const std::string huge = "4611686018427387904";
  for (const std::string& shape :
       {huge + ", " + huge, "0, " + huge + ", " + huge, huge + ", " + huge + ", 0"})
    BOOST_TEST(message_of_entry(R"({"dtype":"U8","shape":[)" + shape + R"(],"data_offsets":[0,2]})") ==
               "'t': shape [" + shape + "] has more bytes than 64 bits count");
  BOOST_TEST(message_of_entry(R"({"dtype":"F64","shape":[1152921504606846976],"data_offsets":[0,2]})") ==
             "'t': shape [1152921504606846976] has more bytes than 64 bits count");
  std::string ones = "1";
  for (int i = 0; i < 64; ++i) ones += ",1";
  BOOST_TEST(message_of_entry(R"({"dtype":"U8","shape":[)" + ones + R"(],"data_offsets":[0,2]})") ==
             "'t': \"shape\" has 65 numbers; expected at most 64");
  BOOST_TEST(message_of_entry(R"({"dtype":"U8","shape":[2],"data_offsets":[0]})") ==
             "'t': \"data_offsets\" are [0]; expected [begin, end]");
  BOOST_TEST(message_of_entry(R"({"dtype":"U8","shape":[2],"data_offsets":[2,0]})") ==
             "'t': \"data_offsets\" are [2, 0]; expected [begin, end]");
  BOOST_TEST(message_of_entry(R"({"dtype":"I16","shape":[2],"data_offsets":[0,2]})") ==
             "'t': has 2 bytes; expected 4 for I16 [2]");
}

BOOST_AUTO_TEST_CASE(tensors_fill_the_data_without_holes_or_overlap) {
  const auto two = [](int begin, int end) {
    return message_of_header(fmt::format(R"({{"a":{{"dtype":"U8","shape":[2],"data_offsets":[0,2]}},)"
                                         R"("b":{{"dtype":"U8","shape":[{}],"data_offsets":[{},{}]}}}})",
                                         end - begin, begin, end),
                             "abcd");
  };
  BOOST_TEST(two(2, 4) == "no error");
  BOOST_TEST(two(1, 4) == "tensor 'b' begins at 1; expected 2: the data overlap");
  BOOST_TEST(two(0, 4) == "tensor 'b' begins at 0; expected 2: the data overlap");
  BOOST_TEST(two(3, 4) == "tensor 'b' begins at 3; expected 2: the data have a hole");
  BOOST_TEST(two(2, 5).ends_with("for its tensors: 1 are missing"));
  BOOST_TEST(two(2, 3).ends_with("for its tensors: 1 are too many"));
  BOOST_TEST(two(1000, 1004) == "tensor 'b' begins at 1000; expected 2: the data have a hole");
}

BOOST_AUTO_TEST_CASE(an_index_joins_its_shards) {
  const Scratch scratch;
  const std::string data = "12345678";
  write_safetensors(scratch.path / "m-1.safetensors", {{"b", "U8", {8}, bytes_of(data)}}, {{"format", "pt"}});
  write_safetensors(scratch.path / "m-2.safetensors",
                    {{"a", "F32", {2}, bytes_of(data)}, {"not listed", "F64", {}, bytes_of(data)}});
  const auto index = [&](const std::string& map) {
    return scratch.write("model.safetensors.index.json",
                         R"({"metadata":{"total_size":16},"weight_map":)" + map + "}");
  };
  const auto path = index(R"({"a":"m-2.safetensors","b":"m-1.safetensors"})");
  for (const auto& name : {path, scratch.path}) {
    const SafetensorsFile file(name);
    BOOST_TEST(file.tensors().size() == 2);
    BOOST_TEST(file.tensors()[0].name == "a");
    BOOST_TEST(text_of(*file.find("a")) == data);
    BOOST_TEST(text_of(*file.find("b")) == data);
    BOOST_TEST(file.metadata().at("format") == "pt");
    const std::vector<std::filesystem::path> files = {path, scratch.path / "m-1.safetensors",
                                                      scratch.path / "m-2.safetensors"};
    BOOST_CHECK(safetensors_files(name) == files);
  }
  BOOST_CHECK(safetensors_files(scratch.path / "m-1.safetensors") ==
              std::vector{scratch.path / "m-1.safetensors"});
  SafetensorsFile moved = SafetensorsFile(path);
  moved = SafetensorsFile(path);
  BOOST_TEST(text_of(*moved.find("a")) == data);

  index(R"({"a":"m-2.safetensors","b":"m-2.safetensors"})");
  BOOST_TEST(message_of_opening(path) == "has no tensor 'b'; model.safetensors.index.json says that it does");
  index(R"({"a":"m-2.safetensors","b":"m-3.safetensors","c":"m-4.safetensors"})");
  BOOST_TEST(message_of_opening(path) ==
             "2 of 3 shards are missing beside it: m-3.safetensors, m-4.safetensors");
  for (const std::string name :
       {"../m-1.safetensors", "/etc/passwd", "..", ".", "", "sub/m", "m-1.safetensors\\u0000"})
    BOOST_TEST(message_of_opening(index("{\"a\":\"" + name + "\"}"))
                   .ends_with("expected the plain name of a file beside the index"));
  index(R"({"a":7})");
  BOOST_TEST(message_of_opening(path) == "'a': is a JSON number; expected the name of a file");
  index(R"({"a":"m-2.safetensors","a":"m-1.safetensors"})");
  BOOST_TEST(message_of_opening(path) == "'a' is there twice");
  index("[]");
  BOOST_TEST(message_of_opening(path) == "\"weight_map\" is a JSON array; expected object");
  scratch.write("model.safetensors.index.json", "{}");
  BOOST_TEST(message_of_opening(path) == "has no \"weight_map\"");
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_named) {
  const Scratch scratch;
  BOOST_TEST(message_of_opening(scratch.path / "no") == "cannot be opened: No such file or directory");
  std::filesystem::create_directory(scratch.path / "folder");
  BOOST_TEST(message_of_opening(scratch.path / "folder") ==
             "has neither model.safetensors nor model.safetensors.index.json");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_leaves_nothing) {
  const Scratch scratch;
  const auto path = scratch.path / "f";
  const std::string data = "12345678";
  const auto message = [&](const std::vector<StoredTensor>& tensors,
                           const std::map<std::string, std::string>& metadata = {}) -> std::string {
    try {
      write_safetensors(path, tensors, metadata);
    } catch (const Error& error) {
      return std::string(error.what()).substr(path.string().size() + 2);
    }
    return "no error";
  };
  BOOST_TEST(message({{"t", "F32", {3}, bytes_of(data)}}) == "'t': has 8 bytes; expected 12 for F32 [3]");
  BOOST_TEST(message({{"t", "F32", {-1, -2}, bytes_of(data)}}) == "'t': shape has -1; expected sizes from 0");
  BOOST_TEST(message({{"u", "F64", {}, bytes_of(data)}, {"t", "F31", {2}, bytes_of(data)}}) ==
             "'t': unknown dtype 'F31'; did you mean 'F32'?");
  BOOST_TEST(message({{"t", "F64", {}, bytes_of(data)}, {"t", "F32", {2}, bytes_of(data)}}) ==
             "'t': the name is taken");
  BOOST_TEST(message({{"__metadata__", "F64", {}, bytes_of(data)}}) == "'__metadata__': the name is taken");
  BOOST_TEST(
      message({{"\xff", "F64", {}, bytes_of(data)}}).starts_with("a name or the metadata are no UTF-8: "));
  BOOST_TEST(message({}, {{"k", "\xff"}}).starts_with("a name or the metadata are no UTF-8: "));
  BOOST_TEST(std::filesystem::is_empty(scratch.path));
}

BOOST_AUTO_TEST_SUITE_END()
