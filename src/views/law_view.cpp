#include "views/law_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "law/law_core.hpp"
#include "law/names.hpp"
#include "plan/job_name.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kListedOfKind = 3;

/// "4 sizes from 215M to 537M", "1 batch of 524k".
std::string span_text(const std::set<double>& values, const std::string& noun) {
  std::string text = fmt::format("{} {}{}", values.size(), noun,
                                 values.size() == 1     ? ""
                                 : noun.ends_with("ch") ? "es"
                                                        : "s");
  if (values.size() == 1) return text + " of " + amount_text(*values.begin());
  return text + fmt::format(" from {} to {}", amount_text(*values.begin()), amount_text(*values.rbegin()));
}

std::string estimate_range(const LawEstimate& estimate) {
  return fmt::format("{:+.3f} to {:+.3f}", estimate.low, estimate.high);
}

}  // namespace

std::string rate_range(double low, double high) {
  const bool low_open = !(low > 0), high_open = !std::isfinite(high);
  if (low_open && high_open) return "open";
  if (low_open) return "below " + rate_text(high);
  if (high_open) return "above " + rate_text(low);
  return rate_text(low) + " to " + rate_text(high);
}

std::string percent_text(double fraction) {
  const double percent = 100 * fraction;
  if (std::isnan(percent)) return "-";
  if (std::isinf(percent)) return "not bounded";
  return fmt::format("{:.{}f} %", percent, percent < 0.0995 ? 3 : percent < 9.95 ? 2 : 1);
}

std::string factor_text(double octaves) {
  constexpr double kManyOctaves = 13;  // A factor of 8192.
  if (!std::isfinite(octaves)) return "-";
  return octaves < kManyOctaves ? fmt::format("x{:.2f}", std::exp2(octaves))
                                : fmt::format("x{:.1e}", std::exp2(octaves));
}

std::size_t count_distinct(const std::vector<LawPoint>& points, double LawPoint::*value) {
  std::set<double> values;
  for (const LawPoint& point : points) values.insert(point.*value);
  return values.size();
}

std::vector<LawPoint> law_points(const LawFit& fit) {
  std::vector<LawPoint> points;
  for (const ScanOptimum& scan : fit.bowls.scans) {
    LawPoint point{.params = scan.params, .tokens = scan.tokens, .batch = scan.batch};
    point.lr = std::exp2(scan.lr.optimum);
    point.low = std::exp2(scan.lr.interval.low);
    point.high = std::exp2(scan.lr.interval.high);
    point.se = scan.lr.se;
    point.edge = scan.lr.edge;
    point.scan = &scan;
    if (fit.joint) point.batch = std::exp2(scan.batch_axis.optimum);
    points.push_back(point);
  }
  if (!fit.optima.empty() && points.empty())
    for (const LawOptimum& optimum : fit.optima) {
      LawPoint point{
          .params = optimum.params, .tokens = optimum.tokens, .batch = optimum.batch, .lr = optimum.lr};
      point.se = optimum.lr_se;
      point.low = optimum.lr * std::exp2(-1.96 * optimum.lr_se);  // NaN where there is no error.
      point.high = optimum.lr * std::exp2(1.96 * optimum.lr_se);
      points.push_back(point);
    }
  return points;
}

std::string law_formula(const LawRegression& law, const std::string& unit_value) {
  std::string text = fmt::format("{} x (N / {})^{:.3f}", unit_value,
                                 amount_text(std::exp2(law.centre_params)), law.params_exponent.value);
  if (law.tokens_free)
    text += fmt::format(" x (D / {})^{:.3f}", amount_text(std::exp2(law.centre_tokens)),
                        law.tokens_exponent.value);
  return text;
}

std::string line_formula(const LawLine& line, const std::string& value) {
  std::string text = fmt::format("ln {} = {:.3f}", value, line.constant);
  const auto add = [&](double exponent, const char* name) {
    if (exponent != 0)
      text += fmt::format(" {} {:.3f} ln {}", exponent < 0 ? '-' : '+', std::abs(exponent), name);
  };
  add(line.params_exponent, "N");
  add(line.tokens_exponent, "D");
  return text;
}

std::string decay_words(const LawDecay& decay) {
  switch (decay.source) {
    case DecaySource::lambda:
      return "as most runs had it";
    case DecaySource::per_step:
      return fmt::format("since lr lambda is {:.4g} in most runs", decay.value);
    case DecaySource::mixed:
      return "assumed: none is that of most runs";
    case DecaySource::unknown:
      break;
  }
  return "assumed: the runs do not tell";
}

