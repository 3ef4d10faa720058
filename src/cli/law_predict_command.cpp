// `ablate law predict`: the learning rate, batch and weight decay for a model that is to be trained.
#include "cli/common.hpp"
#include "cli/law_options.hpp"
#include "report/output.hpp"
#include "views/law_forecast.hpp"

namespace ablate {

namespace {

int run_law_predict(const Arguments& arguments) {
  const LawOptions options = law_options(arguments);
  LawTarget target = law_target(arguments, "--params");
  LawInput input = read_law_input(arguments);
  settle_batch(arguments, input, target);
  Forecast forecast{.name = input.name,
                    .left_out = input.left_out,
                    .stage = arguments.text("--stage"),
                    .fit = {},
                    .prediction = {}};
  forecast.seq_len = arguments.find_integer("--seq-len");
  if (!forecast.seq_len && input.seq_len > 0) forecast.seq_len = input.seq_len;
  forecast.tokens_assumed = !target.tokens;
  forecast.fit = fit_input(input, options);
  require_law(forecast.fit, input);
  forecast.prediction = predict(forecast.fit, target);
  check_batch("the batch", forecast.prediction.batch_used, forecast.seq_len.value_or(0));
  if (arguments.flag("--json"))
    write_out(forecast_json(forecast).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  else if (arguments.flag("--toml"))
    write_out(toml_block(forecast));
  else
    write_out(forecast_text(forecast, terminal_of(1)));
  return ExitCode::done;
}

}  // namespace

CommandSpec law_predict_command() {
  const OptionSpec params =
      amount_option("--params", "N", "parameters of the model, without embeddings: 30e9, 30B");
  CommandSpec command{
      .name = "law predict",
      .group = Group::results,
      .summary = "Predicts learning rate, batch and weight decay of a larger model",
      .description =
          "With intervals, the range of rates that cost next to nothing, what the other methods say, and a "
          "block to paste into an experiment. Without --tokens the ratio of the data is taken where they "
          "have "
          "one, else 20 tokens a parameter; without --batch the best one, where the search tells it.",
      .example = "ablate law predict runs.csv --params 30e9 --tokens 600e9 --seq-len 4096",
      .options = law_input_options(true),
      .run = run_law_predict};
  command.options.insert(command.options.begin() + 1, params);
  for (const OptionSpec& option : law_fit_options()) command.options.push_back(option);
  const std::vector<OptionSpec> more = {flag("--toml", "only the block to paste"),
                                        flag("--json", "everything as JSON"), db_option()};
  command.options.insert(command.options.end(), more.begin(), more.end());
  return command;
}

}  // namespace ablate
