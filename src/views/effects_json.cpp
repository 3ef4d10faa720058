#include "views/effects_view.hpp"
#include "views/law_report.hpp"
#include "views/share_tables.hpp"
#include "views/test_json.hpp"

namespace ablate {

namespace {

Json branch_json(const ScoreEffects& effects, const BranchShares& branch) {
  Json json = {{"runs", branch.shares.runs},
               {"seeds", branch.shares.num_seeds},
               {"share_of_seeds", number_json(branch.shares.seeds)},
               {"overlap", number_json(branch.shares.overlap)},
               {"unexplained", number_json(branch.shares.unexplained)},
               {"error_ms", number_json(branch.shares.error_ms)},
               {"error_df", number_json(branch.shares.error_df)},
               {"only_where_applies", Json::array()},
               {"terms", Json::array()}};
  for (const std::size_t factor : branch.conditional)
    json["only_where_applies"].push_back(effects.runs.factors[factor].name);
  for (const Share& share : branch.shares.shares)
    json["terms"].push_back({{"term", axes_text(effects.runs, factors_of_term(branch, share.term))},
                             {"ss", number_json(share.ss)},
                             {"df", share.df},
                             {"f", number_json(share.f)},
                             {"p", p_json(share.p)},
                             {"share", number_json(share.within)},
                             {"share_limits", limits_json(share.within_limits)},
                             {"eta2", number_json(share.eta2)},
                             {"omega2", number_json(share.omega2)},
                             {"epsilon2", number_json(share.epsilon2)},
                             {"partial", number_json(share.partial)},
                             {"partial_limits", limits_json(share.partial_limits)}});
  return json;
}

Json contrast_json(const Factor& factor, const Contrast& one, const EffectsQuery& query,
                   bool lower_is_better) {
  Json json = test_json(one.difference);
  json["a"] = factor.levels[one.a];
  json["b"] = factor.levels[one.b];
  json["p_holm_axis"] = p_json(one.p_holm_factor);
  json["p_holm_all"] = p_json(one.p_holm);
  json["verdict"] = contrast_verdict(one, query, lower_is_better);
  if (query.margin) json["p_equivalent"] = p_json(equivalence(one.difference, *query.margin).p);
  return json;
}

Json functional_json(const ScoreEffects& effects, const FunctionalAnova& anova) {
  Json json = {{"runs", anova.runs},
               {"main_degree", anova.main_degree},
               {"pair_degree", anova.pair_degree},
               {"variance", number_json(anova.variance)},
               {"unexplained", number_json(anova.unexplained)},
               {"unexplained_limits", limits_json(anova.unexplained_limits)},
               {"only_where_applies", Json::array()},
               {"terms", Json::array()}};
  for (const std::size_t factor : anova.conditional)
    json["only_where_applies"].push_back(effects.runs.factors[factor].name);
  for (const FunctionalShare& share : anova.shares)
    json["terms"].push_back({{"term", axes_text(effects.runs, share.factors)},
                             {"share", number_json(share.of_total)},
                             {"share_limits", limits_json(share.of_total_limits)},
                             {"of_explained", number_json(share.of_explained)},
                             {"of_explained_limits", limits_json(share.of_explained_limits)},
                             {"total_effect", number_json(share.total_effect)},
                             {"total_effect_limits", limits_json(share.total_effect_limits)}});
  return json;
}

Json rank_json(const std::optional<RankTest>& test) {
  if (!test) return {};
  return {{"statistic", number_json(test->statistic)},
          {"z", number_json(test->z)},
          {"p_rises", p_json(test->p_rises)},
          {"ties", test->ties}};
}

Json trend_json(const ScoreEffects& effects, const AxisTrend& one) {
  const LevelTrend& trend = one.trend;
  Json json = {{"axis", effects.runs.factors[one.factor].name},
               {"levels", Json::array()},
               {"codes", trend.codes},
               {"slope_per", one.per_doubling ? "doubling" : "unit"},
               {"slope", test_json(trend.slope)},
               {"by_seed", trend.by_seed},
               {"page", rank_json(trend.page)},
               {"jonckheere", rank_json(trend.jonckheere)},
               {"p_every_step_rises", p_json(trend.steps.p_rises)},
               {"p_every_step_falls", p_json(trend.steps.p_falls)}};
  for (const std::size_t level : trend.levels)
    json["levels"].push_back(effects.runs.factors[one.factor].levels[level]);
  return json;
}

/// Axes that were sampled, which have no levels.
Json range_axis_json(const Factor& factor) {
  return {{"axis", factor.name},
          {"low", factor.range->low},
          {"high", factor.range->high},
          {"scale", factor.range->log ? "log" : "linear"},
          {"range_as_seen", factor.range->seen}};
}

Json factor_json(const ScoreEffects& effects, const FactorContrasts& one, const EffectsQuery& query) {
  const Factor& factor = effects.runs.factors[one.factor];
  Json json = {{"axis", factor.name},
               {"levels", factor.levels},
               {"estimator", to_name(one.estimator)},
               {"error", one.error},
               {"notes", one.notes},
               {"means_of_these_seeds", one.these_seeds},
               {"means", Json::array()},
               {"differences", Json::array()},
               {"seed_interaction", f_json(one.seed_interaction)},
               {"failures_p", p_json(one.failures.p)},
               {"unlike_spread", Json()}};
  if (const auto& spread = one.unlike_spread)
    json["unlike_spread"] = {{"widest", factor.levels[spread->widest]},
                             {"widest_sd", spread->widest_sd},
                             {"narrowest", factor.levels[spread->narrowest]},
                             {"narrowest_sd", spread->narrowest_sd},
                             {"p", spread->p}};
  for (const MarginalMean& mean : one.means) {
    Json entry = test_json(mean.mean);
    entry.erase("t"), entry.erase("p");
    entry["level"] = factor.levels[mean.level];
    json["means"].push_back(std::move(entry));
  }
  for (const Contrast& contrast : one.contrasts)
    json["differences"].push_back(contrast_json(factor, contrast, query, effects.runs.lower_is_better));
  return json;
}

}  // namespace

Json effects_json(const ScoreEffects& effects, const EffectsQuery& query) {
  Json json = {{"value", effects.value},           {"lower_is_better", effects.runs.lower_is_better},
               {"family", to_name(query.family)},  {"pairs_in_family", effects.contrasts.family},
               {"notes", effects.contrasts.notes}, {"axes", Json::array()},
               {"shares", Json::array()},          {"interactions", Json::array()},
               {"sampled_axes", Json::array()},    {"functional_shares", Json::array()},
               {"trends", Json::array()},          {"orders", Json::array()},
               {"changes", Json::array()}};
  for (const std::string& note : effects.notes) json["notes"].push_back(note);
  for (const FactorContrasts& factor : effects.contrasts.factors)
    json["axes"].push_back(factor_json(effects, factor, query));
  for (const BranchShares& branch : effects.shares) json["shares"].push_back(branch_json(effects, branch));
  for (const Factor& factor : effects.runs.factors)
    if (factor.continuous()) json["sampled_axes"].push_back(range_axis_json(factor));
  for (const FunctionalAnova& anova : effects.functional)
    json["functional_shares"].push_back(functional_json(effects, anova));
  for (const AxisTrend& trend : effects.trends) json["trends"].push_back(trend_json(effects, trend));
  for (const ChangeEffect& one : effects.changes) {
    const Factor& factor = effects.runs.factors[one.factor];
    json["changes"].push_back({{"axis", factor.name},
                               {"baseline", factor.levels[one.baseline]},
                               {"level", factor.levels[one.level]},
                               {"share", number_json(one.share.share)},
                               {"unbiased_square", number_json(one.share.unbiased_square)}});
  }
  for (const FactorOrder& one : effects.orders)
    json["orders"].push_back({{"first", effects.runs.factors[one.first].name},
                              {"second", effects.runs.factors[one.second].name},
                              {"probability", one.probability}});
  for (const Interaction& one : effects.interactions) {
    Json entry = f_json(one.test);
    entry["axes"] = {effects.runs.factors[one.a].name, effects.runs.factors[one.b].name};
    entry["ss"] = number_json(one.ss);
    entry["by_seed"] = f_json(one.by_seed);
    json["interactions"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace ablate
