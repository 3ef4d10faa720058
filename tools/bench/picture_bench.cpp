// How many pictures a second one core can prepare, printed as a table:
//   jpeg    200-384 px, quality 90, decoded and resized to 224 px
//   png     the same sizes, RGB and palette
//   webp    the same sizes, quality 80
//   scenes  64 px with four things, made and drawn; needs a bank
//
//   picture_bench [--bank PATH] [FOLDER | SHARD.tar]
//
// The pictures of a folder or a WebDataset shard take the place of those that are made here.
#include <fmt/format.h>
#include <png.h>
#include <turbojpeg.h>
#include <webp/encode.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <map>

#include "data/scenes.hpp"
#include "data/shard.hpp"
#include "util/error.hpp"
#include "util/file.hpp"
#include "util/random.hpp"

using namespace ablate;

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kResolution = 224;
constexpr double kSeconds = 2;  ///< For each row.

/// Of processor time: other programs do not count.
double seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Somewhat like a photograph: smooth shades, edges of discs, fine noise.
Image make_photo(std::int64_t side, std::uint64_t seed) {
  const RandomStream random(seed, "photo");
  Image image{side, side, {}};
  for (std::int64_t y = 0; y < side; ++y) {
    for (std::int64_t x = 0; x < side; ++x) {
      double shade =
          128 + 50 * std::sin(0.02 * static_cast<double>(x)) * std::cos(0.03 * static_cast<double>(y));
      for (std::uint64_t disc = 0; disc < 12; ++disc) {
        const double dx = static_cast<double>(x) - random.uniform(disc, 0) * static_cast<double>(side);
        const double dy = static_cast<double>(y) - random.uniform(disc, 1) * static_cast<double>(side);
        if (std::hypot(dx, dy) < 10 + 40 * random.uniform(disc, 2))
          shade += 80 * random.uniform(disc, 3) - 40;
      }
      for (std::uint64_t c = 0; c < 3; ++c) {
        const double noise = 6 * random.normal(static_cast<std::uint64_t>(y * side + x), c + 8);
        image.pixels.push_back(static_cast<std::uint8_t>(
            std::clamp(shade * (1 - 0.15 * static_cast<double>(c)) + noise, 0.0, 255.0)));
      }
    }
  }
  return image;
}

std::string make_jpeg(const Image& image) {
  tjhandle encoder = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  tjCompress2(encoder, image.pixels.data(), static_cast<int>(image.width), 0, static_cast<int>(image.height),
              TJPF_RGB, &bytes, &size, TJSAMP_420, 90, 0);
  std::string result(reinterpret_cast<char*>(bytes), size);
  tjFree(bytes);
  tjDestroy(encoder);
  return result;
}

std::string make_webp(const Image& image) {
  std::uint8_t* bytes = nullptr;
  const std::size_t size =
      WebPEncodeRGB(image.pixels.data(), static_cast<int>(image.width), static_cast<int>(image.height),
                    static_cast<int>(image.width * 3), 80, &bytes);
  std::string result(reinterpret_cast<char*>(bytes), size);
  WebPFree(bytes);
  return result;
}

/// Clip art: 16 colours.
std::string make_palette_png(const Image& image) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = PNG_FORMAT_RGB_COLORMAP;
  png.colormap_entries = 16;
  std::vector<std::uint8_t> colours, indices;
  for (int i = 0; i < 16; ++i)
    for (const int c : {i * 17, (i * 51) % 256, 255 - i * 17})
      colours.push_back(static_cast<std::uint8_t>(c));
  for (std::size_t i = 0; i < image.pixels.size(); i += 3)
    indices.push_back(static_cast<std::uint8_t>(image.pixels[i] / 16));
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(png), '\0');
  png_alloc_size_t size = bytes.size();
  png_image_write_to_memory(&png, bytes.data(), &size, 0, indices.data(), 0, colours.data());
  bytes.resize(size);
  return bytes;
}

template <typename Prepare>
void measure(const std::string& name, std::size_t count, const Prepare& prepare) {
  if (count == 0) throw Error(name + ": no pictures");
  std::size_t done = 0;
  const double start = seconds();
  while (seconds() < start + kSeconds)
    for (std::size_t i = 0; i < count; ++i, ++done) prepare(i);
  const double took = seconds() - start;
  fmt::print("{:<8}{:>8.0f} pictures/s{:>10.3f} ms each\n", name, static_cast<double>(done) / took,
             1e3 * took / static_cast<double>(done));
}

void measure_pictures(const std::string& name, const std::vector<std::string>& pictures) {
  measure(name, pictures.size(),
          [&](std::size_t i) { load_picture(pictures[i], kResolution, ImageFit::stretch); });
}

void measure_made() {
  std::map<std::string, std::vector<std::string>> pictures;
  std::uint64_t seed = 0;
  for (std::int64_t side = 200; side <= 384; side += 23) {
    const Image photo = make_photo(side, ++seed);
    pictures["jpeg"].push_back(make_jpeg(photo));
    pictures["png"].push_back(encode_png(photo));
    pictures["png"].push_back(make_palette_png(photo));
    pictures["webp"].push_back(make_webp(photo));
  }
  for (const auto& [name, of] : pictures) measure_pictures(name, of);
}

void measure_folder(const fs::path& folder) {
  std::map<std::string, std::vector<std::string>> pictures;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string ending = entry.path().extension().string();
    if (ending == ".jpg" || ending == ".jpeg" || ending == ".png" || ending == ".webp")
      pictures[ending.substr(1)].push_back(read_file(entry.path(), kMaxDocumentBytes));
  }
  for (const auto& [name, of] : pictures) measure_pictures(name, of);
}

void measure_shard(const fs::path& path) {
  constexpr std::size_t kDocuments = 1000;
  const auto shard = open_shard({path, path.filename().string(), DataRole::interleaved});
  std::vector<std::string> pictures;
  for (const Entry& entry : shard->list(0, kDocuments).entries)
    for (const Segment& segment : shard->read(entry).segments)
      if (segment.picture) pictures.push_back(std::get<std::string>(*segment.picture));
  measure_pictures("shard", pictures);
}

void measure_scenes(const fs::path& path) {
  ScenesFile file;
  file.bank = {path};
  file.objects = {4, 4};
  const double start = seconds();
  const auto bank = load_bank(file.bank, file.bank_limit);
  fmt::print("bank of {} pictures in {:.2f} s\n", bank->items.size(), seconds() - start);
  std::int64_t number = 0;
  measure("scenes", 1000, [&](std::size_t) {
    const Document document = make_scene_document(file, bank, DataRole::captions, number++, "scenes");
    load_picture(*document.segments[0].picture, file.canvas, ImageFit::stretch);
  });
}

}  // namespace

int main(int argc, char** argv) try {
  fs::path bank, source;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--bank") == 0 && i + 1 < argc)
      bank = argv[++i];
    else
      source = argv[i];
  }
  if (source.empty())
    measure_made();
  else if (fs::is_directory(source))
    measure_folder(source);
  else
    measure_shard(source);
  if (!bank.empty()) measure_scenes(bank);
} catch (const std::exception& error) {
  fmt::print(stderr, "picture_bench: {}\n", error.what());
  return 2;
}
