// A scenes file: what kind of scenes to compose, and how hard they are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "config/value.hpp"

namespace ablate {

/// Colours that scenes can be tinted with; data/scenes.cpp names them.
constexpr std::int64_t kNumSceneColours = 8;

/// The table [scenes] of a TOML file. Every key, its unit, range, default and meaning stand in
/// scenes_file.cpp.
struct ScenesFile {
  std::filesystem::path file;
  std::vector<std::filesystem::path> bank;  ///< Absolute; in the file relative to it.
  std::int64_t bank_limit = 0;              ///< Most pictures of each label; 0: all.
  std::int64_t documents = 100000;          ///< In one epoch.
  std::int64_t seed = 0;                    ///< Files that differ in it alone have different documents.
  // Resolution: how small things are. Token count: how many there are.
  std::int64_t canvas = 64;  ///< Pixels on a side, before the picture is resized to the encoder's.
  std::int64_t grid = 2;     ///< Places on a side.
  std::vector<std::int64_t> objects = {1, 4};     ///< Fewest and most things in a scene; at most grid * grid.
  std::vector<double> object_size = {0.7, 0.95};  ///< Smallest and largest longer side, of a place's side.
  std::int64_t colours = 6;     ///< Things are tinted with one of so many colours; 0: their own.
  double background_noise = 0;  ///< Standard deviation, 0..255.
  // Conversations.
  std::vector<std::int64_t> turns = {1, 1};  ///< Fewest and most questions about one scene.
  // Captions.
  double alt_noise = 0.5;  ///< Share of captions that are noisy alt-text.
  // Episodes.
  std::int64_t ways = 2;                     ///< Names bound in one episode.
  std::vector<std::int64_t> shots = {1, 2};  ///< Fewest and most examples of each name.
  double novel_share = 0.5;                  ///< Share of episodes whose names are invented.
};

/// Throws ConfigError with every mistake and its place. Whether the bank is there, load_bank says.
ScenesFile load_scenes_file(const std::filesystem::path& file);

/// One key of [scenes], for `ablate explain`.
struct ScenesKey {
  std::string key, type, unit, fallback, doc;
};
std::span<const ScenesKey> scenes_keys();

}  // namespace ablate
