#include "plan/claim_checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/eval_tasks.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

class ClaimChecker {
 public:
  ClaimChecker(const std::vector<PlanAxis>& axes, const std::set<std::string>& scores)
      : axes_(axes), scores_(scores) {}

  std::vector<Diagnostic> check(const Claim& claim) {
    found_.clear();
    const ClaimPlaces& places = claim.places;
    check_score(claim.score, places.score);
    for (std::size_t i = 0; i < claim.axes.size(); ++i) {
      const std::string& name = claim.axes[i];
      const Location place = i < places.axes.size() ? places.axes[i] : claim.place;
      const PlanAxis* axis = find_axis(name, place);
      if (axis && axis->levels.size() < 2)
        add(place, fmt::format("a claim about axis '{}', which has one level; expected two or more", name));
      if (axis && claim.kind == ClaimKind::better) {
        check_level(*axis, claim.better, places.better);
        check_level(*axis, claim.than, places.than);
      }
      if (claim.where.count(name) > 0)
        add(where_place(claim, name),
            fmt::format("'where' holds axis '{}' at a level, and the claim compares its levels", name));
    }
    for (const auto& level : claim.where) {
      const Location place = where_place(claim, level.first);
      if (const PlanAxis* axis = find_axis(level.first, place)) check_level(*axis, level.second, place);
    }
    return std::move(found_);
  }

 private:
  void add(Location place, std::string message) { found_.push_back({place, std::move(message)}); }

  static Location where_place(const Claim& claim, const std::string& axis) {
    const auto found = claim.places.where.find(axis);
    return found == claim.places.where.end() ? claim.place : found->second;
  }

  const PlanAxis* find_axis(const std::string& name, Location place) {
    const auto found =
        std::find_if(axes_.begin(), axes_.end(), [&](const PlanAxis& axis) { return axis.name == name; });
    if (found != axes_.end()) return &*found;
    std::vector<std::string> names;
    for (const PlanAxis& axis : axes_) names.push_back(axis.name);
    add(place, fmt::format("a claim about axis '{}', which the sweep does not vary{}", printable(name),
                           suggestion(name, names)));
    return nullptr;
  }

  void check_level(const PlanAxis& axis, const std::string& level, Location place) {
    if (std::find(axis.levels.begin(), axis.levels.end(), level) == axis.levels.end())
      add(place, fmt::format("axis '{}' has no level '{}'{}", axis.name, printable(level),
                             suggestion(level, axis.levels)));
  }

  void check_score(const std::string& score, Location place) {
    const std::string stem = score.substr(0, score.find('/') + 1);
    if (scores_.count(score) > 0 || (!stem.empty() && stem.size() < score.size() && scores_.count(stem) > 0))
      return;
    add(place,
        fmt::format("a claim about '{}', which no evaluation or stage of the sweep gives{}", printable(score),
                    suggestion(score, std::vector<std::string>(scores_.begin(), scores_.end()))));
  }

  const std::vector<PlanAxis>& axes_;
  const std::set<std::string>& scores_;
  std::vector<Diagnostic> found_;
};

}  // namespace

void add_known_scores(const Experiment& experiment, std::set<std::string>& scores) {
  for (const Stage stage : experiment.stages)
    if (stage != Stage::eval) scores.insert(to_name(stage) + "/");
  if (!experiment.has_stage(Stage::eval)) return;
  for (const EvalTask task : experiment.eval.tasks) {
    const EvalScores known = scores_of(task);
    for (const std::string_view stem : known.stems) {
      if (known.of == EvalScores::task) scores.insert(std::string(stem));
      if (known.of == EvalScores::data) scores.insert(std::string(stem) + "/");
      if (known.of == EvalScores::shots)
        for (const std::int64_t shots : experiment.eval.shots)
          scores.insert(fmt::format("{}/{}-shot", stem, shots));
    }
  }
}

std::vector<Diagnostic> check_claims(const std::vector<Claim>& claims, const std::vector<PlanAxis>& axes,
                                     const std::set<std::string>& scores) {
  std::vector<Diagnostic> mistakes;
  ClaimChecker checker(axes, scores);
  for (const Claim& claim : claims)
    for (Diagnostic& mistake : checker.check(claim)) mistakes.push_back(std::move(mistake));
  return mistakes;
}

}  // namespace ablate
