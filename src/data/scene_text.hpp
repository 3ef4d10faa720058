// Texts about scenes, and the random numbers that they are made from. Private to this module.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/scenes.hpp"
#include "util/random.hpp"

namespace ablate {

/// The random numbers of one document and purpose, drawn one after another.
class SceneRandom {
 public:
  SceneRandom(const ScenesFile& file, std::string_view purpose, std::int64_t number)
      : stream_(static_cast<std::uint64_t>(file.seed), purpose),
        number_(static_cast<std::uint64_t>(number)) {}

  std::uint64_t bits() { return stream_.bits(number_, lane_++); }
  double uniform() { return stream_.uniform(number_, lane_++); }
  bool chance(double probability) { return uniform() < probability; }
  /// In 0 .. bound - 1.
  std::size_t below(std::size_t bound) { return stream_.below(bound, number_, lane_++); }
  /// Both ends included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::size_t>(high - low + 1)));
  }
  template <typename List>
  const auto& pick(const List& list) {
    return list[below(std::size(list))];
  }
  template <typename T>
  void shuffle(std::vector<T>& list) {
    for (std::size_t left = list.size(); left > 1; --left) std::swap(list[left - 1], list[below(left)]);
  }
  /// `count` different numbers below `bound`, in random order.
  std::vector<std::int64_t> distinct(std::int64_t count, std::int64_t bound);

 private:
  RandomStream stream_;
  std::uint64_t number_, lane_ = 0;
};

// scenes.cpp
/// Things in places of the grid.
Scene make_scene(const ScenesFile& file, const std::shared_ptr<const Bank>& bank, SceneRandom& random);
/// One thing in the middle, as large as things in scenes are.
Scene make_single_scene(const ScenesFile& file, const std::shared_ptr<const Bank>& bank, std::int64_t item,
                        std::int64_t colour, SceneRandom& random);
std::shared_ptr<const Picture> scene_picture(Scene scene);

// scene_words.cpp
/// "a", or "an" before a vowel.
std::string with_article(const std::string& noun);
/// "ankle boots", "dresses", "shelves" of the last word.
std::string plural(const std::string& noun);
/// "one", ..., "twelve", "13".
std::string count_word(std::int64_t count);
/// "a", "a and b", "a, b and c".
std::string enumerate(const std::vector<std::string>& items);
/// "top left", "middle", "row 2, column 5".
std::string place_name(std::int64_t row, std::int64_t column, std::int64_t grid);
/// "at the top left", "in the middle", "in row 2, column 5".
std::string place_phrase(std::int64_t row, std::int64_t column, std::int64_t grid);
/// A pronounceable word of two syllables that begins with a consonant, is no label and no colour: "blicket".
std::string invent_word(const Bank& bank, SceneRandom& random);

// scene_text.cpp
/// "red sneaker".
std::string object_phrase(const Scene& scene, const SceneObject& object);
/// Exact: "a red sneaker and two blue bags"; with places or without.
std::string exact_caption(const Scene& scene, SceneRandom& random);
/// The same as a sentence.
std::string exact_sentence(const Scene& scene, SceneRandom& random);
/// Names every thing with its place, and how many there are.
std::string detailed_caption(const Scene& scene, SceneRandom& random);
/// As on the web: little of what is there, or something else.
std::string alt_text(const Scene& scene, SceneRandom& random);

// scene_question.cpp
struct SceneQuestion {
  std::string text, answer;
  std::vector<std::string> choices;  ///< Different ones, the answer among them, in random order.
};
/// A question with exactly one right answer among its choices.
SceneQuestion make_question(const ScenesFile& file, const Scene& scene, SceneRandom& random);

// scene_episode.cpp
void add_episode(const ScenesFile& file, const std::shared_ptr<const Bank>& bank, SceneRandom& random,
                 Document& document);

}  // namespace ablate
