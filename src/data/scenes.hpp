// Scenes: pictures composed of real ones, with texts whose truth is known.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/scenes_file.hpp"
#include "data/bank.hpp"
#include "data/document.hpp"

namespace ablate {

/// One thing in a scene: a picture of the bank in one of the places.
struct SceneObject {
  std::int64_t item = 0;  ///< Index into the bank.
  std::int64_t row = 0, column = 0;
  std::int64_t colour = -1;   ///< Index into scene_colours(); -1: the picture's own, or black if it has none.
  std::int64_t x = 0, y = 0;  ///< Left upper corner, pixels of the canvas.
  std::int64_t size = 1;      ///< Longer side, pixels of the canvas; the shorter one is centred.
};

/// What stands where: everything that is needed to draw a scene, and to say what is true of it.
struct Scene {
  std::shared_ptr<const Bank> bank;
  std::int64_t canvas = 0;  ///< Pixels on a side.
  std::int64_t grid = 1;    ///< Places on a side.
  std::array<std::uint8_t, 3> background = {255, 255, 255};
  double noise = 0;  ///< Standard deviation of the pixel noise of the background, 0..255.
  std::uint64_t noise_seed = 0;
  std::vector<SceneObject> objects;  ///< By row, then column.

  const std::string& label(const SceneObject& object) const {
    const auto item = static_cast<std::size_t>(object.item);
    return bank->labels[static_cast<std::size_t>(bank->items[item].label)];
  }
};

struct SceneColour {
  const char* name;
  std::array<std::uint8_t, 3> rgb;
};
/// red, green, blue, ...: those that a scenes file with `colours = n` uses are the first n. kNumSceneColours
/// of them.
const std::vector<SceneColour>& scene_colours();

/// Draws the scene at its own size: `canvas` pixels on a side.
Image draw_scene(const Scene& scene);

/// Document `number` of a scenes file, for one role: a pure function of its arguments.
/// - captions: a picture with its caption, of which `alt_noise` are noisy alt-text; the exact, detailed
///   description is its synthetic caption
/// - interleaved: an episode; pictures of single things, each followed by "This is a dax.": `shots` of each
///   of `ways`; then another picture (the same where a label has no other), "This is a", and the name alone.
///   Names are invented in `novel_share` of the episodes. Nothing but the thing itself tells the pictures
///   of an episode apart
/// - text: what captions say, without pictures
/// - sft: a picture, a question, its answer, and the choices; where `turns` has more than one, a conversation
/// of so
///   many, no question twice, which half the time begins with a description
/// - sft_questions: a picture, a question, its answer, and the choices
Document make_scene_document(const ScenesFile& file, const std::shared_ptr<const Bank>& bank, DataRole role,
                             std::int64_t number, const std::string& name);

}  // namespace ablate
