#include "views/law_forecast.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "law/names.hpp"
#include "report/table.hpp"
#include "report/wrap.hpp"
#include "util/text.hpp"
#include "views/law_report.hpp"
#include "views/law_view.hpp"

namespace ablate {

namespace {

/// "262k tokens (128 sequences of 2048)".
std::string batch_words(const Forecast& forecast) {
  const std::string words = amount_text(forecast.prediction.batch_used) + " tokens";
  const auto count = forecast.sequences();
  return count ? fmt::format("{} ({} of {})", words, count_of(*count, "sequence"), *forecast.seq_len) : words;
}

std::string quantity_range(const LawInterval& interval, bool rate) {
  return rate ? rate_range(interval.low, interval.high)
              : amount_text(interval.low) + " to " + amount_text(interval.high);
}

Table quantity_table(const LawPrediction& prediction) {
  Table table;
  table.columns = {{""}, {"best guess", Align::right}, {"50 %"}, {"80 %"}, {"95 %"}};
  const auto add = [&](const char* name, const LawQuantity& quantity, bool rate) {
    table.rows.push_back(
        {{name},
         TableCell::number(quantity.value, rate ? rate_text(quantity.value) : amount_text(quantity.value)),
         {quantity_range(quantity.p50, rate)},
         {quantity_range(quantity.p80, rate)},
         {quantity_range(quantity.p95, rate)}});
  };
  add("learning rate", prediction.lr, true);
  if (prediction.batch) add("batch, tokens", *prediction.batch, false);
  return table;
}

Table other_table(const LawPrediction& prediction) {
  const bool batches = std::any_of(prediction.others.begin(), prediction.others.end(),
                                   [](const MethodPrediction& other) { return other.batch.has_value(); });
  Table table;
  table.columns = {{"other methods"}, {"learning rate", Align::right}, {"beside ours", Align::right}};
  if (batches) table.columns.push_back({"batch, tokens", Align::right});
  for (const MethodPrediction& other : prediction.others) {
    if (!other.lr && !other.batch) continue;
    std::vector<TableCell> row = {{method_title(other.method, other.name)}};
    row.push_back(other.lr ? TableCell::number(*other.lr, rate_text(*other.lr)) : TableCell{"-"});
    row.push_back(other.lr ? TableCell{fmt::format("x{:.2f}", *other.lr / prediction.lr.value)}
                           : TableCell{""});
    if (batches)
      row.push_back(other.batch ? TableCell::number(*other.batch, amount_text(*other.batch))
                                : TableCell{"-"});
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// What a forecast may cost; beyond what its bowl tells, only how often.
std::string regret_text(const Forecast& forecast) {
  const LawPrediction& prediction = forecast.prediction;
  const auto below = [&](double regret, const char* share) {
    return fmt::format("below {} with {}", percent_text(regret), share);
  };
  const auto above = [&](const char* share) {
    return fmt::format("above {} with {} or more", percent_text(kKnownRise), share);
  };
  if (std::isfinite(prediction.expected_regret))
    return percent_text(prediction.expected_regret) + " of loss expected, " +
           below(prediction.regret_p90, "90 %");
  const std::string wide = "not bounded, since the forecast is too wide: ";
  if (std::isinf(prediction.regret_median)) return wide + above("50 %");
  return wide + below(prediction.regret_median, "50 %") + ", " +
         (std::isinf(prediction.regret_p90) ? above("10 %") : below(prediction.regret_p90, "90 %"));
}

std::string ratio_text(double ratio) { return fmt::format("{:.3g} x", ratio); }

Json interval_json(const LawInterval& interval) {
  return {{"low", number_json(interval.low)}, {"high", number_json(interval.high)}};
}

Json quantity_json(const LawQuantity& quantity) {
  return {{"value", number_json(quantity.value)},
          {"log2_sd", number_json(quantity.log2_sd)},
          {"p50", interval_json(quantity.p50)},
          {"p80", interval_json(quantity.p80)},
          {"p95", interval_json(quantity.p95)}};
}

}  // namespace

std::optional<std::int64_t> Forecast::sequences() const {
  if (!seq_len || !(prediction.batch_used > 0)) return std::nullopt;
  return std::llround(prediction.batch_used / static_cast<double>(*seq_len));
}

std::string toml_block(const Forecast& forecast) {
  const LawPrediction& prediction = forecast.prediction;
  std::string text =
      fmt::format("# N = {}{}, from {}; 95 % of the rate: {}\n[train.{}]\n", amount_text(prediction.params),
                  prediction.tokens > 0 ? ", D = " + amount_text(prediction.tokens) : "", forecast.name,
                  rate_range(prediction.lr.p95.low, prediction.lr.p95.high), forecast.stage);
  text += fmt::format("peak_lr = {}\n", rate_text(prediction.lr.value));
  if (const auto sequences = forecast.sequences()) {
    const double step = static_cast<double>(*sequences * *forecast.seq_len);
    text += fmt::format("batch = {}  # sequences of {} tokens: {:.0f} tokens a step\n", *sequences,
                        *forecast.seq_len, step);
    if (prediction.tokens > 0)
      text += fmt::format("steps = {}  # {} tokens\n",
                          std::max<std::int64_t>(1, std::llround(prediction.tokens / step)),
                          amount_text(prediction.tokens));
  } else if (prediction.batch_used > 0) {
    text += fmt::format("# batch = {:.0f} tokens a step; --seq-len makes sequences of it\n",
                        prediction.batch_used);
  }
  return text + fmt::format("weight_decay = {}  # PyTorch's AdamW: w -= lr * weight_decay * w\n",
                            fmt::format("{:.4g}", prediction.weight_decay));
}

std::string forecast_text(const Forecast& forecast, const Terminal& terminal) {
  const LawPrediction& prediction = forecast.prediction;
  std::string text = wrap(fmt::format("{}: {}", forecast.name, describe_runs(forecast.fit)), 2, 100) + "\n";
  for (const std::string& line : forecast.left_out) text += "  " + wrap(line, 4, 100) + "\n";
  text += fmt::format("For N = {} parameters", amount_text(prediction.params));
  if (prediction.tokens > 0)
    text += fmt::format(", D = {} tokens{} ({:.3g} a parameter)", amount_text(prediction.tokens),
                        forecast.tokens_assumed ? ", assumed" : "", prediction.tokens / prediction.params);
  if (prediction.batch_used > 0) text += ", batch " + batch_words(forecast);
  text += "\n\n" + render(quantity_table(prediction), Format::text) + "\n";
  const auto fact = [&](const std::string& name, const std::string& words) {
    text += fmt::format("{:<15}{}\n", name, words);
  };
  fact("weight decay",
       fmt::format("{} by PyTorch's AdamW (w -= lr * lambda * w), {}",
                   fmt::format("{:.4g}", prediction.weight_decay), decay_words(forecast.fit.decay)));
  fact("", fmt::format("{} of w a step at the peak{}", rate_text(prediction.decay_per_step),
                       prediction.decay_fraction > 0
                           ? fmt::format("; timescale 1 / (lr lambda) is {:.3g} of the run",
                                         prediction.decay_fraction)
                           : ""));
  if (prediction.flat_01.high > 0) {
    fact("flat",
         "loss within 0.1 % of the best: " + rate_range(prediction.flat_01.low, prediction.flat_01.high));
    fact("", "within 0.25 %: " + rate_range(prediction.flat_025.low, prediction.flat_025.high));
    fact("regret", regret_text(forecast));
  }
  fact("extrapolation", fmt::format("{} the largest size{}", ratio_text(prediction.params_ratio),
                                    prediction.tokens_ratio > 0
                                        ? ", " + ratio_text(prediction.tokens_ratio) + " the most tokens"
                                        : ""));
  std::vector<LawFinding> findings = forecast.fit.findings;
  std::erase_if(findings, [](const LawFinding& finding) {  // What was done to the runs: `law fit` tells it.
    return finding.kind == FindingKind::diverged_runs || finding.kind == FindingKind::high_losses ||
           finding.kind == FindingKind::duplicates;
  });
  findings.insert(findings.end(), prediction.findings.begin(), prediction.findings.end());
  if (!findings.empty())
    text += "\n" + paint("Findings", Style::bold, terminal) + "\n" + findings_text(findings, terminal);
  if (const Table others = other_table(prediction); !others.rows.empty())
    text += "\n" + render(others, Format::text);
  return text + "\n" + toml_block(forecast);
}

Json forecast_json(const Forecast& forecast) {
  const LawPrediction& prediction = forecast.prediction;
  Json json = {{"source", forecast.name},
               {"left_out", forecast.left_out},
               {"method", to_name(forecast.fit.chosen)},
               {"params", prediction.params},
               {"tokens", prediction.tokens},
               {"tokens_assumed", forecast.tokens_assumed},
               {"lr", quantity_json(prediction.lr)},
               {"batch", prediction.batch ? quantity_json(*prediction.batch) : Json(nullptr)},
               {"batch_used", prediction.batch_used},
               {"seq_len", forecast.seq_len ? Json(*forecast.seq_len) : Json(nullptr)},
               {"batch_sequences", forecast.sequences() ? Json(*forecast.sequences()) : Json(nullptr)},
               {"flat_0.1", interval_json(prediction.flat_01)},
               {"flat_0.25", interval_json(prediction.flat_025)},
               {"expected_regret", number_json(prediction.expected_regret)},
               {"regret_median", number_json(prediction.regret_median)},
               {"regret_p90", number_json(prediction.regret_p90)},
               {"params_ratio", number_json(prediction.params_ratio)},
               {"tokens_ratio", number_json(prediction.tokens_ratio)},
               {"weight_decay",
                {{"lambda", prediction.weight_decay},
                 {"source", to_name(forecast.fit.decay.source)},
                 {"per_step", number_json(prediction.decay_per_step)},
                 {"timescale_share", number_json(prediction.decay_fraction)},
                 {"convention", "PyTorch's AdamW: w -= lr * lambda * w"}}},
               {"findings", findings_json(prediction.findings)},
               {"fit_findings", findings_json(forecast.fit.findings)},
               {"toml", toml_block(forecast)}};
  json["others"] = Json::array();
  for (const MethodPrediction& other : prediction.others)
    json["others"].push_back({{"method", to_name(other.method)},
                              {"name", other.name},
                              {"lr", other.lr ? number_json(*other.lr) : Json(nullptr)},
                              {"batch", other.batch ? number_json(*other.batch) : Json(nullptr)}});
  return json;
}

}  // namespace ablate
