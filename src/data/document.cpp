#include "data/document.hpp"

#include <algorithm>

#include "data/scenes.hpp"

namespace ablate {

Image load_picture(const Picture& picture, std::int64_t enough) {
  if (const auto* scene = std::get_if<std::shared_ptr<const Scene>>(&picture)) return draw_scene(**scene);
  return decode_image(std::get<std::string>(picture), enough);
}

Image load_picture(const Picture& picture, std::int64_t resolution, ImageFit fit) {
  // For all three fits: `crop` shrinks the shorter side to the resolution, `stretch` both, `pad` the longer.
  return fit_image(load_picture(picture, resolution), resolution, resolution, fit);
}

Image load_shrunk_picture(const Picture& picture, std::int64_t longest) {
  Image image = load_picture(picture, longest);
  const std::int64_t side = std::max(image.width, image.height);
  if (side <= longest) return image;
  const auto shrunk = [&](std::int64_t length) {
    return std::max<std::int64_t>(1, (length * longest + side / 2) / side);
  };
  return resize_image(image, shrunk(image.width), shrunk(image.height));
}

}  // namespace ablate
