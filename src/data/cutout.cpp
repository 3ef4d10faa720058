// Cuts things out of their pictures.
#include <algorithm>

#include "data/bank_builder.hpp"

namespace ablate {

namespace {

/// Values from here on count as the white of a page; JPEG and antialiasing leave it a little off 255.
constexpr std::uint8_t kPaper = 240;
/// Opacity from which a pixel counts as part of the thing.
constexpr std::uint8_t kVisible = 16;

/// Makes transparent what is white and connected with the border.
void remove_paper(RgbaImage& image) {
  const auto is_paper = [&](std::int64_t index) {
    const std::uint8_t* pixel = &image.pixels[static_cast<std::size_t>(index * 4)];
    return pixel[3] != 0 && pixel[0] >= kPaper && pixel[1] >= kPaper && pixel[2] >= kPaper;
  };
  std::vector<std::int64_t> open;
  const auto visit = [&](std::int64_t x, std::int64_t y) {
    const std::int64_t index = y * image.width + x;
    if (x < 0 || y < 0 || x >= image.width || y >= image.height || !is_paper(index)) return;
    std::fill_n(&image.pixels[static_cast<std::size_t>(index * 4)], 4, std::uint8_t{0});
    open.push_back(index);
  };
  for (std::int64_t x = 0; x < image.width; ++x) visit(x, 0), visit(x, image.height - 1);
  for (std::int64_t y = 0; y < image.height; ++y) visit(0, y), visit(image.width - 1, y);
  while (!open.empty()) {
    const std::int64_t x = open.back() % image.width, y = open.back() / image.width;
    open.pop_back();
    visit(x - 1, y), visit(x + 1, y), visit(x, y - 1), visit(x, y + 1);
  }
}

/// The smallest box around what is visible; the last channel is the opacity.
std::optional<BankItem> trim(const BankItem& whole) {
  std::int64_t left = whole.width, right = -1, top = whole.height, bottom = -1;
  for (std::int64_t y = 0; y < whole.height; ++y) {
    for (std::int64_t x = 0; x < whole.width; ++x) {
      const std::int64_t opacity = (y * whole.width + x) * whole.channels + whole.channels - 1;
      if (whole.pixels[static_cast<std::size_t>(opacity)] < kVisible) continue;
      left = std::min(left, x), right = std::max(right, x);
      top = std::min(top, y), bottom = std::max(bottom, y);
    }
  }
  if (right < 0) return std::nullopt;
  BankItem item{
      .width = right - left + 1, .height = bottom - top + 1, .channels = whole.channels, .pixels = {}};
  for (std::int64_t y = top; y <= bottom; ++y) {
    const auto begin = whole.pixels.begin() + (y * whole.width + left) * whole.channels;
    item.pixels.insert(item.pixels.end(), begin, begin + item.width * whole.channels);
  }
  return item;
}

std::optional<BankItem> trim_and_shrink(const BankItem& whole) {
  auto item = trim(whole);
  if (!item) return item;
  const std::int64_t longer = std::max(item->width, item->height);
  if (longer <= kMaxItemSide) return item;
  const auto scaled = [&](std::int64_t side) {
    return std::max<std::int64_t>(1, side * kMaxItemSide / longer);
  };
  const std::int64_t width = scaled(item->width), height = scaled(item->height);
  item->pixels = resample(item->pixels, item->channels, item->width, item->height, width, height);
  item->width = width, item->height = height;
  return item;
}

}  // namespace

std::optional<BankItem> cut_out_grey(std::vector<std::uint8_t> pixels, std::int64_t width,
                                     std::int64_t height) {
  return trim_and_shrink({.width = width, .height = height, .channels = 1, .pixels = std::move(pixels)});
}

std::optional<BankItem> cut_out(RgbaImage image, bool has_alpha) {
  if (!has_alpha) remove_paper(image);
  for (std::size_t i = 0; i < image.pixels.size(); i += 4)
    for (std::size_t channel = 0; channel < 3; ++channel)
      image.pixels[i + channel] =
          static_cast<std::uint8_t>((image.pixels[i + channel] * image.pixels[i + 3] + 127) / 255);
  return trim_and_shrink(
      {.width = image.width, .height = image.height, .channels = 4, .pixels = std::move(image.pixels)});
}

}  // namespace ablate
