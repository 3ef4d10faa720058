// Captions of scenes: exact, detailed, and such as stand on the web.
#include "data/scene_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace ablate {

namespace {

std::string placed_phrase(const Scene& scene, const SceneObject& object) {
  const std::string phrase = with_article(object_phrase(scene, object));
  if (scene.grid == 1) return phrase;
  return fmt::format("{} {}", phrase, place_phrase(object.row, object.column, scene.grid));
}

struct Counted {
  std::string phrase;
  std::int64_t count = 0;
};

/// Equal texts together, in the order in which they first come.
std::vector<Counted> count_equal(const std::vector<std::string>& phrases) {
  std::vector<Counted> groups;
  for (const std::string& phrase : phrases) {
    const auto known = std::find_if(groups.begin(), groups.end(),
                                    [&](const Counted& group) { return group.phrase == phrase; });
    if (known == groups.end())
      groups.push_back({phrase, 1});
    else
      ++known->count;
  }
  return groups;
}

template <typename Describe>
std::vector<std::string> describe_all(const Scene& scene, const Describe& describe) {
  std::vector<std::string> phrases;
  for (const SceneObject& object : scene.objects) phrases.push_back(describe(object));
  return phrases;
}

std::vector<std::string> placed_phrases(const Scene& scene) {
  return describe_all(scene, [&](const SceneObject& object) { return placed_phrase(scene, object); });
}

/// "a red sneaker and two blue bags".
std::string grouped_phrases(const Scene& scene) {
  std::vector<std::string> parts;
  for (const auto& [phrase, count] : count_equal(
           describe_all(scene, [&](const SceneObject& object) { return object_phrase(scene, object); })))
    parts.push_back(count == 1 ? with_article(phrase)
                               : fmt::format("{} {}", count_word(count), plural(phrase)));
  return enumerate(parts);
}

std::string capitalise(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string things(std::int64_t count) {
  return fmt::format("{} thing{}", count_word(count), count == 1 ? "" : "s");
}

/// What can be said of several things at once: " There are two bags. Three things are red."
std::string repeated_facts(const Scene& scene) {
  std::string text;
  for (const auto& [label, count] :
       count_equal(describe_all(scene, [&](const SceneObject& object) { return scene.label(object); })))
    if (count > 1) text += fmt::format(" There are {} {}.", count_word(count), plural(label));
  const auto colours = count_equal(describe_all(scene, [](const SceneObject& object) {
    return object.colour < 0 ? ""
                             : std::string(scene_colours()[static_cast<std::size_t>(object.colour)].name);
  }));
  for (const auto& [colour, count] : colours)
    if (count > 1 && !colour.empty())
      text += fmt::format(" {} things are {}.", capitalise(count_word(count)), colour);
  return text;
}

constexpr const char* kCaptionStarts[] = {"", "", "", "a picture of ", "a photo of ", "picture: "};
constexpr const char* kUnrelated[] = {"click to enlarge",  "untitled",
                                      "photo of the day",  "image may be subject to copyright",
                                      "home page banner",  "no description",
                                      "see more pictures", "related products",
                                      "loading",           "our team wishes you a happy new year"};

}  // namespace

std::string object_phrase(const Scene& scene, const SceneObject& object) {
  if (object.colour < 0) return scene.label(object);
  return fmt::format("{} {}", scene_colours()[static_cast<std::size_t>(object.colour)].name,
                     scene.label(object));
}

std::string exact_caption(const Scene& scene, SceneRandom& random) {
  const std::string start = random.pick(kCaptionStarts);
  return start + (random.chance(0.5) ? enumerate(placed_phrases(scene)) : grouped_phrases(scene));
}

std::string exact_sentence(const Scene& scene, SceneRandom& random) {
  const std::string list = random.chance(0.5) ? enumerate(placed_phrases(scene)) : grouped_phrases(scene);
  return random.chance(0.5) ? fmt::format("Here we see {}.", list) : capitalise(list) + ".";
}

std::string detailed_caption(const Scene& scene, SceneRandom& random) {
  const auto count = std::ssize(scene.objects);
  const std::vector<std::string> phrases = placed_phrases(scene);
  std::string text;
  switch (random.below(3)) {
    case 0:
      text = fmt::format("The picture shows {}: {}.", things(count), enumerate(phrases));
      break;
    case 1:
      text = fmt::format("{}: {} in all.", capitalise(enumerate(phrases)), things(count));
      break;
    default:
      text = fmt::format("There {} {} in the picture.", count == 1 ? "is" : "are", things(count));
      for (const std::string& phrase : phrases) text += fmt::format(" {}.", capitalise(phrase));
  }
  return text + repeated_facts(scene);
}

std::string alt_text(const Scene& scene, SceneRandom& random) {
  const SceneObject& object = random.pick(scene.objects);
  const std::string& label = scene.label(object);
  const std::string phrase = object_phrase(scene, object);
  const std::uint64_t number = random.below(10'000);
  switch (random.below(16)) {
    case 0:
      return fmt::format("IMG_{:04}", number);
    case 1:
      return fmt::format("DSC{:05}.jpg", number);
    case 2:
      return fmt::format("{}-{}.jpg", label, number);
    case 3:
      return fmt::format("shop sale {} buy online", label);
    case 4:
      return fmt::format("cheap {} free shipping", plural(label));
    case 5:
      return fmt::format("{} - best price, new arrivals {}", label, 2010 + number % 15);
    case 6:
      return fmt::format("my new {}!!", label);
    case 7:
      return fmt::format("{} | fast delivery", phrase);
    case 8:
    case 9:
      return label;
    case 10:
    case 11:
      return with_article(phrase);
    case 12:
    case 13:
      return fmt::format(
          "{}",
          fmt::join(describe_all(scene, [&](const SceneObject& each) { return scene.label(each); }), ", "));
    default:
      return random.pick(kUnrelated);
  }
}

}  // namespace ablate
