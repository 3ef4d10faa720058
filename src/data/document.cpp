#include "data/document.hpp"

#include <algorithm>

#include "data/scenes.hpp"

namespace ablate {

Image load_picture(const Picture& picture, std::int64_t resolution, ImageFit fit) {
  if (const auto* scene = std::get_if<std::shared_ptr<const Scene>>(&picture))
    return fit_image(draw_scene(**scene), resolution, fit);
  // For all three fits: `crop` shrinks the shorter side to the resolution, `stretch` both, `pad` the longer.
  return fit_image(decode_image(std::get<std::string>(picture), resolution), resolution, fit);
}

Image load_shrunk_picture(const Picture& picture, std::int64_t longest) {
  const auto* scene = std::get_if<std::shared_ptr<const Scene>>(&picture);
  Image image = scene ? draw_scene(**scene) : decode_image(std::get<std::string>(picture), longest);
  const std::int64_t side = std::max(image.width, image.height);
  if (side <= longest) return image;
  const auto shrunk = [&](std::int64_t length) {
    return std::max<std::int64_t>(1, (length * longest + side / 2) / side);
  };
  return resize_image(image, shrunk(image.width), shrunk(image.height));
}

}  // namespace ablate
