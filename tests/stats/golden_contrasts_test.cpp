// Contrasts, sums of squares, interactions, trends of tables that R has solved, to 1e-5 of a half-width.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <functional>
#include <map>

#include "stats/contrasts.hpp"
#include "stats/design.hpp"
#include "stats/estimators.hpp"
#include "stats/golden.hpp"
#include "stats/level_trend.hpp"

BOOST_AUTO_TEST_SUITE(golden_contrasts)

using namespace ablate;

namespace {

constexpr double kPart = 1e-5;

/// A case's part with expected values: the case itself, or one of its scores.
struct Part {
  std::string name, score;
  Json all, known;
};

std::vector<Part> parts() {
  std::vector<Part> found;
  for (const std::string& name : golden::cases()) {
    const Json all = golden::read_case(name);
    if (all.contains("fanova")) continue;
    if (!all.contains("results"))
      found.push_back({name, all["score"], all, all});
    else
      for (const auto& entry : all["results"].items())
        found.push_back({name + " " + entry.key(), entry.key(), all, entry.value()});
  }
  return found;
}

/// Every test of this suite, where the tables are.
void for_each_part(const std::function<void(const Part&)>& check) {
  if (!golden::present()) {
    BOOST_TEST_MESSAGE("skipped: no tables in " << golden::folder());
    return;
  }
  for (const Part& part : parts()) check(part);
}

void check_near(const std::string& what, double found, const Json& wanted, double tolerance) {
  const double expected = golden::number(wanted);
  const bool same = std::isnan(expected) ? std::isnan(found) : std::abs(found - expected) <= tolerance;
  BOOST_CHECK_MESSAGE(same, what << ": found " << found << ", expected " << expected);
}

void check_p(const std::string& what, const std::optional<double>& found, const Json& wanted) {
  const double expected = golden::number(wanted);
  if (std::isnan(expected)) {
    BOOST_CHECK_MESSAGE(!found, what << ": has a p");
    return;
  }
  BOOST_CHECK_MESSAGE(found && std::abs(*found - expected) <= 1e-9 + kPart * expected,
                      what << ": found " << found.value_or(-1) << ", expected " << expected);
}

std::optional<ContrastOptions> options_of(const std::string& method, const std::string& name) {
  const std::map<std::string, Estimator> same{{"strata", Estimator::strata},
                                              {"paired", Estimator::paired},
                                              {"paired_matched", Estimator::paired},
                                              {"blocks", Estimator::blocks},
                                              {"model", Estimator::model},
                                              {"estimates_only", Estimator::model},
                                              {"welch", Estimator::welch},
                                              {"additive", Estimator::additive},
                                              {"highest_interaction", Estimator::highest_interaction},
                                              {"order3_error", Estimator::highest_interaction},
                                              {"highest_only", Estimator::highest_interaction}};
  const auto found = same.find(method);
  if (found == same.end()) return std::nullopt;
  ContrastOptions options{.estimator = found->second};
  if (method == "highest_only") options.order = 3;
  if (name == "sim-oat") options.baselines = {0};
  return options;
}

double half_width(const Json& row) {
  const double half =
      (golden::number(row.value("high", Json())) - golden::number(row.value("low", Json()))) / 2;
  return std::isnan(half) ? 1e-3 * std::max(1.0, std::abs(row.value("estimate", 0.0))) : half;
}

void check_contrast(const std::string& what, const Contrast& found, const Json& row) {
  const double tolerance = kPart * half_width(row);
  check_near(what + " estimate", found.difference.estimate, row["estimate"], tolerance);
  if (row.contains("df"))
    check_near(what + " df", found.difference.df, row["df"], 1e-6 * found.difference.df);
  check_near(what + " low", found.difference.low, row.value("low", Json()), tolerance);
  check_near(what + " high", found.difference.high, row.value("high", Json()), tolerance);
  const Json p = row.value("p", Json());
  check_p(what + " p", found.difference.p, p);
  if (p.is_null()) return;
  check_near(what + " se", found.difference.se, row["se"], tolerance);
  if (!row.contains("p_holm") || row["p_holm"].is_null()) return;
  check_p(what + " p_holm", found.p_holm, row["p_holm"]);
  check_p(what + " p_holm_factor", found.p_holm_factor, row["p_holm_factor"]);
}

const Factor& named(const Observations& sweep, const std::string& name, std::size_t& index) {
  for (index = 0; index < sweep.factors.size(); ++index)
    if (sweep.factors[index].name == name) return sweep.factors[index];
  throw std::logic_error("no factor " + name);
}

std::size_t level_of(const Factor& factor, const std::string& level) {
  return static_cast<std::size_t>(std::find(factor.levels.begin(), factor.levels.end(), level) -
                                  factor.levels.begin());
}

const Contrast* contrast_of(const Contrasts& found, const Observations& sweep, const Json& row) {
  std::size_t f = 0;
  const Factor& factor = named(sweep, row["factor"], f);
  for (const FactorContrasts& one : found.factors)
    if (one.factor == f)
      for (const Contrast& contrast : one.contrasts)
        if (contrast.a == level_of(factor, row["a"]) && contrast.b == level_of(factor, row["b"]))
          return &contrast;
  return nullptr;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_estimator_of_every_table) {
  std::size_t contrasts = 0, means = 0;
  for_each_part([&](const Part& part) {
    const Observations sweep = golden::observations(part.all, part.score);
    for (const auto& method : part.known["methods"].items()) {
      const auto options = options_of(method.key(), part.all["case"]);
      if (!options) continue;
      const Contrasts found = contrasts_of(sweep, *options);
      const std::string where = part.name + " " + method.key() + " ";
      for (const Json& row : method.value()["contrasts"]) {
        const std::string what = where + row["factor"].get<std::string>() + " " +
                                 row["a"].get<std::string>() + " - " + row["b"].get<std::string>();
        const Contrast* contrast = contrast_of(found, sweep, row);
        BOOST_REQUIRE_MESSAGE(contrast != nullptr, what << " is not there");
        check_contrast(what, *contrast, row);
        ++contrasts;
      }
      // Means over unequal sets of settings are not given.
      if (!method.value().contains("means") || method.key() == "paired_matched") continue;
      for (const Json& row : method.value()["means"]) {
        std::size_t f = 0;
        const std::size_t level = level_of(named(sweep, row["factor"], f), row["level"]);
        for (const FactorContrasts& one : found.factors)
          for (const MarginalMean& mean : one.means)
            if (one.factor == f && mean.level == level) {
              const std::string what =
                  where + row["factor"].get<std::string>() + " " + row["level"].get<std::string>() + " mean";
              check_near(what, mean.mean.estimate, row["mean"], kPart * half_width(row));
              check_near(what + " low", mean.mean.low, row.value("low", Json()), kPart * half_width(row));
              ++means;
            }
      }
    }
  });
  if (golden::present()) {
    BOOST_TEST(contrasts > 200u);
    BOOST_TEST(means > 150u);
  }
}

BOOST_AUTO_TEST_CASE(sums_of_squares_of_both_types) {
  for_each_part([&](const Part& part) {
    if (!part.known.contains("anova")) return;
    const Json& rows = part.known["anova"];
    const Json block = part.all["block"];
    const bool with_block =
        std::any_of(rows.begin(), rows.end(), [&](const Json& r) { return r["term"] == block; });
    const Observations sweep = golden::observations(part.all, part.score, !with_block);
    const UnitTable design = *Designs(sweep).of({0});
    const CodedRuns runs = design.with_block();
    std::size_t order = 1;
    std::map<std::string, Term> terms;
    if (with_block) terms[block] = {design.treatment_columns()};
    std::vector<std::size_t> columns;
    for (std::size_t c = 0; c < design.treatment_columns(); ++c) columns.push_back(c);
    for (const Term& term : terms_up_to(columns, columns.size())) {
      std::string name;
      for (const std::size_t c : term) name += (name.empty() ? "" : ":") + sweep.factors[c].name;
      terms[name] = term;
    }
    for (const Json& row : rows)
      if (row["term"] != "Residuals") order = std::max(order, terms.at(row["term"]).size());
    std::vector<Term> model_terms = terms_up_to(columns, order);
    if (with_block) model_terms.push_back({design.treatment_columns()});
    const LinearModel model(runs, model_terms);
    for (const Json& row : rows) {
      const std::string what =
          part.name + " type " + row["type"].get<std::string>() + " " + row["term"].get<std::string>();
      const double ss = row["ss"];
      if (row["term"] == "Residuals") {
        check_near(what, model.error_ss(), row["ss"], kPart * ss);
        BOOST_TEST(model.error_df() == row["df"].get<std::size_t>());
        continue;
      }
      const Term& term = terms.at(row["term"]);
      const TermSquares squares = row["type"] == "II" ? model.type2(term) : model.type3(term);
      check_near(what, squares.ss, row["ss"], kPart * (ss + model.error_ms()));
      BOOST_TEST(squares.df == row["df"].get<std::size_t>());
    }
    check_near(part.name + " total", model.total_ss(), part.known["total"]["ss"], kPart * model.total_ss());
  });
}

BOOST_AUTO_TEST_CASE(interactions_and_equivalence) {
  for_each_part([&](const Part& part) {
    Observations sweep = golden::observations(part.all, part.score);
    if (part.known.contains("tost"))
      for (const Json& row : part.known["tost"]) {
        const Contrasts found = contrasts_of(sweep, *options_of(row["method"], part.all["case"]));
        const Contrast* contrast = contrast_of(found, sweep, row);
        BOOST_REQUIRE(contrast != nullptr);
        const Equivalence same = equivalence(contrast->difference, row["margin"]);
        const std::string what = part.name + " equivalence";
        check_near(what, same.t_lower, row["t_lower"], kPart * std::abs(same.t_lower) + kPart);
        check_near(what, same.t_upper, row["t_upper"], kPart * std::abs(same.t_upper) + kPart);
        check_near(what, same.low, row["low90"], kPart * (same.high - same.low));
        check_near(what, same.high, row["high90"], kPart * (same.high - same.low));
        check_p(what, same.p, row["p"]);
      }
    if (!part.known.contains("interactions")) return;
    if (part.known.contains("split_plot")) golden::split_plots(sweep);
    const std::vector<Interaction> found = interactions_of(sweep);
    for (const Json& row : part.known["interactions"]) {
      const std::string what =
          part.name + " " + row["a"].get<std::string>() + ":" + row["b"].get<std::string>();
      std::size_t a = 0, b = 0;
      named(sweep, row["a"], a), named(sweep, row["b"], b);
      const auto one = std::find_if(found.begin(), found.end(),
                                    [&](const Interaction& i) { return i.a == a && i.b == b; });
      BOOST_REQUIRE_MESSAGE(one != found.end(), what);
      check_near(what + " F", one->test.f, row["f"], kPart * (1 + one->test.f));
      check_near(what + " df", one->test.df1, row["df"], 1e-9);
      if (row.contains("df_error")) check_near(what + " error df", one->test.df2, row["df_error"], 1e-9);
      check_p(what, one->test.p, row["p"]);
    }
  });
}

BOOST_AUTO_TEST_CASE(split_plots_are_judged_by_their_whole_plots) {
  if (!golden::present()) return;
  const Json known = golden::read_case("oats");
  Observations sweep = golden::observations(known);
  golden::split_plots(sweep);
  const Contrasts found = contrasts_of(sweep);
  const FactorContrasts& variety = found.factors[0];
  const Json& wanted = known["methods"]["strata"]["contrasts"][0];
  check_contrast("oats variety", variety.contrasts[0], [&] {
    Json row = wanted;
    row["p_holm"] = nullptr;
    return row;
  }());
  BOOST_TEST(variety.contrasts[0].difference.df == 10);
  BOOST_TEST(variety.contrasts[0].difference.se == 7.0789, boost::test_tools::tolerance(1e-4));
}

BOOST_AUTO_TEST_CASE(trends) {
  for_each_part([&](const Part& part) {
    if (!part.known.contains("trend")) return;
    Observations sweep = golden::observations(part.all, part.score);
    if (part.all["case"] == "sim-ties")  // Its trend leaves the fifth level out.
      std::erase_if(sweep.runs, [](const Observation& run) { return run.at[0] == 4; });
    for (const Json& row : part.known["trend"]) {
      std::size_t f = 0;
      const Factor& factor = named(sweep, row["factor"], f);
      const std::string method = row["method"], what = part.name + " " + factor.name + " " + method;
      std::vector<double> codes =
          row.contains("codes") ? row["codes"].get<std::vector<double>>() : std::vector<double>{};
      while (!codes.empty() && codes.size() < factor.levels.size()) codes.push_back(codes.back() + 1);
      const std::optional<LevelTrend> trend = trend_of(sweep, f, codes);
      BOOST_REQUIRE_MESSAGE(trend, what);
      if (row.contains("codes")) {
        check_near(what, trend->slope.estimate, row["estimate"], kPart * trend->slope.se);
        check_near(what + " se", trend->slope.se, row["se"], kPart * trend->slope.se);
        check_p(what, trend->slope.p, row["p"]);
      } else if (method == "page" || method == "jonckheere") {
        const RankTest& ranks = method == "page" ? *trend->page : *trend->jonckheere;
        check_near(what, ranks.statistic, row["statistic"], 1e-6);
        check_near(what + " z", ranks.z, row["z"], 1e-6);
        check_p(what, ranks.p_rises, row["p_increasing"]);
      } else {
        check_p(what, trend->steps.p_rises, row["p_increasing"]);
        check_p(what, trend->steps.p_falls, row["p_decreasing"]);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(tests_of_one_table) {
  for_each_part([&](const Part& part) {
    const Observations sweep = golden::observations(part.all, part.score);
    const UnitTable design = *Designs(sweep).of({0});
    const auto check_f = [&](const std::string& what, const FTest& test, const Json& row) {
      check_near(part.name + what, test.f, row["f"], kPart * (1 + test.f));
      if (row.contains("df2")) check_near(part.name + what + " df2", test.df2, row["df2"], kPart * test.df2);
      check_p(part.name + what, test.p, row["p"]);
    };
    if (part.known.contains("welch_anova"))
      check_f(" Welch", welch_anova(level_samples(design)), part.known["welch_anova"]);
    if (part.known.contains("levene_median"))
      check_f(" Levene", levene_test(level_samples(design)), part.known["levene_median"]);
    if (part.known.contains("tukey_one_df")) {
      const std::size_t columns = design.units.sizes[1];
      std::vector<double> values(design.units.runs());
      for (std::size_t i = 0; i < values.size(); ++i)
        values[static_cast<std::size_t>(design.units.level(i, 0)) * columns +
               static_cast<std::size_t>(design.units.level(i, 1))] = design.units.y[i];
      check_f(" Tukey", tukey_one_df(values, columns), part.known["tukey_one_df"]);
    }
    if (part.known.contains("friedman")) {
      const FriedmanTest test = friedman_test(seed_level_means(design));
      check_near(part.name, test.statistic, part.known["friedman"]["statistic"], 1e-6);
      check_p(part.name + " Friedman", test.p, part.known["friedman"]["p"]);
    }
    if (!part.known.contains("lenth")) return;
    const std::vector<double> effects = two_level_effects(design);
    const Lenth found = lenth(effects);
    const Json& wanted = part.known["lenth"];
    check_near("s0", found.s0, wanted["s0"], 1e-9);
    check_near("pse", found.pse, wanted["pse"], 1e-9);
    check_near("margin", found.margin, wanted["me95"], 1e-5);
    check_near("simultaneous margin", found.simultaneous_margin, wanted["sme95"], 1e-5);
    double size = 0, expected = 0;
    for (const double effect : effects) size += std::abs(effect);
    for (const Json& row : wanted["effects"]) expected += std::abs(row["estimate"].get<double>());
    BOOST_TEST(size == expected, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(effects[0] == 21.625, boost::test_tools::tolerance(1e-9));
  });
}

BOOST_AUTO_TEST_CASE(the_estimator_that_the_design_calls_for) {
  const std::map<std::string, Estimator> called{{"npk", Estimator::blocks},
                                                {"warpbreaks", Estimator::model},
                                                {"esoph", Estimator::additive},
                                                {"penicillin", Estimator::blocks},
                                                {"filtration", Estimator::highest_interaction},
                                                {"mm1-connector", Estimator::highest_interaction},
                                                {"mm1-data", Estimator::highest_interaction},
                                                {"sim-paired", Estimator::strata},
                                                {"sim-missing", Estimator::blocks},
                                                {"sim-hetero", Estimator::welch},
                                                {"sim-single", Estimator::highest_interaction},
                                                {"sim-order", Estimator::strata},
                                                {"oats", Estimator::strata}};
  for_each_part([&](const Part& part) {
    const auto wanted = called.find(part.all["case"]);
    if (wanted == called.end()) return;
    const Contrasts found = contrasts_of(golden::observations(part.all, part.score));
    const auto says = [&](const std::string& text) {
      const std::vector<std::string>& notes = found.factors[0].notes;
      return std::any_of(notes.begin(), notes.end(),
                         [&](const auto& note) { return note.find(text) != note.npos; });
    };
    if (part.known.contains("not_estimable")) BOOST_TEST(says("N x P x K cannot be told"));
    if (part.known.contains("tukey_one_df")) {
      check_p(part.name + " additivity", found.factors[0].additivity.p, part.known["tukey_one_df"]["p"]);
      BOOST_TEST(says("interact (Tukey") == (part.known["tukey_one_df"]["p"] < 0.05));
    }
    for (const FactorContrasts& factor : found.factors)
      BOOST_CHECK_MESSAGE(factor.estimator == wanted->second, part.name << ": " << to_name(factor.estimator));
  });
}

BOOST_AUTO_TEST_SUITE_END()
