#include "config/claim.hpp"

#include <fmt/format.h>

#include "util/text.hpp"

namespace ablate {

template <>
std::span<const Named<ClaimKind>> names_of<ClaimKind>() {
  using enum ClaimKind;
  static constexpr Named<ClaimKind> kTable[] = {{"better", better},       {"no_difference", no_difference},
                                                {"outweighs", outweighs}, {"rises", rises},
                                                {"falls", falls},         {"interaction", interaction}};
  return kTable;
}

Json claim_json(const Claim& claim) {
  return {{"score", claim.score},   {"kind", to_name(claim.kind)}, {"axes", claim.axes},
          {"better", claim.better}, {"than", claim.than},          {"margin", claim.margin},
          {"where", claim.where}};
}

Claim claim_of_json(const Json& json) {
  Claim claim;
  claim.score = json.at("score").get<std::string>();
  claim.kind = from_name<ClaimKind>(json.at("kind").get<std::string>());
  claim.axes = json.at("axes").get<std::vector<std::string>>();
  claim.better = json.at("better").get<std::string>();
  claim.than = json.at("than").get<std::string>();
  claim.margin = json.at("margin").get<double>();
  claim.where = json.at("where").get<std::map<std::string, std::string>>();
  return claim;
}

namespace {

std::string kind_words(const Claim& claim) {
  const std::string& axis = claim.axes.at(0);
  switch (claim.kind) {
    case ClaimKind::better:
      return fmt::format("{} is better than {} ({}){}", claim.better, claim.than, axis,
                         claim.margin > 0 ? " by more than " + shortest(claim.margin) : "");
    case ClaimKind::no_difference:
      return fmt::format("no two levels of {} differ by more than {}", axis, shortest(claim.margin));
    case ClaimKind::outweighs:
      return fmt::format("{} outweighs {}", axis, claim.axes.at(1));
    case ClaimKind::rises:
      return fmt::format("rises at every step of {}", axis);
    case ClaimKind::falls:
      return fmt::format("falls at every step of {}", axis);
    case ClaimKind::interaction:
      return fmt::format("what {} does depends on {}", axis, claim.axes.at(1));
  }
  throw std::logic_error("unknown kind of claim");
}

}  // namespace

std::string claim_words(const Claim& claim) {
  std::vector<std::string> branch;
  for (const auto& [axis, level] : claim.where) branch.push_back(fmt::format("{} = {}", axis, level));
  return fmt::format("{}: {}{}", claim.score, kind_words(claim),
                     branch.empty() ? "" : ", where " + join(branch, " and "));
}

}  // namespace ablate
