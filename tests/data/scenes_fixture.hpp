// A bank of plain squares, and scenes with them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/scenes.hpp"

namespace ablate {

/// Six labels with five items each: squares of 6 x 6, opaque.
inline std::shared_ptr<const Bank> square_bank() {
  auto bank = std::make_shared<Bank>();
  bank->labels = {"T-shirt", "ankle boot", "bag", "dress", "knife", "trousers"};
  for (std::int64_t label = 0; label < std::ssize(bank->labels); ++label) {
    bank->by_label.emplace_back();
    for (int i = 0; i < 5; ++i) {
      bank->by_label.back().push_back(std::ssize(bank->items));
      bank->items.push_back({label, 6, 6, 1, std::vector<std::uint8_t>(36, 255)});
    }
  }
  return bank;
}

inline const Scene& scene_of(const Segment& segment) {
  return *std::get<std::shared_ptr<const Scene>>(*segment.picture);
}

struct WithScenes {
  WithScenes() {
    file.grid = 3;
    file.objects = {1, 5};
    file.documents = 1000;
  }
  Document make(DataRole role, std::int64_t number) const {
    return make_scene_document(file, bank, role, number, "scenes.toml");
  }
  ScenesFile file;
  std::shared_ptr<const Bank> bank = square_bank();
};

}  // namespace ablate
