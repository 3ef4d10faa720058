#include "data/document.hpp"

#include "data/scenes.hpp"

namespace ablate {

Image load_picture(const Picture& picture, std::int64_t resolution, ImageFit fit) {
  if (const auto* scene = std::get_if<std::shared_ptr<const Scene>>(&picture))
    return fit_image(draw_scene(**scene), resolution, fit);
  // For all three fits: `crop` shrinks the shorter side to the resolution, `stretch` both, `pad` the longer.
  return fit_image(decode_image(std::get<std::string>(picture), resolution), resolution, fit);
}

}  // namespace ablate