std::string describe_runs(const LawFit& fit) {
  const bool table = fit.runs.empty() && !fit.optima.empty();
  std::set<double> sizes, tokens, batches, rates;
  double count = static_cast<double>(count_runs(fit.runs));
  for (const LawRun& run : fit.runs) {
    sizes.insert(run.params);
    tokens.insert(run.tokens);
    batches.insert(run.batch);
    rates.insert(run.lr);
  }
  for (const LawOptimum& optimum : fit.optima) {
    sizes.insert(optimum.params);
    tokens.insert(optimum.tokens);
    batches.insert(optimum.batch);
    count += 1;
  }
  if (sizes.empty()) return "nothing";
  std::string text = count_of(static_cast<std::int64_t>(std::llround(count)), table ? "optimum" : "run");
  if (table && count != 1) text = with_commas(static_cast<std::int64_t>(count)) + " optima";
  text += ": " + span_text(sizes, "size");
  text += *tokens.begin() > 0 ? ", " + span_text(tokens, "token count") : ", token counts unknown";
  text += *batches.begin() > 0 ? ", " + span_text(batches, "batch") + " tokens" : ", batch unknown";
  if (!rates.empty())
    text += fmt::format(", {} rates from {} to {}", rates.size(), rate_text(*rates.begin()),
                        rate_text(*rates.rbegin()));
  return text;
}

std::vector<std::string> finding_lines(const std::vector<LawFinding>& findings, bool all) {
  std::map<FindingKind, std::size_t> counts, shown;
  for (const LawFinding& finding : findings) ++counts[finding.kind];
  std::vector<std::string> lines;
  for (const LawFinding& finding : findings) {
    const std::size_t count = counts[finding.kind], number = ++shown[finding.kind];
    if (!all && count > kListedOfKind + 1 && number > kListedOfKind) {
      if (number == kListedOfKind + 1)
        lines.push_back(fmt::format("{}: and {} more; --json has them all", to_name(finding.kind),
                                    count - kListedOfKind));
      continue;
    }
    lines.push_back(fmt::format("{}: {}", to_name(finding.kind), one_line(finding.message)));
  }
  return lines;
}

Table exponent_table(const LawFit& fit) {
  const bool priors = fit.options.exponent_priors;
  Table table;
  table.columns = {{"exponent"}, {"value", Align::right}, {"sd", Align::right}, {"95 % interval"}};
  if (priors) table.columns.insert(table.columns.end(), {{"other searches"}, {"trust", Align::right}});
  const auto add = [&](const std::string& name, const LawEstimate& estimate, const ExponentPrior& prior,
                       double trust) {
    table.rows.push_back({{name},
                          TableCell::number(estimate.value, fmt::format("{:+.3f}", estimate.value)),
                          TableCell::number(estimate.sd, fmt::format("{:.3f}", estimate.sd)),
                          {estimate_range(estimate)}});
    if (!priors) return;
    table.rows.back().push_back({fmt::format("{:+.2f} +- {:.2f}", prior.mean, prior.sd)});
    table.rows.back().push_back(TableCell::number(trust, fmt::format("{:.0f} %", 100 * trust)));
  };
  std::set<double> tokens;
  for (const LawPoint& point : law_points(fit)) tokens.insert(point.tokens);
  const char* only_prior = tokens.size() == 1 ? " (prior)" : "";
  const auto add_law = [&](const std::string& what, const LawRegression& law, const LawPriors& beliefs) {
    const ExponentPrior own = exponent_prior(beliefs, law.tokens_free);
    add(what + " with N", law.params_exponent, own, law.params_trust);
    if (law.tokens_free)
      add(what + " with D" + only_prior, law.tokens_exponent, beliefs.tokens, law.tokens_trust);
  };
  add_law("rate", fit.lr, lr_priors_for(fit.joint, fit.options));
  if (fit.batch_law) add_law("batch", *fit.batch_law, batch_priors_for(fit.options));
  if (priors)
    table.notes.push_back(
        "trust: how likely it is, after these runs, that what other searches found holds here; 50 % before "
        "any "
        "run");
  return table;
}

