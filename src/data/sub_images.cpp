#include "data/sub_images.hpp"

#include <algorithm>
#include <limits>

#include "data/scenes.hpp"

namespace ablate {

namespace {

/// In the order of LLaVA-NeXT's grid_pinpoints, which decides between a column and a row of equal worth.
constexpr TileGrid kGrids[] = {{1, 2}, {2, 1}, {2, 2}, {3, 1}, {1, 3}};

}  // namespace

TileGrid choose_tiles(SubImages sub_images, std::int64_t width, std::int64_t height,
                      std::int64_t resolution) {
  if (sub_images == SubImages::none) return {};
  if (sub_images == SubImages::quadrants) return {2, 2};
  TileGrid best;
  std::int64_t most = 0, least_waste = std::numeric_limits<std::int64_t>::max();
  for (const TileGrid& grid : kGrids) {
    const std::int64_t across = grid.columns * resolution, down = grid.rows * resolution;
    // Scaled by the smaller of across / width and down / height, and rounded down.
    const bool by_width = across * height <= down * width;
    const std::int64_t scaled_width = by_width ? across : width * down / height;
    const std::int64_t scaled_height = by_width ? height * across / width : down;
    const std::int64_t effective = std::min(scaled_width * scaled_height, width * height);
    const std::int64_t waste = across * down - effective;
    if (effective > most || (effective == most && waste < least_waste)) {
      best = grid;
      most = effective;
      least_waste = waste;
    }
  }
  return best;
}

TileGrid choose_tiles(SubImages sub_images, const Picture& picture, std::int64_t resolution) {
  if (sub_images != SubImages::grid) return choose_tiles(sub_images, 1, 1, resolution);
  if (const auto* scene = std::get_if<std::shared_ptr<const Scene>>(&picture))
    return choose_tiles(sub_images, (*scene)->canvas, (*scene)->canvas, resolution);
  try {
    const ImageInfo info = read_image_info(std::get<std::string>(picture));
    return choose_tiles(sub_images, info.width, info.height, resolution);
  } catch (const BrokenDocument&) {
    return {};
  }
}

std::vector<std::uint8_t> load_views(const Picture& picture, const TileGrid& grid, std::int64_t resolution,
                                     ImageFit fit) {
  const Image image = load_picture(picture, std::max(grid.columns, grid.rows) * resolution);
  std::vector<std::uint8_t> views = fit_image(image, resolution, resolution, fit).pixels;
  if (grid.views() == 1) return views;
  const Image fitted = fit_image(image, grid.columns * resolution, grid.rows * resolution, fit);
  for (std::int64_t row = 0; row < grid.rows; ++row)
    for (std::int64_t column = 0; column < grid.columns; ++column) {
      const Image tile = cut_image(fitted, column * resolution, row * resolution, resolution, resolution);
      views.insert(views.end(), tile.pixels.begin(), tile.pixels.end());
    }
  return views;
}

}  // namespace ablate
