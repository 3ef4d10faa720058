// Sub-images: a picture as several views, each of them a square that the encoder sees by itself, so that it
// is read at a higher resolution than the encoder's. The whole comes first, then the tiles, row by row.
#pragma once

#include <cstdint>
#include <vector>

#include "data/document.hpp"

namespace ablate {

/// Tiles that a picture is cut into, beside the whole; 1 x 1: it is not cut.
struct TileGrid {
  std::int64_t columns = 1, rows = 1;
  std::int64_t views() const { return columns * rows == 1 ? 1 : 1 + columns * rows; }
  bool operator==(const TileGrid&) const = default;
};

/// The grid for a picture of that size in pixels, with tiles of `resolution`.
///   quadrants  2 x 2 (MM1: 1344 px are 5 views of 672 px)
///   grid       of 1 x 2, 2 x 1, 2 x 2, 1 x 3 and 3 x 1 the one with most effective resolution, which is the
///              area of the picture when it is scaled into the grid, its shape kept, but no more than it has;
///              among equals the smallest (LLaVA-NeXT's select_best_resolution and grid_pinpoints)
TileGrid choose_tiles(SubImages sub_images, std::int64_t width, std::int64_t height, std::int64_t resolution);
/// The same; reads the header of a picture that is not decoded. One that has none that can be read is whole:
/// load_views() says what is wrong with it.
TileGrid choose_tiles(SubImages sub_images, const Picture& picture, std::int64_t resolution);

/// [views, R, R, 3]: the whole, then the tiles of the picture, which is fitted to the grid's shape first.
/// Throws BrokenDocument (`where` empty).
std::vector<std::uint8_t> load_views(const Picture& picture, const TileGrid& grid, std::int64_t resolution,
                                     ImageFit fit);

}  // namespace ablate
