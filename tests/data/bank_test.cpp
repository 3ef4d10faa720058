#include "data/bank.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <boost/test/unit_test.hpp>

#include "data/encoded_pictures.hpp"
#include "data/problem.hpp"
#include "data/tar_file.hpp"
#include "scratch.hpp"

using namespace ablate;

namespace {

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string big_endian(std::initializer_list<std::uint32_t> numbers) {
  std::string bytes;
  for (const std::uint32_t number : numbers)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  return bytes;
}

/// 3 x 2 pictures: picture i has one pixel of value 100 + i in the middle of the upper row.
std::string idx_images(std::uint32_t count) {
  std::string bytes = big_endian({0x803, count, 2, 3});
  for (std::uint32_t i = 0; i < count; ++i)
    bytes += std::string(1, '\0') + static_cast<char>(100 + i) + std::string(4, '\0');
  return bytes;
}

std::string idx_labels(const std::string& labels) {
  return big_endian({0x801, static_cast<std::uint32_t>(labels.size())}) + labels;
}

struct WithIdx : Scratch {
  WithIdx() { write_set(idx_images(4), idx_labels({9, 0, 9, 8})); }
  void write_set(const std::string& images, const std::string& labels) const {
    write("train-images-idx3-ubyte", images);
    write("train-labels-idx1-ubyte", labels);
  }
  /// What is wrong with the bank in the folder, without its path.
  std::string problem() const {
    try {
      load_bank({path}, 0);
    } catch (const DataError& error) {
      std::string text = error.what();
      for (std::size_t at; (at = text.find(path.string() + "/")) != std::string::npos;)
        text.erase(at, path.string().size() + 1);
      return text;
    }
    return "none";
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(bank, WithIdx)

BOOST_AUTO_TEST_CASE(idx_files_have_the_names_of_fashion_mnist) {
  const auto bank = load_bank({path}, 0);
  BOOST_TEST((bank->labels == std::vector<std::string>{"T-shirt", "ankle boot", "bag"}));
  BOOST_TEST((bank->by_label == std::vector<std::vector<std::int64_t>>{{1}, {0, 2}, {3}}));
  // Cut to what is not black; grey is opacity.
  BOOST_TEST(bank->items[2].label == 1);
  BOOST_TEST(bank->items[2].width == 1);
  BOOST_TEST(bank->items[2].height == 1);
  BOOST_TEST((bank->items[2].pixels == std::vector<std::uint8_t>{102}));
  BOOST_TEST(load_bank({path / "train-images-idx3-ubyte"}, 0)->items.size() == 4u);
  BOOST_TEST(load_bank({path}, 1)->items.size() == 3u);
}

BOOST_AUTO_TEST_CASE(packed_files_hold_the_same) {
  std::filesystem::remove(path / "train-images-idx3-ubyte");
  write("train-images-idx3-ubyte.gz", gzip(idx_images(4)));
  BOOST_TEST(load_bank({path}, 0)->items.size() == 4u);
  // Beside the unpacked file, it is the same set.
  write("train-images-idx3-ubyte", idx_images(4));
  BOOST_TEST(load_bank({path}, 0)->items.size() == 4u);
  BOOST_TEST((bank_files({path}) == std::vector<std::filesystem::path>{path / "train-images-idx3-ubyte",
                                                                       path / "train-labels-idx1-ubyte"}));
}

BOOST_AUTO_TEST_CASE(a_file_of_names_gives_other_labels) {
  write("labels.txt", "zero\r\none\n2\n3\n4\n5\n6\n7\neight\nnine\n\n");
  BOOST_TEST((load_bank({path}, 0)->labels == std::vector<std::string>{"eight", "nine", "zero"}));
  BOOST_TEST((bank_files({path}).back() == path / "labels.txt"));
  write("labels.txt", "zero\n\none\n");
  BOOST_TEST(problem() == "labels.txt:2: expected the name of label 1, of at most 60 bytes");
  write("labels.txt", "zero\none\n");
  BOOST_TEST(problem() ==
             "train-images-idx3-ubyte: holds the label 9, which has no name; expected at most 1, "
             "or a file labels.txt beside it with a name a line");
}

BOOST_AUTO_TEST_CASE(files_that_lie_about_themselves_are_refused) {
  const std::string labels = idx_labels({9, 0, 9, 8});
  const auto with = [&](const std::string& images) {
    write_set(images, labels);
    return problem();
  };
  const std::string file = "train-images-idx3-ubyte: ";
  BOOST_TEST(with("") == file + "ends too early");
  BOOST_TEST(with(idx_images(4).substr(0, 30)) == file + "ends too early");
  BOOST_TEST(with(idx_images(4) + "x") == file + "goes on after the size that it says");
  BOOST_TEST(with(labels) == file + "begins with 0x00000801; expected 0x00000803, an IDX file of pictures");
  BOOST_TEST(with(idx_images(5)).find("says 5 pictures, but train-labels-idx1-ubyte has 4 labels") !=
             std::string::npos);
  BOOST_TEST(with(big_endian({0x803, 4, 100000, 100000})) == file + "says 100,000 rows; expected 1 to 1,024");
  BOOST_TEST(with(big_endian({0x803, 4, 0, 3})) == file + "says 0 rows; expected 1 to 1,024");
  BOOST_TEST(with(big_endian({0x803, 0xFFFFFFFF, 1, 1})) ==
             file + "says 4,294,967,295 pictures; expected 1 to 10,000,000");
  // Ten megabytes in ten kilobytes: read no further than the declared size.
  std::string longer = idx_images(4);
  longer.resize(10'000'000);
  BOOST_TEST(with(gzip(longer)) == file + "goes on after the size that it says");
  std::string damaged = gzip(idx_images(4));
  damaged[damaged.size() - 6] ^= 1;  // In the checksum.
  BOOST_TEST(with(damaged).starts_with(file + "cannot be unpacked: "));
  BOOST_TEST(with(gzip(idx_images(4)).substr(0, 25)) == file + "ends too early");
  write_set(idx_images(4), "text");
  BOOST_TEST(problem().starts_with("train-labels-idx1-ubyte: begins with 0x74657874"));
}

BOOST_AUTO_TEST_CASE(what_is_no_bank_says_what_would_be) {
  const auto error_of = [&](const std::filesystem::path& source) {
    try {
      load_bank({source}, 0);
    } catch (const DataError& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  const std::string kinds =
      "expected IDX files (*-images-idx3-ubyte[.gz]), a folder of them, or WebDataset shards (.tar)";
  BOOST_TEST(error_of(path / "no").ends_with("no: no such file or folder; " + kinds));
  BOOST_TEST(error_of(write("a.txt", "text")).ends_with("a.txt: " + kinds));
  std::filesystem::create_directories(path / "empty");
  BOOST_TEST(error_of(path / "empty").ends_with("empty: nothing in it; " + kinds));
  write_set(idx_images(2), idx_labels({3, 3}));
  BOOST_TEST(error_of(path).ends_with(": pictures of 1 labels; expected at least 2"));
  std::filesystem::remove(path / "train-labels-idx1-ubyte");
  BOOST_TEST(error_of(path).find("no labels beside it; expected train-labels-idx1-ubyte or "
                                 "train-labels-idx1-ubyte.gz") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(pictures_that_show_nothing_are_left_out) {
  write_set(idx_images(2) + std::string(12, '\0'), idx_labels({9, 0, 9, 8}));
  std::string images = idx_images(2) + std::string(12, '\0');
  images[7] = 4;
  write_set(images, idx_labels({9, 0, 9, 8}));
  const auto bank = load_bank({path}, 0);
  BOOST_TEST(bank->items.size() == 2u);
  BOOST_TEST((bank->labels == std::vector<std::string>{"T-shirt", "ankle boot"}));
}

BOOST_AUTO_TEST_CASE(a_shard_of_captioned_pictures_is_a_bank) {
  // A ring of red around white, on a white page: the page goes, the white inside stays.
  Image ring{40, 30, {}};
  for (int y = 0; y < 30; ++y) {
    for (int x = 0; x < 40; ++x) {
      const bool is_inside = x >= 10 && x < 20 && y >= 5 && y < 25;
      const bool is_hole = x >= 13 && x < 17 && y >= 8 && y < 22;
      const std::uint8_t other = is_inside && !is_hole ? 0 : 255;
      ring.pixels.insert(ring.pixels.end(), {255, other, other});
    }
  }
  // Half transparent green, and nothing.
  const std::string clear = encode_rgba_webp({0, 200, 0, 51, 9, 9, 9, 0}, 2, 1);
  Image large{300, 150, std::vector<std::uint8_t>(300 * 150 * 3, 40)};
  const Image blank{20, 20, std::vector<std::uint8_t>(20 * 20 * 3, 255)};
  const auto sample = [](const std::string& name, const std::string& bytes, const std::string& caption) {
    return tar_member(name, bytes) + tar_member(name.substr(0, name.find('.')) + ".txt", caption);
  };
  const auto tar = write(
      "bank.tar",
      sample("a.png", encode_png(ring), "A ring. Tags: red, gold") + sample("b.webp", clear, "leaf, green") +
          sample("c.jpg", encode_jpeg(large), "the slab") + sample("d.png", encode_png(blank), "paper") +
          sample("e.jpg", encode_jpeg(large).substr(0, 400), "broken") +
          sample("f.png", encode_png(ring), std::string(61, 'x')) +
          sample("g.png", encode_png(ring), "It shows a large ring") + tar_end());
  const auto bank = load_bank({tar}, 0);
  BOOST_TEST((bank->labels == std::vector<std::string>{"leaf", "ring", "slab"}));
  BOOST_REQUIRE_EQUAL(bank->items.size(), 3u);
  const BankItem& cut = bank->items[0];
  BOOST_TEST((cut.width == 10 && cut.height == 20 && cut.channels == 4));
  const auto pixel = [&](std::size_t index) {
    return std::vector<int>(cut.pixels.begin() + static_cast<std::ptrdiff_t>(index * 4),
                            cut.pixels.begin() + static_cast<std::ptrdiff_t>(index * 4 + 4));
  };
  BOOST_TEST((pixel(0) == std::vector{255, 0, 0, 255}));
  BOOST_TEST((pixel(10 * 10 + 5) == std::vector{255, 255, 255, 255}));
  // Colours are kept multiplied by the opacity.
  BOOST_TEST((bank->items[1].pixels == std::vector<std::uint8_t>{0, 40, 0, 51}));
  BOOST_TEST((bank->items[2].width == kMaxItemSide && bank->items[2].height == kMaxItemSide / 2));
  BOOST_TEST((bank_files({tar, path}) ==
              std::vector<std::filesystem::path>{tar, tar, path / "train-images-idx3-ubyte",
                                                 path / "train-labels-idx1-ubyte"}));
}

BOOST_AUTO_TEST_SUITE_END()
