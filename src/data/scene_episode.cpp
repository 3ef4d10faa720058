// Episodes whose meaning must be learnt in context, after the fast concept binding of Tsimpoukelli et al.
// 2021, "Multimodal few-shot learning with frozen language models".
#include <fmt/format.h>

#include <algorithm>

#include "data/scene_text.hpp"

namespace ablate {

namespace {

std::vector<std::string> draw_names(const ScenesFile& file, const Bank& bank,
                                    const std::vector<std::int64_t>& labels, SceneRandom& random) {
  const bool is_novel = random.chance(file.novel_share);
  std::vector<std::string> names;
  while (names.size() < labels.size()) {
    std::string name =
        is_novel ? invent_word(bank, random) : bank.labels[static_cast<std::size_t>(labels[names.size()])];
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

/// `count` items of a label in random order, different ones while there are enough.
std::vector<std::int64_t> draw_items(const std::vector<std::int64_t>& items, std::int64_t count,
                                     SceneRandom& random) {
  const auto known = std::ssize(items);
  std::vector<std::int64_t> drawn;
  for (const std::int64_t index : random.distinct(std::min(count, known), known))
    drawn.push_back(items[static_cast<std::size_t>(index)]);
  for (std::size_t i = 0; std::ssize(drawn) < count; ++i) drawn.push_back(drawn[i]);
  return drawn;
}

}  // namespace

void add_episode(const ScenesFile& file, const std::shared_ptr<const Bank>& bank, SceneRandom& random,
                 Document& document) {
  const std::vector<std::int64_t> labels = random.distinct(file.ways, std::ssize(bank->labels));
  const std::vector<std::string> names = draw_names(file, *bank, labels, random);
  // One colour for all: with random ones, a name might as well be that of a colour.
  const std::int64_t colour = file.colours > 0 ? random.between(0, file.colours - 1) : -1;

  struct Example {
    std::int64_t item;
    std::size_t way;
  };
  std::vector<Example> examples;
  const std::size_t asked = random.below(names.size());
  std::int64_t asked_item = 0;
  for (std::size_t way = 0; way < names.size(); ++way) {
    const std::int64_t shots = random.between(file.shots[0], file.shots[1]);
    auto items = draw_items(bank->by_label[static_cast<std::size_t>(labels[way])], shots + 1, random);
    if (way == asked) asked_item = items.back();
    items.pop_back();
    for (const std::int64_t item : items) examples.push_back({item, way});
  }
  random.shuffle(examples);

  // An article that fits some of the names only would give the answer away.
  const bool all_take_a = std::all_of(names.begin(), names.end(), [](const std::string& name) {
    return with_article(name).starts_with("a ");
  });
  const std::string start = all_take_a ? "This is a" : "This is the";
  const auto add_picture = [&](std::int64_t item) {
    document.segments.push_back(
        {"", scene_picture(make_single_scene(file, bank, item, colour, random)), false});
  };
  for (const Example& example : examples) {
    add_picture(example.item);
    document.segments.push_back({fmt::format("{} {}.", start, names[example.way]), nullptr, true});
  }
  add_picture(asked_item);
  document.segments.push_back({start, nullptr, true});
  document.segments.push_back({names[asked], nullptr, true});
  document.choices = names;
}

}  // namespace ablate
