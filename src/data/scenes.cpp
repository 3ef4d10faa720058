#include "data/scenes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "data/scene_text.hpp"

namespace ablate {

namespace {

/// Backgrounds are light greys from here to white: no colour that a question could mean.
constexpr std::int64_t kDarkestBackground = 225;
/// Most scenes that one text without pictures tells of.
constexpr std::int64_t kMaxTextScenes = 3;

/// The first pixel of each place, and the end of the last.
std::int64_t place_begin(std::int64_t canvas, std::int64_t grid, std::int64_t index) {
  return index * canvas / grid;
}

std::int64_t draw_size(const ScenesFile& file, std::int64_t place_side, SceneRandom& random) {
  const double share = file.object_size[0] + (file.object_size[1] - file.object_size[0]) * random.uniform();
  return std::clamp<std::int64_t>(std::llround(share * static_cast<double>(place_side)), 1, place_side);
}

Scene empty_scene(const ScenesFile& file, const std::shared_ptr<const Bank>& bank, SceneRandom& random) {
  Scene scene;
  scene.bank = bank;
  scene.canvas = file.canvas;
  const auto grey = static_cast<std::uint8_t>(random.between(kDarkestBackground, 255));
  scene.background = {grey, grey, grey};
  scene.noise = file.background_noise;
  scene.noise_seed = random.bits();
  return scene;
}

std::string make_text(const ScenesFile& file, const std::shared_ptr<const Bank>& bank, SceneRandom& layout,
                      SceneRandom& words) {
  std::string text;
  const std::int64_t count = words.between(1, kMaxTextScenes);
  for (std::int64_t i = 0; i < count; ++i) {
    const Scene scene = make_scene(file, bank, layout);
    if (!text.empty()) text += ' ';
    text += words.chance(0.5) ? detailed_caption(scene, words) : exact_sentence(scene, words);
  }
  return text;
}

/// Questions about one scene after another, each once: fewer than were drawn where the scene has no more to
/// ask.
void add_conversation(const ScenesFile& file, const Scene& scene, SceneRandom& words, Document& document) {
  constexpr int kTries = 16;  // To find a question that was not asked.
  const auto add_turn = [&](std::string question, std::string answer) {
    document.segments.push_back({std::move(question), nullptr, false});
    document.segments.push_back({std::move(answer), nullptr, true});
  };
  std::int64_t left = words.between(file.turns[0], file.turns[1]);
  if (words.chance(0.5)) {
    add_turn("Describe the picture.", detailed_caption(scene, words));
    --left;
  }
  std::set<std::string> asked;
  for (int tries = 0; left > 0 && tries < kTries; ++tries) {
    SceneQuestion question = make_question(file, scene, words);
    if (!asked.insert(question.text).second) continue;
    add_turn(std::move(question.text), std::move(question.answer));
    --left, tries = 0;
  }
}

}  // namespace

std::vector<std::int64_t> SceneRandom::distinct(std::int64_t count, std::int64_t bound) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(bound));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
    std::swap(all[i], all[i + below(all.size() - i)]);
  all.resize(static_cast<std::size_t>(count));
  return all;
}

const std::vector<SceneColour>& scene_colours() {
  // Far apart also when a thing's shades make them lighter or darker: hence no pink and no grey.
  static const std::vector<SceneColour> kColours = {{"red", {220, 30, 30}},     {"green", {20, 160, 40}},
                                                    {"blue", {30, 60, 230}},    {"yellow", {235, 205, 0}},
                                                    {"purple", {150, 30, 190}}, {"orange", {250, 130, 0}},
                                                    {"brown", {120, 70, 25}},   {"black", {15, 15, 15}}};
  return kColours;
}

Scene make_scene(const ScenesFile& file, const std::shared_ptr<const Bank>& bank, SceneRandom& random) {
  Scene scene = empty_scene(file, bank, random);
  scene.grid = file.grid;
  const std::int64_t count = random.between(file.objects[0], file.objects[1]);
  std::vector<std::int64_t> places = random.distinct(count, file.grid * file.grid);
  std::sort(places.begin(), places.end());
  for (const std::int64_t place : places) {
    SceneObject object;
    object.item = random.pick(random.pick(bank->by_label));
    object.row = place / file.grid, object.column = place % file.grid;
    if (file.colours > 0) object.colour = random.between(0, file.colours - 1);
    const std::int64_t left = place_begin(file.canvas, file.grid, object.column);
    const std::int64_t top = place_begin(file.canvas, file.grid, object.row);
    const std::int64_t width = place_begin(file.canvas, file.grid, object.column + 1) - left;
    const std::int64_t height = place_begin(file.canvas, file.grid, object.row + 1) - top;
    object.size = draw_size(file, std::min(width, height), random);
    object.x = left + random.between(0, width - object.size);
    object.y = top + random.between(0, height - object.size);
    scene.objects.push_back(object);
  }
  return scene;
}

Scene make_single_scene(const ScenesFile& file, const std::shared_ptr<const Bank>& bank, std::int64_t item,
                        std::int64_t colour, SceneRandom& random) {
  Scene scene = empty_scene(file, bank, random);
  SceneObject object{.item = item, .colour = colour};
  object.size = draw_size(file, file.canvas / file.grid, random);
  object.x = object.y = (file.canvas - object.size) / 2;
  scene.objects.push_back(object);
  return scene;
}

std::shared_ptr<const Picture> scene_picture(Scene scene) {
  return std::make_shared<const Picture>(std::make_shared<const Scene>(std::move(scene)));
}

Document make_scene_document(const ScenesFile& file, const std::shared_ptr<const Bank>& bank, DataRole role,
                             std::int64_t number, const std::string& name) {
  Document document;
  document.id = fmt::format("{}: {}", name, number);
  const auto add_text = [&](std::string text, bool target) {
    document.segments.push_back({std::move(text), nullptr, target});
  };
  switch (role) {
    case DataRole::captions: {
      SceneRandom layout(file, "captions", number), words(file, "captions/words", number);
      Scene scene = make_scene(file, bank, layout);
      document.synthetic_caption = detailed_caption(scene, words);
      std::string caption =
          words.chance(file.alt_noise) ? alt_text(scene, words) : exact_caption(scene, words);
      document.segments.push_back({"", scene_picture(std::move(scene)), false});
      add_text(std::move(caption), true);
      break;
    }
    case DataRole::interleaved: {
      SceneRandom random(file, "episode", number);
      add_episode(file, bank, random, document);
      break;
    }
    case DataRole::text: {
      SceneRandom layout(file, "text", number), words(file, "text/words", number);
      add_text(make_text(file, bank, layout, words), true);
      break;
    }
    case DataRole::sft:
    case DataRole::sft_questions: {
      SceneRandom layout(file, "question", number), words(file, "question/words", number);
      Scene scene = make_scene(file, bank, layout);
      document.segments.push_back({"", nullptr, false});  // The picture, when all is said of it.
      if (role == DataRole::sft && file.turns[1] > 1) {
        add_conversation(file, scene, words, document);
      } else {
        SceneQuestion question = make_question(file, scene, words);
        add_text(std::move(question.text), false);
        add_text(std::move(question.answer), true);
        document.choices = std::move(question.choices);
      }
      document.segments.front().picture = scene_picture(std::move(scene));
      break;
    }
    case DataRole::sft_text:
      throw std::logic_error("scenes have pictures");
  }
  return document;
}

}  // namespace ablate
