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
    place_ = claim.place;
    check_score(claim.score);
    for (const std::string& name : claim.axes) {
      const PlanAxis* axis = find_axis(name);
      if (axis && axis->levels.size() < 2)
        add(fmt::format("a claim about axis '{}', which has one level; expected two or more", name));
      if (axis && claim.kind == ClaimKind::better)
        for (const std::string& level : {claim.better, claim.than}) check_level(*axis, level);
      if (claim.where.count(name) > 0)
        add(fmt::format("'where' holds axis '{}' at a level, and the claim compares its levels", name));
    }
    for (const auto& [name, level] : claim.where)
      if (const PlanAxis* axis = find_axis(name)) check_level(*axis, level);
    return std::move(found_);
  }

 private:
  void add(std::string message) { found_.push_back({place_, std::move(message)}); }

  const PlanAxis* find_axis(const std::string& name) {
    const auto found =
        std::find_if(axes_.begin(), axes_.end(), [&](const PlanAxis& axis) { return axis.name == name; });
    if (found != axes_.end()) return &*found;
    std::vector<std::string> names;
    for (const PlanAxis& axis : axes_) names.push_back(axis.name);
    add(fmt::format("a claim about axis '{}', which the sweep does not vary{}", printable(name),
                    suggestion(name, names)));
    return nullptr;
  }

  void check_level(const PlanAxis& axis, const std::string& level) {
    if (std::find(axis.levels.begin(), axis.levels.end(), level) == axis.levels.end())
      add(fmt::format("axis '{}' has no level '{}'{}", axis.name, printable(level),
                      suggestion(level, axis.levels)));
  }

  void check_score(const std::string& score) {
    const std::string stem = score.substr(0, score.find('/') + 1);
    if (scores_.count(score) > 0 || (!stem.empty() && stem.size() < score.size() && scores_.count(stem) > 0))
      return;
    add(fmt::format("a claim about '{}', which no evaluation or stage of the sweep gives{}", printable(score),
                    suggestion(score, std::vector<std::string>(scores_.begin(), scores_.end()))));
  }

  const std::vector<PlanAxis>& axes_;
  const std::set<std::string>& scores_;
  Location place_;
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
