// Questions about scenes. Each has one right answer, by what is known of the scene.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "data/scene_text.hpp"

namespace ablate {

namespace {

/// Most answers to choose from where more would be possible.
constexpr std::size_t kMaxSceneChoices = 4;

class Questioner {
 public:
  Questioner(const ScenesFile& file, const Scene& scene, SceneRandom& random)
      : file_(file), scene_(scene), random_(random) {}

  SceneQuestion ask() {
    using Ask = std::optional<SceneQuestion> (Questioner::*)();
    constexpr Ask kAsks[] = {&Questioner::ask_what,   &Questioner::ask_colour,  &Questioner::ask_how_many,
                             &Questioner::ask_things, &Questioner::ask_whether, &Questioner::ask_where};
    // From a random kind on, the first that this scene allows.
    const std::size_t first = random_.below(std::size(kAsks));
    for (std::size_t i = 0; i < std::size(kAsks); ++i)
      if (auto question = (this->*kAsks[(first + i) % std::size(kAsks)])()) return *question;
    throw std::logic_error("a scene without things");
  }

 private:
  /// Can always be asked.
  std::optional<SceneQuestion> ask_what() {
    const SceneObject& object = random_.pick(scene_.objects);
    std::string text;
    if (scene_.grid == 1)
      text = "What is in the picture?";
    else
      text = fmt::format(fmt::runtime(random_.chance(0.5) ? "What is {}?" : "Which thing is {}?"),
                         place_phrase(object.row, object.column, scene_.grid));
    return choose(std::move(text), scene_.label(object), all_labels());
  }

  std::optional<SceneQuestion> ask_colour() {
    const SceneObject* object = pick_unique([&](const SceneObject& each) { return scene_.label(each); });
    if (!object || file_.colours < 2) return std::nullopt;
    std::vector<std::string> colours;
    for (std::int64_t i = 0; i < file_.colours; ++i) colours.emplace_back(colour_name(i));
    return choose(fmt::format(fmt::runtime(random_.chance(0.5) ? "What colour is the {}?"
                                                               : "Which colour does the {} have?"),
                              scene_.label(*object)),
                  colour_name(object->colour), std::move(colours));
  }

  /// Of a label that is there or, a quarter of the time, that is not.
  std::optional<SceneQuestion> ask_how_many() {
    const auto absent = absent_labels();
    const std::string label = !absent.empty() && random_.chance(0.25)
                                  ? random_.pick(absent)
                                  : scene_.label(random_.pick(scene_.objects));
    const auto count = std::count_if(scene_.objects.begin(), scene_.objects.end(),
                                     [&](const SceneObject& each) { return scene_.label(each) == label; });
    return choose_number(fmt::format("How many {} are there?", plural(label)), count, 0);
  }

  std::optional<SceneQuestion> ask_things() {
    if (file_.objects[0] == file_.objects[1]) return std::nullopt;
    return choose_number(
        random_.chance(0.5) ? "How many things are there?" : "How many things are in the picture?",
        std::ssize(scene_.objects), file_.objects[0]);
  }

  /// The answer is drawn first, so that yes and no are equally frequent whatever the scene.
  std::optional<SceneQuestion> ask_whether() {
    const bool by_colour = file_.colours > 1 && random_.chance(0.5);
    const auto absent = by_colour ? absent_phrases() : absent_labels();
    if (absent.empty()) return std::nullopt;
    const SceneObject& object = random_.pick(scene_.objects);
    const bool yes = random_.chance(0.5);
    const std::string& noun =
        yes ? (by_colour ? object_phrase(scene_, object) : scene_.label(object)) : random_.pick(absent);
    return choose(fmt::format("Is there {}?", with_article(noun)), yes ? "yes" : "no", {"yes", "no"});
  }

  std::optional<SceneQuestion> ask_where() {
    if (scene_.grid == 1) return std::nullopt;
    const SceneObject* object =
        pick_unique([&](const SceneObject& each) { return object_phrase(scene_, each); });
    if (!object) return std::nullopt;
    std::vector<std::string> places;
    for (std::int64_t row = 0; row < scene_.grid; ++row)
      for (std::int64_t column = 0; column < scene_.grid; ++column)
        places.push_back(place_name(row, column, scene_.grid));
    return choose(fmt::format("Where is the {}?", object_phrase(scene_, *object)),
                  place_name(object->row, object->column, scene_.grid), std::move(places));
  }

  static std::string colour_name(std::int64_t colour) {
    return scene_colours()[static_cast<std::size_t>(colour)].name;
  }

  const std::vector<std::string>& all_labels() const { return scene_.bank->labels; }

  std::vector<std::string> absent_labels() const {
    std::set<std::string> present;
    for (const SceneObject& object : scene_.objects) present.insert(scene_.label(object));
    std::vector<std::string> absent;
    for (const std::string& label : all_labels())
      if (!present.contains(label)) absent.push_back(label);
    return absent;
  }

  /// Labels that are there with colours that they do not have there: the hardest to deny.
  std::vector<std::string> absent_phrases() const {
    std::set<std::string> present, absent;
    for (const SceneObject& object : scene_.objects) present.insert(object_phrase(scene_, object));
    for (SceneObject object : scene_.objects)
      for (object.colour = 0; object.colour < file_.colours; ++object.colour)
        if (auto phrase = object_phrase(scene_, object); !present.contains(phrase))
          absent.insert(std::move(phrase));
    return {absent.begin(), absent.end()};
  }

  /// A random object whose name no other has; null when there is none.
  template <typename Name>
  const SceneObject* pick_unique(const Name& name) {
    std::vector<const SceneObject*> unique;
    for (const SceneObject& object : scene_.objects)
      if (std::count_if(scene_.objects.begin(), scene_.objects.end(),
                        [&](const SceneObject& other) { return name(other) == name(object); }) == 1)
        unique.push_back(&object);
    return unique.empty() ? nullptr : random_.pick(unique);
  }

  /// Wrong answers are random ones of `possible`, those of the same scene as likely as others.
  SceneQuestion choose(std::string text, std::string answer, std::vector<std::string> possible) {
    std::erase(possible, answer);
    random_.shuffle(possible);
    if (possible.size() > kMaxSceneChoices - 1) possible.resize(kMaxSceneChoices - 1);
    possible.push_back(answer);
    random_.shuffle(possible);
    return {std::move(text), std::move(answer), std::move(possible)};
  }

  SceneQuestion choose_number(std::string text, std::int64_t answer, std::int64_t lowest) {
    std::vector<std::string> numbers;
    for (std::int64_t number = lowest; number <= file_.objects[1]; ++number)
      numbers.push_back(fmt::format("{}", number));
    return choose(std::move(text), fmt::format("{}", answer), std::move(numbers));
  }

  const ScenesFile& file_;
  const Scene& scene_;
  SceneRandom& random_;
};

}  // namespace

SceneQuestion make_question(const ScenesFile& file, const Scene& scene, SceneRandom& random) {
  return Questioner(file, scene, random).ask();
}

}  // namespace ablate