Table scan_table(const LawFit& fit, bool wide) {
  const std::vector<LawPoint> points = law_points(fit);
  const bool tokens = !points.empty() && points.front().tokens > 0;
  const bool batch = fit.joint || count_distinct(points, &LawPoint::batch) > 1;
  const bool scans = !points.empty() && points.front().scan;
  Table table;
  table.columns = {{"N", Align::right}};
  if (tokens) table.columns.push_back({"D", Align::right});
  if (scans) table.columns.push_back({"runs", Align::right});
  table.columns.push_back({"best rate", Align::right});
  table.columns.push_back({"95 %"});
  if (batch) table.columns.push_back({fit.joint ? "best batch, tokens" : "batch, tokens", Align::right});
  if (scans && wide) table.columns.push_back({"loss within 0.1 %"});
  if (scans) table.columns.push_back({"loss within 0.25 %"});
  table.columns.push_back({"flags"});
  for (const LawPoint& point : points) {
    std::vector<TableCell> row = {TableCell::number(point.params, amount_text(point.params))};
    if (tokens) row.push_back(TableCell::number(point.tokens, amount_text(point.tokens)));
    if (scans) row.push_back(TableCell::integer(static_cast<std::int64_t>(point.scan->runs)));
    // Losses that rise, fall and rise again contradict any one best rate.
    const bool has_best = !scans || point.scan->convex;
    row.push_back(has_best ? TableCell::number(point.lr, rate_text(point.lr)) : TableCell{"-", Null{}});
    row.push_back({!has_best ? "-" : std::isnan(point.low) ? "" : rate_range(point.low, point.high)});
    if (batch) row.push_back(TableCell::number(point.batch, amount_text(point.batch)));
    std::vector<std::string> flags;
    if (scans) {
      for (const double rise : {0.001, 0.0025}) {
        if (rise < 0.0025 && !wide) continue;
        const auto [left, right] = fit.bowls.lr.band(rise);
        row.push_back({has_best ? rate_range(point.lr * std::exp2(left), point.lr * std::exp2(right)) : "-"});
      }
      if (point.edge != LawEdge::none) flags.push_back("rate: " + to_name(point.edge) + " edge");
      if (fit.joint && point.scan->batch_axis.edge != LawEdge::none)
        flags.push_back("batch: " + to_name(point.scan->batch_axis.edge) + " edge");
      if (!point.scan->convex) flags.push_back("not convex");
    }
    row.push_back({join(flags, ", ")});
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string method_title(LawMethod method, const std::string& name) {
  switch (method) {
    case LawMethod::bowl_joint:
    case LawMethod::bowl_fixed_batch:
      return "shared bowls";
    case LawMethod::optima_table:
      return "regression";
    case LawMethod::mm1:
      return "MM1's recipe";
    case LawMethod::step_law:
      return "Step Law's recipe";
    case LawMethod::quadratic:
      return "quadratic";
    case LawMethod::fixed_slope:
      return "fixed-slope";
    case LawMethod::published:
      return one_line(name) + ", published";
  }
  return name;
}

Table method_table(const LawFit& fit) {
  Table table;
  table.columns = {{"method"},
                   {"rate off by", Align::right},
                   {"regret", Align::right},
                   {"worst", Align::right},
                   {"in 95 %", Align::right},
                   {"law"}};
  const auto law_of = [&](const HoldoutResult& result) -> std::string {
    if (result.method == LawMethod::published) {
      for (const PublishedLaw& law : published_laws())
        if (law.name == result.name) return law.formula;
      return "";
    }
    for (const BaselineLaw& law : fit.baselines)
      if (law.method == result.method) return line_formula(law.lr, "lr");
    return "lr = " + law_formula(fit.lr, rate_text(std::exp2(fit.lr.constant.value)));
  };
  for (const HoldoutResult& result : fit.holdout) {
    const std::string least = result.bounded ? "" : "> ";
    const TableCell covered =
        std::isnan(result.covered95)
            ? TableCell{"-"}
            : TableCell::number(result.covered95, fmt::format("{:.0f} %", 100 * result.covered95));
    table.rows.push_back(
        {{method_title(result.method, result.name), {}, result.method == fit.chosen ? "*" : ""},
         TableCell::number(result.lr_error, factor_text(result.lr_error)),
         TableCell::number(result.regret, least + percent_text(result.regret)),
         TableCell::number(result.worst_regret, least + percent_text(result.worst_regret)),
         covered,
         {one_line(law_of(result))}});
  }
  return table;
}

}  // namespace ablate
