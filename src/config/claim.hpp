// A claim: what a sweep is said to show, written down before it runs.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "config/diagnostics.hpp"
#include "config/names.hpp"
#include "util/json.hpp"

namespace ablate {

/// "Better" is higher, or lower for a score of which less is better; rising and falling is about the number.
enum class ClaimKind {
  better,         ///< A level is better than another one of its axis, by more than the margin.
  no_difference,  ///< No two levels of an axis differ by more than the margin.
  outweighs,      ///< The first axis explains more of the score's variance than the second.
  rises,          ///< The score rises at every step along the levels of an axis, in their order.
  falls,
  interaction,  ///< What one axis does depends on the level of the other.
};
template <>
std::span<const Named<ClaimKind>> names_of<ClaimKind>();

/// Where the words of a claim stand in the sweep's file.
struct ClaimPlaces {
  Location score = {}, better = {}, than = {};
  std::vector<Location> axes;             ///< As Claim::axes.
  std::map<std::string, Location> where;  ///< By axis: of its level.
};

/// Axes and levels by their names, as tables show them.
struct Claim {
  std::string name;    ///< For people; empty: claim_words() says it.
  std::string source;  ///< Where it is from: "MM1, Fig. 4". May be empty.
  std::string score;   ///< A score's name ("fewshot/4-shot"), or a metric of a stage ("vlm/loss").
  ClaimKind kind = ClaimKind::better;
  std::vector<std::string> axes;  ///< Two of outweighs and interaction, else one.
  std::string better, than;       ///< Levels, of kind better.
  double margin = 0;              ///< In units of the score, of better (>= 0) and no_difference (> 0).
  std::map<std::string, std::string> where;  ///< Axis to level: only cells that have all of these count.
  Location place = {};                       ///< In the sweep's file: of the key that says its kind.
  ClaimPlaces places = {};
};

/// What is claimed, without name, source and place: two claims are one where this is equal.
Json claim_json(const Claim& claim);
/// The reverse. Throws Error or Json::exception.
Claim claim_of_json(const Json& json);

/// "caption/4-shot: c-abstractor is better than mlp (connector.kind) by more than 0.01, where mix = captions"
std::string claim_words(const Claim& claim);

}  // namespace ablate
